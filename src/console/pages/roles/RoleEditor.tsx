import { useState } from 'react';
import { graphql, useFragment } from 'react-relay/hooks';
import { inputsOf, permissionsOf } from '../../access/permissions.ts';
import type { RoleEditor_catalog$key } from '../../generated/RoleEditor_catalog.graphql.ts';
import type { RoleEditor_role$key } from '../../generated/RoleEditor_role.graphql.ts';
import type { RoleEditorSaveMutation } from '../../generated/RoleEditorSaveMutation.graphql.ts';
import { DryRun } from '../../ui/ConfirmDialog.tsx';
import { ActForm } from '../../ui/FormDialog.tsx';
import { Matrix } from '../../ui/Matrix.tsx';
import { toast } from '../../ui/toast.ts';

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
      impact {
        ...Impact_impact
      }
    }
  }
`;

interface RoleEditorProps {
  readonly catalog: RoleEditor_catalog$key;
  readonly role: RoleEditor_role$key;
}

/** The permissions of a role as a matrix, and next to it what a change would do, before it is saved. */
export function RoleEditor({ catalog: catalogKey, role: roleKey }: RoleEditorProps) {
  const catalog = useFragment(catalogFragment, catalogKey);
  const role = useFragment(roleFragment, roleKey);
  const before = permissionsOf(role.permissions);
  const [edited, setEdited] = useState<ReadonlySet<string>>();
  const after = edited ?? before;
  const added = [...after].filter((one) => !before.has(one));
  const removed = [...before].filter((one) => !after.has(one));
  const count = added.length + removed.length;
  const isFixed = role.isManaged || !role.viewerPermissions.includes('UPDATE');
  const input = { id: role.id, permissions: inputsOf(after) };
  const toggle = (permission: string) => {
    const next = new Set(after);
    if (!next.delete(permission)) next.add(permission);
    setEdited(next);
  };
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
            <p className="row">
              {added.length > 0 && <b className="ok">+{added.length}</b>}
              {removed.length > 0 && <b className="fail">−{removed.length}</b>}
              {count === 1 ? 'permission' : 'permissions'} of the role
            </p>
            <DryRun<RoleEditorSaveMutation>
              mutation={save}
              input={input}
              impactOf={(answer) => answer.updateRole?.impact}
            />
            <ActForm<RoleEditorSaveMutation>
              mutation={save}
              inputOf={() => input}
              submit="Save"
              done={() => {
                setEdited(undefined);
                toast('Role saved');
              }}
              cancel={() => setEdited(undefined)}
              cancelTitle="Discard"
            />
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
