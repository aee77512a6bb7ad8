import { useParams } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { RoleQuery } from '../../generated/RoleQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Page } from '../../ui/Page.tsx';
import { useTenant } from '../tenant.ts';
import { RoleEditor } from './RoleEditor.tsx';

const query = graphql`
  query RoleQuery($id: ID!) {
    permissionCatalog {
      ...RoleEditor_catalog
    }
    node(id: $id) {
      __typename
      ... on Role {
        name
        isManaged
        isDefault
        ...RoleEditor_role @alias(as: "edited")
      }
    }
  }
`;

/** A role: what it permits, and what a change of it would do to people. */
export function Role() {
  const tenant = useTenant();
  const { role: id } = useParams({ from: '/t/$tenant/roles/$role' });
  return <Loaded key={id} tenant={tenant} id={id} />;
}

function Loaded({ tenant, id }: { tenant: string; id: string }) {
  const { node, permissionCatalog } = useAnswer<RoleQuery>(query, { id });
  const crumbs = [{ title: tenant }, { title: 'Roles', to: `/t/${tenant}/roles` }];
  if (node?.__typename !== 'Role')
    return (
      <Page title="Role" crumbs={crumbs}>
        <Empty icon="role" title="This role does not exist">
          <p>It was deleted, or you are not allowed to see it.</p>
        </Empty>
      </Page>
    );
  return (
    <Page
      title={node.name}
      crumbs={crumbs}
      beside={
        <>
          <span className="badge">{node.isManaged ? 'managed' : 'custom'}</span>
          {node.isDefault && <span className="badge accent">default</span>}
        </>
      }
    >
      {node.edited && <RoleEditor catalog={permissionCatalog} role={node.edited} />}
    </Page>
  );
}
