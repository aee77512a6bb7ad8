import { Link, useParams, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import { useMay } from '../../access/viewer.ts';
import type { UserQuery } from '../../generated/UserQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { BindingTable } from '../../ui/bindings/BindingTable.tsx';
import { pageOf } from '../../ui/DataTable.tsx';
import { Activity } from '../../ui/events/Activity.tsx';
import { Hidden } from '../../ui/Hidden.tsx';
import { Page } from '../../ui/Page.tsx';
import { Rights } from '../../ui/Rights.tsx';
import { RightsTree } from '../../ui/RightsTree.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { Time } from '../../ui/Time.tsx';
import { useTenant } from '../tenant.ts';
import { UserActions } from './UserActions.tsx';

const query = graphql`
  query UserQuery(
    $id: ID!
    $tenant: String!
    $hasRights: Boolean!
    $hasBindings: Boolean!
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
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
        homeTenant {
          key
        }
        hiddenFields {
          reason
        }
        ...UserActions_user @alias(as: "acted")
        groups(first: 50) @include(if: $hasRights) {
          nodes {
            id
            name
            tenantKey
          }
        }
        bindings(first: $first, after: $after, last: $last, before: $before) @include(if: $hasBindings) {
          ...BindingTable_bindings
        }
      }
    }
    tenant(key: $tenant) @include(if: $hasRights) {
      effectivePermissions(subject: $id) {
        ...Rights_permissions
      }
    }
  }
`;

/** A person: who they are, what they may do in the tenant and why, and what happened to them. */
export function User() {
  const tenant = useTenant();
  const { user: id } = useParams({ from: '/t/$tenant/users/$user' });
  return <Loaded key={id} tenant={tenant} id={id} />;
}

function Loaded({ tenant: key, id }: { tenant: string; id: string }) {
  const search = useSearch({ from: '/t/$tenant/users/$user' });
  const { tab } = search;
  const atInstance = useMay('AUDITLOG:READ', 'instance');
  const { node, tenant } = useAnswer<UserQuery>(query, {
    id,
    tenant: key,
    hasRights: tab === undefined,
    hasBindings: tab === 'roles',
    ...pageOf(search),
  });
  const crumbs = [{ title: key }, { title: 'Users', to: `/t/${key}/users` }];
  if (node?.__typename !== 'User')
    return (
      <Absent kind="User" icon="user" crumbs={crumbs}>
        They were deleted, or you are not allowed to see them.
      </Absent>
    );
  const groups = node.groups?.nodes.filter(({ tenantKey }) => tenantKey === key) ?? [];
  const name = node.username ?? '';
  return (
    <Page
      title={name}
      crumbs={crumbs}
      beside={
        <>
          {node.superAdmin && <span className="badge accent">Super admin</span>}
          {node.disabled && <span className="badge fail">Disabled</span>}
          {node.locked && <span className="badge warn">Locked</span>}
        </>
      }
      actions={node.acted && <UserActions user={node.acted} tenant={key} />}
      tabs={
        <>
          <TabLink title="Permissions" tab={undefined} open={tab} />
          <TabLink title="By namespace" tab="namespaces" open={tab} />
          <TabLink title="Roles" tab="roles" open={tab} />
          <TabLink title="Activity" tab="activity" open={tab} />
        </>
      }
    >
      {tab === undefined && (
        <div className="body two">
          <Rights permissions={tenant?.effectivePermissions} tenant={key} who={id} />
          <dl className="facts">
            <dt>Name</dt>
            <dd>{[node.firstName, node.lastName].filter(Boolean).join(' ') || <span className="quiet">none</span>}</dd>
            <dt>E-mail</dt>
            <dd>{node.email}</dd>
            <dt>State</dt>
            <dd>
              {node.hiddenFields ? (
                <Hidden reason={node.hiddenFields.reason} />
              ) : (
                [node.disabled ? 'disabled' : 'active', ...(node.locked ? ['locked'] : [])].join(', ')
              )}
            </dd>
            <dt>Belongs to</dt>
            <dd>{node.homeTenant ? `the tenant ${node.homeTenant.key}` : 'the instance, or hidden from you'}</dd>
            <dt>Since</dt>
            <dd>
              <Time at={node.createdAt} />
            </dd>
            <dt>Groups</dt>
            <dd className="row">
              {groups.map((group) => (
                <Link key={group.id} to="/t/$tenant/groups/$group" params={{ tenant: key, group: group.id }}>
                  {group.name}
                </Link>
              ))}
              {groups.length === 0 && <span className="quiet">none that you can see</span>}
            </dd>
          </dl>
        </div>
      )}
      {tab === 'namespaces' && <RightsTree tenant={key} who={id} name={name} />}
      {tab === 'roles' && (
        <BindingTable
          tenant={key}
          bindings={node.bindings}
          subject={{ id, title: name }}
          purpose="Give this person a role, in the tenant or below a namespace."
        />
      )}
      {tab === 'activity' && <Activity tenant={key} object={id} canAct atInstance={atInstance} />}
    </Page>
  );
}
