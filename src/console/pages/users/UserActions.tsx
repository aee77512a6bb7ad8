import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { graphql, useFragment } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs, useMay, useViewer } from '../../access/viewer.ts';
import type { UserActions_user$key } from '../../generated/UserActions_user.graphql.ts';
import type { UserActionsUpdateMutation } from '../../generated/UserActionsUpdateMutation.graphql.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { toast } from '../../ui/toast.ts';
import { PasswordLink } from './PasswordLink.tsx';
import { type UserAct, UserChange, userActs } from './UserChange.tsx';

const fragment = graphql`
  fragment UserActions_user on User {
    id
    username
    email
    firstName
    lastName
    disabled
    locked
    superAdmin
    viewerPermissions
    secondFactor {
      kind
    }
  }
`;

const update = graphql`
  mutation UserActionsUpdateMutation($input: UpdateUserInput!) {
    updateUser(input: $input) {
      impact {
        principalCount
      }
    }
  }
`;

/** What can be done to a user: edit, disable, end access, and what an administrator helps with. */
export function UserActions({ user: key, tenant }: { user: UserActions_user$key; tenant: string }) {
  const user = useFragment(fragment, key);
  const navigate = useNavigate();
  const [open, setOpen] = useState<UserAct | 'edit' | 'link'>();
  const close = () => setOpen(undefined);
  const mayUpdate = user.viewerPermissions.includes('UPDATE');
  const { superAdmin } = useViewer();
  const mayTokens = useMay('API_TOKEN:READ', 'instance');
  const possible: Readonly<Record<string, boolean>> = {
    disable: mayUpdate && user.disabled === false,
    enable: mayUpdate && user.disabled === true,
    unlock: mayUpdate && user.locked === true,
    'remove-factor': mayUpdate && user.secondFactor != null,
    'make-admin': superAdmin && user.superAdmin === false,
    'take-admin': superAdmin && user.superAdmin === true,
    delete: user.viewerPermissions.includes('DELETE'),
  };
  const items = [
    ...(mayUpdate ? [{ id: 'link', title: 'Create a password link…' }] : []),
    ...Object.entries(userActs)
      .filter(([id]) => possible[id])
      .map(([id, { item }]) => ({ id, title: item })),
    ...(mayTokens ? [{ id: 'tokens', title: 'API tokens' }] : []),
  ];
  return (
    <>
      <Link className="btn p2" to="/t/$tenant/access-explorer" params={{ tenant }} search={{ who: user.id }}>
        Ask why
      </Link>
      <ActionButton permission={needs.updateUser} isAllowed={mayUpdate} onPress={() => setOpen('edit')}>
        Edit
      </ActionButton>
      <ActionButton permission={needs.revokeTenantAccess} className="danger" onPress={() => setOpen('revoke')}>
        Remove from the tenant…
      </ActionButton>
      {items.length > 0 && (
        <MenuTrigger>
          <Button className="btn icon" aria-label="More actions">
            <Icon name="more" />
          </Button>
          <Popover className="pop menu" placement="bottom end">
            <Menu
              aria-label="More actions"
              items={items}
              onAction={(id) =>
                id === 'tokens'
                  ? void navigate({ to: '/t/$tenant/api-tokens', params: { tenant }, search: { owner: user.id } })
                  : setOpen(id as UserAct)
              }
            >
              {({ title }) => <MenuItem className="menu-item">{title}</MenuItem>}
            </Menu>
          </Popover>
        </MenuTrigger>
      )}
      {open === 'edit' && (
        <FormDialog<UserActionsUpdateMutation>
          title={`Edit ${user.username}`}
          mutation={update}
          submit="Save"
          inputOf={(values) => ({
            id: user.id,
            username: values.text('username') ?? '',
            email: values.text('email') ?? '',
            firstName: values.text('firstName') ?? null,
            lastName: values.text('lastName') ?? null,
          })}
          done={() => {
            close();
            toast('User saved');
          }}
          close={close}
        >
          <div className="form-pair">
            <TextField name="username" label="User name" value={user.username} autoFocus />
            <TextField name="email" label="E-mail" type="email" value={user.email} />
            <TextField name="firstName" label="First name" value={user.firstName ?? ''} isOptional />
            <TextField name="lastName" label="Last name" value={user.lastName ?? ''} isOptional />
          </div>
        </FormDialog>
      )}
      {open === 'link' && <PasswordLink user={user.id} name={user.username} close={close} />}
      {open !== undefined && open !== 'edit' && open !== 'link' && (
        <UserChange act={open} id={user.id} name={user.username} tenant={tenant} close={close} />
      )}
    </>
  );
}
