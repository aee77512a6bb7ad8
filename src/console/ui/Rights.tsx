import { Link } from '@tanstack/react-router';
import { graphql, useFragment } from 'react-relay/hooks';
import type { Rights_permissions$key } from '../generated/Rights_permissions.graphql.ts';
import { Empty } from './Empty.tsx';

const fragment = graphql`
  fragment Rights_permissions on EffectivePermission @relay(plural: true) {
    resource
    action
    answer
    reach
    origins {
      grant
      namespaceName
      role {
        name
      }
      group {
        name
      }
    }
  }
`;

export interface RightsProps {
  readonly permissions: Rights_permissions$key | null | undefined;
  readonly tenant: string;
  readonly who: string;
}

/** What a subject may do, and by which role and group. Each permission leads to its explanation. */
export function Rights({ permissions, tenant, who }: RightsProps) {
  const rights = useFragment(fragment, permissions);
  if (!rights) return <Empty icon="role" title="You do not have permission to see what this account can do" />;
  if (rights.length === 0)
    return (
      <Empty icon="role" title="No permission in this tenant">
        <p>A binding gives a role to this account, or to a group of it.</p>
      </Empty>
    );
  return (
    <section aria-label="Permissions">
      <div className="section">
        <h2>Permissions</h2>
        <span className="count">{rights.length}</span>
      </div>
      <div className="card flat">
        <table className="data steps">
          <caption className="sr">Permissions</caption>
          <thead>
            <tr>
              <th scope="col">Permission</th>
              <th scope="col">By</th>
              <th scope="col" className="p2">
                Where
              </th>
            </tr>
          </thead>
          <tbody>
            {rights.map(({ resource, action, answer, reach, origins }) => (
              <tr key={`${resource}:${action}`}>
                <td className="main-cell">
                  <Link
                    to="/t/$tenant/access-explorer"
                    params={{ tenant }}
                    search={{ who, may: `${resource}:${action}`, ...namespaceOf(origins) }}
                  >
                    <code>
                      {resource}:{action}
                    </code>
                  </Link>{' '}
                  {answer !== 'ALLOWED' && <span className="badge warn">{answer.toLowerCase()}</span>}
                </td>
                <td className="wrap">{[...new Set(origins.map(wayOf))].join(', ')}</td>
                <td className="p2 wrap quiet">{reach}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface Origin {
  readonly grant: string;
  readonly namespaceName: string | null | undefined;
  readonly role: { readonly name: string } | null | undefined;
  readonly group: { readonly name: string } | null | undefined;
}

const wayOf = ({ grant, role, group }: Origin): string =>
  `${role?.name ?? grant}${group ? ` through ${group.name}` : ''}`;

/** A namespace in which the permission is held, if it is not held in the whole tenant. */
const namespaceOf = (origins: readonly Origin[]): { namespace?: string } => {
  const names = origins.map(({ namespaceName }) => namespaceName);
  const [first] = names;
  return first && !names.includes(null) && !names.includes(undefined) ? { namespace: first } : {};
};
