import { useState } from 'react';
import { graphql, useFragment, useMutation } from 'react-relay/hooks';
import type { RoleEditor_catalog$key } from '../../generated/RoleEditor_catalog.graphql.ts';
import type { RoleEditor_role$key } from '../../generated/RoleEditor_role.graphql.ts';
import type { RoleEditorSaveMutation } from '../../generated/RoleEditorSaveMutation.graphql.ts';
import { Icon } from '../../ui/Icon.tsx';
import { Impact } from './Impact.tsx';
import { Matrix } from './Matrix.tsx';
import { inputsOf, permissionsOf } from './permissions.ts';

const catalogFragment = graphql`
  fragment RoleEditor_catalog on ResourceInfo @relay(plural: true) {
    resource
    permissions {
      action
      gates
      level
    }
  }
`;

const roleFragment = graphql`
  fragment RoleEditor_role on Role {
    id
    isManaged
    viewerPermissions
    permissions {
      resource
      actions
    }
  }
`;

const save = graphql`
  mutation RoleEditorSaveMutation($input: UpdateRoleInput!) {
    updateRole(input: $input) {
      role {
        ...RoleEditor_role
      }
    }
  }
`;

interface RoleEditorProps {
  readonly catalog: RoleEditor_catalog$key;
  readonly role: RoleEditor_role$key;
}

/** The permissions of a role as a matrix, and beside it what a change would do, before it is saved. */
export function RoleEditor({ catalog: catalogKey, role: roleKey }: RoleEditorProps) {
  const catalog = useFragment(catalogFragment, catalogKey);
  const role = useFragment(roleFragment, roleKey);
  const before = permissionsOf(role.permissions);
  const [after, setAfter] = useState(before);
  const [reason, setReason] = useState('');
  const [fault, setFault] = useState<string>();
  const [commit, isSaving] = useMutation<RoleEditorSaveMutation>(save);
  const added = [...after].filter((one) => !before.has(one));
  const removed = [...before].filter((one) => !after.has(one));
  const count = added.length + removed.length;
  const isFixed = role.isManaged || !role.viewerPermissions.includes('UPDATE');
  const toggle = (permission: string) => {
    const next = new Set(after);
    if (!next.delete(permission)) next.add(permission);
    setAfter(next);
    setFault(undefined);
  };
  const finish = () =>
    commit({
      variables: {
        input: { id: role.id, permissions: inputsOf(after), ...(reason.trim() && { reason: reason.trim() }) },
      },
      onCompleted: (_answer, errors) => {
        if (errors?.length) setFault(errors.map(({ message }) => message).join(' '));
        else setReason('');
      },
      onError: (error) => setFault(error.message),
    });
  return (
    <div className={count > 0 ? 'split' : ''}>
      <div className="body">
        <div className="section">
          <h2>Permissions</h2>
          <span className="quiet">
            {isFixed ? fixedReason(role.isManaged) : count === 0 ? 'no changes' : `${count} not saved`}
          </span>
        </div>
        <Matrix catalog={catalog} before={before} after={after} toggle={isFixed ? undefined : toggle} />
      </div>
      {count > 0 && (
        <aside className="panel" aria-label="What this would change">
          <div className="panel-head">
            <h2 className="grow">What this would change</h2>
            <span className="badge run">Dry run</span>
          </div>
          <div className="panel-body">
            <Impact id={role.id} permissions={inputsOf(after)} added={added.length} removed={removed.length} />
            <div className="field">
              <label htmlFor="reason">Reason</label>
              <textarea
                id="reason"
                className="input"
                rows={2}
                placeholder="For the audit log"
                value={reason}
                onChange={({ target }) => setReason(target.value)}
              />
            </div>
            {fault && (
              <p className="fault" role="alert">
                <Icon name="alert" />
                <span>{fault}</span>
              </p>
            )}
            <div className="row">
              <button type="button" className="btn primary" disabled={isSaving} onClick={finish}>
                {isSaving ? 'Saving…' : 'Save'}
              </button>
              <button type="button" className="btn" onClick={() => setAfter(before)}>
                Discard
              </button>
            </div>
          </div>
        </aside>
      )}
    </div>
  );
}

const fixedReason = (isManaged: boolean): string =>
  isManaged
    ? 'Gatehouse manages this role. Create a role of your own to change what it permits.'
    : 'To change it, you need ROLE:UPDATE in the whole tenant.';
