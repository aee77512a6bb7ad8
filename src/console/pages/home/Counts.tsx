import { Link } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { CountsQuery } from '../../generated/CountsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Icon } from '../../ui/Icon.tsx';

const query = graphql`
  query CountsQuery($tenant: String!) {
    tenant(key: $tenant) {
      name
      description
      users {
        totalCount
      }
      groups {
        totalCount
      }
      roles {
        totalCount
      }
      bindings {
        totalCount
      }
      serviceAccounts {
        totalCount
      }
      namespaces {
        totalCount
      }
      flows {
        totalCount
      }
      triggers {
        totalCount
      }
    }
  }
`;

const parts = [
  { field: 'users', title: 'Users', icon: 'user', path: 'users' },
  { field: 'serviceAccounts', title: 'Service accounts', icon: 'bot', path: 'service-accounts' },
  { field: 'groups', title: 'Groups', icon: 'group', path: 'groups' },
  { field: 'roles', title: 'Roles', icon: 'role', path: 'roles' },
  { field: 'bindings', title: 'Bindings', icon: 'link', path: 'bindings' },
  { field: 'namespaces', title: 'Namespaces', icon: 'ns', path: 'namespaces' },
  { field: 'flows', title: 'Flows', icon: 'flow', path: 'flows' },
  { field: 'triggers', title: 'Triggers', icon: 'bolt', path: 'triggers' },
] as const;

/** How much of each kind is in the tenant. */
export function Counts({ tenant: key }: { tenant: string }) {
  const { tenant } = useAnswer<CountsQuery>(query, { tenant: key });
  if (!tenant)
    return (
      <Empty icon="tenant" title="This tenant does not exist">
        <p>It does not exist, or you have no access to it. Choose another one at the top of the menu.</p>
      </Empty>
    );
  return (
    <div className="body">
      {tenant.description && <p className="second">{tenant.description}</p>}
      <ul className="cards gap">
        {parts.map(({ field, title, icon, path }) => {
          const count = tenant[field]?.totalCount;
          const content = (
            <>
              <span className="quiet">
                <Icon name={icon} /> {title}
              </span>
              {count === undefined ? <span className="quiet">hidden from you</span> : <b>{count.toLocaleString()}</b>}
            </>
          );
          return (
            <li key={field}>
              {count === undefined ? (
                <div className="card tile">{content}</div>
              ) : (
                <Link className="card tile" to={`/t/$tenant/${path}` as '/t/$tenant/users'} params={{ tenant: key }}>
                  {content}
                </Link>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
