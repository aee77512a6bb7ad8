import { Link, useParams } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { UserQuery } from '../../generated/UserQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Page } from '../../ui/Page.tsx';
import { Time } from '../../ui/Time.tsx';
import { useTenant } from '../tenant.ts';
import { Rights } from './Rights.tsx';

const query = graphql`
  query UserQuery($id: ID!, $tenant: String!) {
    node(id: $id) {
      __typename
      ... on User {
        username
        email
        firstName
        lastName
        disabled
        superAdmin
        locked
        createdAt
        groups(first: 50) {
          nodes {
            id
            name
            tenantKey
          }
        }
      }
    }
    tenant(key: $tenant) {
      effectivePermissions(subject: $id) {
        ...Rights_permissions
      }
    }
  }
`;

/** A person: who they are, and what they may do in the tenant. */
export function User() {
  const tenant = useTenant();
  const { user: id } = useParams({ from: '/t/$tenant/users/$user' });
  return <Loaded key={id} tenant={tenant} id={id} />;
}

function Loaded({ tenant: key, id }: { tenant: string; id: string }) {
  const { node, tenant } = useAnswer<UserQuery>(query, { id, tenant: key });
  const crumbs = [{ title: key }, { title: 'Users', to: `/t/${key}/users` }];
  if (node?.__typename !== 'User')
    return (
      <Page title="User" crumbs={crumbs}>
        <Empty icon="user" title="This user does not exist">
          <p>They were deleted, or you are not allowed to see them.</p>
        </Empty>
      </Page>
    );
  const groups = node.groups?.nodes.filter(({ tenantKey }) => tenantKey === key);
  return (
    <Page
      title={node.username ?? ''}
      crumbs={crumbs}
      beside={
        <>
          {node.superAdmin && <span className="badge accent">Super admin</span>}
          {node.disabled && <span className="badge fail">Disabled</span>}
          {node.locked && <span className="badge warn">Locked</span>}
        </>
      }
      actions={
        <Link className="btn" to="/t/$tenant/access-explorer" params={{ tenant: key }} search={{ who: id }}>
          Ask why
        </Link>
      }
    >
      <div className="body two">
        <Rights permissions={tenant?.effectivePermissions} tenant={key} who={id} />
        <dl className="facts">
          <dt>Name</dt>
          <dd>{[node.firstName, node.lastName].filter(Boolean).join(' ') || <span className="quiet">none</span>}</dd>
          <dt>E-mail</dt>
          <dd>{node.email}</dd>
          <dt>Since</dt>
          <dd>
            <Time at={node.createdAt} />
          </dd>
          <dt>Groups</dt>
          <dd>{groups?.map(({ name }) => name).join(', ') || <span className="quiet">none that you can see</span>}</dd>
        </dl>
      </div>
    </Page>
  );
}
