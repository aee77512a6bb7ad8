import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { BulkDialog } from '../../ui/BulkDialog.tsx';
import { AccountField } from '../../ui/choices.ts';

const add = graphql`
  mutation AddMembersMutation($input: AddGroupMemberInput!) {
    addGroupMember(input: $input) {
      impact {
        principalCount
      }
    }
  }
`;

/** Adds several accounts, and says of each how it went. */
export function AddMembers({ tenant, group, close }: { tenant: string; group: string; close: () => void }) {
  const [picked, setPicked] = useState<readonly { readonly id: string; readonly name: string }[]>([]);
  return (
    <BulkDialog
      title="Add members"
      items={picked}
      mutation={add}
      inputOf={(subject) => ({ group, subject })}
      submit={picked.length === 1 ? 'Add 1 member' : `Add ${picked.length} members`}
      remove={(id) => setPicked(picked.filter((one) => one.id !== id))}
      close={close}
    >
      <AccountField
        key={picked.length}
        tenant={tenant}
        name="subject"
        label="User or service account"
        placeholder="Search by name"
        hint="They need access to the tenant first."
        value={undefined}
        without={picked.map(({ id }) => id)}
        choose={(id, name) => id !== undefined && setPicked([...picked, { id, name }])}
      />
    </BulkDialog>
  );
}
