import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { useMay } from '../../access/viewer.ts';
import type { AddUserCreateMutation } from '../../generated/AddUserCreateMutation.graphql.ts';
import type { AddUserGrantMutation } from '../../generated/AddUserGrantMutation.graphql.ts';
import { useAct } from '../../relay/act.ts';
import { Dialog } from '../../ui/Dialog.tsx';
import { Faults } from '../../ui/Faults.tsx';
import { ActForm } from '../../ui/FormDialog.tsx';
import { CheckField, TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';

const grant = graphql`
  mutation AddUserGrantMutation($input: GrantTenantAccessInput!) {
    grantTenantAccess(input: $input) {
      user {
        id
      }
    }
  }
`;

const create = graphql`
  mutation AddUserCreateMutation($input: CreateUserInput!) {
    createUser(input: $input) {
      user {
        id
      }
    }
  }
`;

/** Gives a known user access to the tenant, or creates one first. */
export function AddUser({ tenant, close }: { tenant: string; close: () => void }) {
  const mayCreate = useMay('USER:CREATE', 'instance');
  const [isNew, setIsNew] = useState(false);
  const navigate = useNavigate();
  const added = (user: string | undefined) => {
    close();
    toast('User added', 'They have access to the tenant. Give them a role next.');
    if (user !== undefined) void navigate({ to: '/t/$tenant/users/$user', params: { tenant, user } });
  };
  return (
    <Dialog title="Add a user" close={close}>
      {mayCreate && (
        <fieldset className="segments" aria-label="Which user">
          <button type="button" className="btn" aria-pressed={!isNew} onClick={() => setIsNew(false)}>
            An existing account
          </button>
          <button type="button" className="btn" aria-pressed={isNew} onClick={() => setIsNew(true)}>
            A new account
          </button>
        </fieldset>
      )}
      {isNew ? (
        <NewUser tenant={tenant} added={added} cancel={close} />
      ) : (
        <ActForm<AddUserGrantMutation>
          mutation={grant}
          submit="Give access"
          inputOf={(values) => ({
            tenantKey: tenant,
            username: values.text('username') ?? '',
            withDefaultRole: values.isOn('withDefaultRole'),
          })}
          done={({ grantTenantAccess }) => added(grantTenantAccess?.user?.id)}
          cancel={close}
        >
          <TextField
            name="username"
            label="User name"
            hint="Exactly as it is. A person without an account can be invited instead."
            autoFocus
          />
          <CheckField name="withDefaultRole" label="Also the default role of the tenant" isChecked />
        </ActForm>
      )}
    </Dialog>
  );
}

interface NewUserProps {
  readonly tenant: string;
  readonly added: (user: string | undefined) => void;
  readonly cancel: () => void;
}

/** Creates the account, and then gives it access. The second step says so if it is refused. */
function NewUser({ tenant, added, cancel }: NewUserProps) {
  const { run, faults } = useAct<AddUserGrantMutation>(grant);
  return (
    <>
      <ActForm<AddUserCreateMutation>
        mutation={create}
        submit="Create, and give access"
        inputOf={(values) => ({
          username: values.text('username') ?? '',
          email: values.text('email') ?? '',
          ...(values.text('firstName') !== undefined && { firstName: values.text('firstName')! }),
          ...(values.text('lastName') !== undefined && { lastName: values.text('lastName')! }),
          ...(values.secret('password') !== '' && { password: values.secret('password') }),
        })}
        done={async ({ createUser }, values) => {
          const given = await run({
            tenantKey: tenant,
            username: values.text('username') ?? '',
            withDefaultRole: true,
          });
          if (given) added(createUser?.user?.id);
        }}
        cancel={cancel}
      >
        <div className="form-pair">
          <TextField name="username" label="User name" autoFocus />
          <TextField name="email" label="E-mail" type="email" />
          <TextField name="firstName" label="First name" isOptional />
          <TextField name="lastName" label="Last name" isOptional />
        </div>
        <TextField
          name="password"
          label="Password"
          type="password"
          isOptional
          autoComplete="new-password"
          hint="Without one, create a link on the page of the user, with which they set their own."
        />
      </ActForm>
      <Faults faults={faults} />
    </>
  );
}
