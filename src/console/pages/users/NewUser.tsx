import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { grantMutation } from '../../generated/grantMutation.graphql.ts';
import type { NewUserMutation } from '../../generated/NewUserMutation.graphql.ts';
import { useAct } from '../../relay/act.ts';
import { Faults } from '../../ui/Faults.tsx';
import { ActForm } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { GroupsPicker, type Picked } from '../../ui/GroupsPicker.tsx';
import { grant } from './grant.ts';

const create = graphql`
  mutation NewUserMutation($input: CreateUserInput!) {
    createUser(input: $input) {
      user {
        id
      }
    }
  }
`;

interface NewUserProps {
  readonly tenant: string;
  /** True for a user whom the administrators of the tenant administer. */
  readonly isOfTenant: boolean;
  readonly added: (user: string | undefined, hasGroups?: boolean) => void;
  readonly cancel: () => void;
}

/** Creates the account. One of the instance is given access in a second step, which says so if it is refused. */
export function NewUser({ tenant, isOfTenant, added, cancel }: NewUserProps) {
  const { run, faults } = useAct<grantMutation>(grant);
  const [groups, setGroups] = useState<readonly Picked[]>([]);
  return (
    <>
      <ActForm<NewUserMutation>
        mutation={create}
        submit={isOfTenant ? 'Create' : 'Create, and give access'}
        inputOf={(values) => ({
          username: values.text('username') ?? '',
          email: values.text('email') ?? '',
          ...(values.text('firstName') !== undefined && { firstName: values.text('firstName')! }),
          ...(values.text('lastName') !== undefined && { lastName: values.text('lastName')! }),
          ...(isOfTenant && { homeTenantKey: tenant, groups: groups.map(({ id }) => id) }),
          ...(values.secret('password') !== '' && { password: values.secret('password') }),
        })}
        done={async ({ createUser }, values) => {
          if (isOfTenant) return added(createUser?.user?.id, groups.length > 0);
          const given = await run({
            tenantKey: tenant,
            username: values.text('username') ?? '',
            withDefaultRole: true,
          });
          if (given) added(createUser?.user?.id);
        }}
        cancel={cancel}
      >
        <p className="quiet">
          {isOfTenant
            ? `The administrators of ${tenant} can edit, disable and delete it.`
            : 'Only administrators of the instance can edit, disable and delete it.'}
        </p>
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
        {isOfTenant && <GroupsPicker tenant={tenant} picked={groups} pick={setGroups} />}
      </ActForm>
      <Faults faults={faults} />
    </>
  );
}
