import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { CreateAccountMutation } from '../../generated/CreateAccountMutation.graphql.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { GroupsPicker, type Picked } from '../../ui/GroupsPicker.tsx';
import { toast } from '../../ui/toast.ts';

const create = graphql`
  mutation CreateAccountMutation($input: CreateServiceAccountInput!) {
    createServiceAccount(input: $input) {
      serviceAccount {
        id
      }
    }
  }
`;

/** Creates a service account, in groups or alone. */
export function CreateAccount({ tenant, close }: { tenant: string; close: () => void }) {
  const navigate = useNavigate();
  const [groups, setGroups] = useState<readonly Picked[]>([]);
  return (
    <FormDialog<CreateAccountMutation>
      title="Create a service account"
      mutation={create}
      submit="Create"
      inputOf={(values) => ({
        tenantKey: tenant,
        name: values.text('name') ?? '',
        ...(values.text('description') !== undefined && { description: values.text('description')! }),
        ...(groups.length > 0 && { groups: groups.map(({ id }) => id) }),
      })}
      done={({ createServiceAccount }) => {
        close();
        toast('Service account created', groups.length > 0 ? 'Give it a token.' : 'Give it a role and a token.');
        const account = createServiceAccount?.serviceAccount?.id;
        if (account) void navigate({ to: '/t/$tenant/service-accounts/$account', params: { tenant, account } });
      }}
      close={close}
    >
      <TextField name="name" label="Name" hint="Small letters, figures and dashes." autoFocus />
      <TextField name="description" label="Description" isOptional />
      <GroupsPicker tenant={tenant} picked={groups} pick={setGroups} />
    </FormDialog>
  );
}
