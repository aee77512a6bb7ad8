import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { inputsOf, permissionsOf } from '../../access/permissions.ts';
import { needs } from '../../access/viewer.ts';
import type { LeastPrivilegeMutation } from '../../generated/LeastPrivilegeMutation.graphql.ts';
import type { LeastPrivilegeQuery } from '../../generated/LeastPrivilegeQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';

const query = graphql`
  query LeastPrivilegeQuery($id: ID!) {
    node(id: $id) {
      ... on Role {
        leastPrivilege(days: 90) {
          since
          replayed
          changed
          unused {
            resource
            actions
          }
          narrower {
            resource
            actions
          }
        }
      }
    }
  }
`;

const update = graphql`
  mutation LeastPrivilegeMutation($input: UpdateRoleInput!) {
    updateRole(input: $input) {
      impact {
        ...Impact_impact
      }
    }
  }
`;

export interface LeastPrivilegeProps {
  readonly id: string;
  readonly name: string;
  /** Why the role cannot be narrowed. */
  readonly why: string | undefined;
  readonly permissions: readonly string[];
}

/** Which permissions of the role are used, and a narrower role with the proof that it would have sufficed. */
export function LeastPrivilege({ id, name, why, permissions }: LeastPrivilegeProps) {
  const { node } = useAnswer<LeastPrivilegeQuery>(query, { id });
  const [isOpen, setIsOpen] = useState(false);
  const found = node?.leastPrivilege;
  if (!found)
    return (
      <Empty icon="role" title="You do not have permission to see what is used">
        <p>
          It needs <code>AUDITLOG:READ</code> in the whole tenant.
        </p>
      </Empty>
    );
  const unused = [...permissionsOf(found.unused)];
  const used = [...permissionsOf(found.narrower)];
  // Without a recorded decision there is no proof, and nothing that speaks against it.
  const isSafe = found.changed === 0 && found.replayed > 0;
  return (
    <div className="body stack">
      {unused.length === 0 ? (
        <div className="note ok">
          <Icon name="check" />
          <div>
            <b>Every permission is used.</b> All {used.length} were needed since <Time at={found.since} />.
          </div>
        </div>
      ) : (
        <div className={`note ${isSafe ? 'ok' : 'warn'}`}>
          <Icon name={isSafe ? 'chain' : 'alert'} />
          <div>
            <b>
              {unused.length} of {unused.length + used.length} permissions were not used since <Time at={found.since} />
              .
            </b>{' '}
            {found.replayed === 0
              ? 'No decision of its holders was recorded, so there is no proof that they do not need them.'
              : `${found.replayed.toLocaleString()} recorded decisions of its holders were made again without them: ${
                  isSafe
                    ? 'all end the same, so the narrower role would have sufficed.'
                    : `${found.changed.toLocaleString()} would end differently.`
                }`}
          </div>
        </div>
      )}
      <section aria-label="Not used">
        <div className="section">
          <h2>Not used</h2>
          <span className="count">{unused.length}</span>
        </div>
        <Names names={unused} className="loss" none="None." />
      </section>
      <section aria-label="Used">
        <div className="section">
          <h2>Used</h2>
          <span className="count">{used.length}</span>
        </div>
        <Names names={used} className="" none="None of them yet." />
      </section>
      {unused.length > 0 && (
        <div className="row">
          <ActionButton
            permission={needs.updateRole}
            isAllowed={permissions.includes('UPDATE')}
            why={why}
            className="primary"
            onPress={() => setIsOpen(true)}
          >
            Narrow the role to what is used…
          </ActionButton>
        </div>
      )}
      {isOpen && (
        <ConfirmDialog<LeastPrivilegeMutation>
          title={`Narrow ${name}`}
          mutation={update}
          input={{ id, permissions: inputsOf(new Set(used)) }}
          impactOf={(answer) => answer.updateRole?.impact}
          submit="Narrow the role"
          done={() => {
            setIsOpen(false);
            toast('Role narrowed', `${unused.length} permissions removed.`);
          }}
          close={() => setIsOpen(false)}
        />
      )}
    </div>
  );
}

function Names({ names, className, none }: { names: readonly string[]; className: string; none: string }) {
  if (names.length === 0) return <p className="quiet">{none}</p>;
  return (
    <p className="perms flat">
      {names.map((name) => (
        <span className={`perm ${className}`} key={name}>
          {name}
        </span>
      ))}
    </p>
  );
}
