import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { EditAndDelete } from '../../access/EditAndDelete.tsx';
import { needs, useMay } from '../../access/viewer.ts';
import type { deleteAccountMutation } from '../../generated/deleteAccountMutation.graphql.ts';
import type { ServiceAccountQuery } from '../../generated/ServiceAccountQuery.graphql.ts';
import type { ServiceAccountUpdateMutation } from '../../generated/ServiceAccountUpdateMutation.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { BindingTable } from '../../ui/bindings/BindingTable.tsx';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { pageOf } from '../../ui/DataTable.tsx';
import { Activity } from '../../ui/events/Activity.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Page } from '../../ui/Page.tsx';
import { Rights } from '../../ui/Rights.tsx';
import { RightsTree } from '../../ui/RightsTree.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';
import { deleteAccount } from './delete-account.ts';

const query = graphql`
  query ServiceAccountQuery(
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
      ... on ServiceAccount {
        name
        description
        createdAt
        superAdmin
        viewerPermissions
        groups(first: 50) @include(if: $hasRights) {
          nodes {
            id
            name
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

const update = graphql`
  mutation ServiceAccountUpdateMutation($input: UpdateServiceAccountInput!) {
    updateServiceAccount(input: $input) {
      impact {
        principalCount
      }
    }
  }
`;

/** A service account: what it may do, its roles and tokens, and what happened to it. */
export function ServiceAccount() {
  const tenant = useTenant();
  const { account: id } = useParams({ from: '/t/$tenant/service-accounts/$account' });
  return <Loaded key={id} tenant={tenant} id={id} />;
}

function Loaded({ tenant: key, id }: { tenant: string; id: string }) {
  const search = useSearch({ from: '/t/$tenant/service-accounts/$account' });
  const { tab } = search;
  const navigate = useNavigate();
  const hasTokens = useMay('API_TOKEN:READ', 'tenant');
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const close = () => setOpen(undefined);
  const { node, tenant } = useAnswer<ServiceAccountQuery>(query, {
    id,
    tenant: key,
    hasRights: tab === undefined,
    hasBindings: tab === 'roles',
    ...pageOf(search),
  });
  const crumbs = [{ title: key }, { title: 'Service accounts', to: `/t/${key}/service-accounts` }];
  if (node?.__typename !== 'ServiceAccount') return <Absent kind="Service account" icon="bot" crumbs={crumbs} />;
  const { name, description, viewerPermissions } = node;
  return (
    <Page
      title={name}
      crumbs={crumbs}
      beside={
        <>
          {node.superAdmin && <span className="badge accent">Super admin</span>}
          {description && <span className="quiet">{description}</span>}
        </>
      }
      actions={
        <>
          {hasTokens && (
            <Link className="btn" to="/t/$tenant/api-tokens" params={{ tenant: key }} search={{ owner: id }}>
              API tokens
            </Link>
          )}
          <EditAndDelete
            needs={{ edit: needs.updateServiceAccount, delete: needs.deleteServiceAccount }}
            viewerPermissions={viewerPermissions}
            onPress={setOpen}
          />
        </>
      }
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
            <dt>Since</dt>
            <dd>
              <Time at={node.createdAt} />
            </dd>
            <dt>Groups</dt>
            <dd>
              {node.groups?.nodes.map((group) => (
                <Link key={group.id} to="/t/$tenant/groups/$group" params={{ tenant: key, group: group.id }}>
                  {group.name}{' '}
                </Link>
              ))}
              {!node.groups?.nodes.length && <span className="quiet">none that you can see</span>}
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
          purpose="Give the account a role, in the tenant or below a namespace."
        />
      )}
      {tab === 'activity' && <Activity tenant={key} object={id} canAct />}
      {open === 'edit' && (
        <FormDialog<ServiceAccountUpdateMutation>
          title={`Edit ${name}`}
          mutation={update}
          submit="Save"
          inputOf={(values) => ({
            id,
            name: values.text('name') ?? '',
            description: values.text('description') ?? '',
          })}
          done={() => {
            close();
            toast('Service account saved');
          }}
          close={close}
        >
          <TextField name="name" label="Name" value={name} autoFocus />
          <TextField name="description" label="Description" value={description ?? ''} isOptional />
        </FormDialog>
      )}
      {open === 'delete' && (
        <ConfirmDialog<deleteAccountMutation>
          title={`Delete the service account ${name}`}
          mutation={deleteAccount}
          input={{ id }}
          impactOf={(answer) => answer.deleteServiceAccount?.impact}
          submit="Delete"
          isDanger
          done={() => {
            toast(`Service account ${name} deleted`);
            void navigate({ to: '/t/$tenant/service-accounts', params: { tenant: key } });
          }}
          close={close}
        >
          <p>Its tokens stop working at once.</p>
        </ConfirmDialog>
      )}
    </Page>
  );
}
