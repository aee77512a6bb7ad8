import { useNavigate } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import { inputsOf } from '../../access/permissions.ts';
import type { CreateRoleMutation } from '../../generated/CreateRoleMutation.graphql.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';

const create = graphql`
  mutation CreateRoleMutation($input: CreateRoleInput!) {
    createRole(input: $input) {
      role {
        id
      }
    }
  }
`;

export interface CreateRoleProps {
  readonly tenant: string;
  /** A role to begin with. */
  readonly like?: { readonly name: string; readonly permissions: ReadonlySet<string> };
  readonly close: () => void;
}

/** Creates a role, empty or like another one. Its permissions are chosen on its page. */
export function CreateRole({ tenant, like, close }: CreateRoleProps) {
  const navigate = useNavigate();
  return (
    <FormDialog<CreateRoleMutation>
      title={like ? `A role like ${like.name}` : 'Create a role'}
      mutation={create}
      submit="Create"
      inputOf={(values) => ({
        tenantKey: tenant,
        name: values.text('name') ?? '',
        permissions: inputsOf(like?.permissions ?? new Set()),
        ...(values.text('description') !== undefined && { description: values.text('description')! }),
      })}
      done={({ createRole }) => {
        close();
        toast('Role created', 'Choose what it permits.');
        const role = createRole?.role?.id;
        if (role) void navigate({ to: '/t/$tenant/roles/$role', params: { tenant, role } });
      }}
      close={close}
    >
      <TextField name="name" label="Name" value={like && `${like.name}, changed`} autoFocus />
      <TextField name="description" label="Description" isOptional />
    </FormDialog>
  );
}
