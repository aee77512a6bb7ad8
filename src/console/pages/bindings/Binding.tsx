import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { BindingQuery } from '../../generated/BindingQuery.graphql.ts';
import type { BindingRemoveMutation } from '../../generated/BindingRemoveMutation.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { placeOf } from '../../ui/bindings/BindingTable.tsx';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { Activity } from '../../ui/events/Activity.tsx';
import { Page } from '../../ui/Page.tsx';
import { Subject } from '../../ui/Subject.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';

const query = graphql`
  query BindingQuery($id: ID!) {
    node(id: $id) {
      __typename
      ... on Binding {
        namespaceName
        createdAt
        viewerPermissions
        role {
          id
          name
          description
          permissions {
            resource
            actions
          }
        }
        subject {
          __typename
          ... on User {
            id
          }
          ... on Group {
            id
          }
          ... on ServiceAccount {
            id
          }
          ...Subject_subject
        }
      }
    }
  }
`;

const remove = graphql`
  mutation BindingRemoveMutation($input: DeleteBindingsInput!) {
    deleteBindings(input: $input) {
      results {
        deletedId
      }
      impact {
        ...Impact_impact
      }
    }
  }
`;

/** A binding: who has which role where, and what happened to it. */
export function Binding() {
  const tenant = useTenant();
  const { binding: id } = useParams({ from: '/t/$tenant/bindings/$binding' });
  return <Loaded key={id} tenant={tenant} id={id} />;
}

const paths = { User: 'users', Group: 'groups', ServiceAccount: 'service-accounts' } as const;

function Loaded({ tenant, id }: { tenant: string; id: string }) {
  const { tab } = useSearch({ from: '/t/$tenant/bindings/$binding' });
  const navigate = useNavigate();
  const [isOpen, setIsOpen] = useState(false);
  const { node } = useAnswer<BindingQuery>(query, { id });
  const crumbs = [{ title: tenant }, { title: 'Bindings', to: `/t/${tenant}/bindings` }];
  if (node?.__typename !== 'Binding')
    return (
      <Absent kind="Binding" icon="link" crumbs={crumbs}>
        It was removed, or you are not allowed to see it.
      </Absent>
    );
  const { role, subject, viewerPermissions, createdAt } = node;
  const permissions = (role?.permissions ?? []).flatMap(({ resource, actions }) =>
    actions.map((action) => `${resource}:${action}`),
  );
  const type = subject?.__typename;
  const path = type === 'User' || type === 'Group' || type === 'ServiceAccount' ? paths[type] : undefined;
  return (
    <Page
      title={role?.name ?? 'Binding'}
      crumbs={crumbs}
      beside={<span className="quiet">in {placeOf(node)}</span>}
      actions={
        <ActionButton
          permission={needs.deleteBindings}
          isAllowed={viewerPermissions.includes('DELETE')}
          className="danger"
          onPress={() => setIsOpen(true)}
        >
          Remove…
        </ActionButton>
      }
      tabs={
        <>
          <TabLink title="Overview" tab={undefined} open={tab} />
          <TabLink title="Activity" tab="activity" open={tab} />
        </>
      }
    >
      {tab === 'activity' ? (
        <Activity tenant={tenant} object={id} />
      ) : (
        <div className="body two">
          <dl className="facts">
            <dt>Who</dt>
            <dd>
              {path && subject && 'id' in subject ? (
                <Link to={`/t/$tenant/${path}/${subject.id}` as '/t/$tenant'} params={{ tenant }}>
                  <Subject subject={subject} />
                </Link>
              ) : (
                <Subject subject={subject} />
              )}
            </dd>
            <dt>Role</dt>
            <dd>
              {role ? (
                <Link to="/t/$tenant/roles/$role" params={{ tenant, role: role.id }}>
                  {role.name}
                </Link>
              ) : (
                <span className="quiet">hidden from you</span>
              )}
              {role?.description && <span className="sub quiet">{role.description}</span>}
            </dd>
            <dt>Where</dt>
            <dd>{placeOf(node)}</dd>
            <dt>Since</dt>
            <dd>
              <Time at={createdAt} />
            </dd>
          </dl>
          <section aria-label="What it gives">
            <div className="section">
              <h2>What it gives</h2>
              <span className="count">{permissions.length}</span>
            </div>
            <p className="perms flat">
              {permissions.map((permission) => (
                <span className="perm" key={permission}>
                  {permission}
                </span>
              ))}
            </p>
          </section>
        </div>
      )}
      {isOpen && (
        <ConfirmDialog<BindingRemoveMutation>
          title={`Remove ${role?.name ?? 'this binding'}`}
          mutation={remove}
          input={{ tenantKey: tenant, ids: [id] }}
          impactOf={(answer) => answer.deleteBindings?.impact}
          submit="Remove"
          isDanger
          done={() => {
            toast('Binding removed');
            void navigate({ to: '/t/$tenant/bindings', params: { tenant } });
          }}
          close={() => setIsOpen(false)}
        />
      )}
    </Page>
  );
}
