import { Navigate } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { StartQuery } from '../generated/StartQuery.graphql.ts';
import { useAnswer } from '../relay/query.ts';
import { Empty } from '../ui/Empty.tsx';

const query = graphql`
  query StartQuery {
    viewer {
      settings
      tenants(first: 1) {
        nodes {
          key
        }
      }
    }
  }
`;

/** Goes to the viewer's own tenant, or to the first one. */
export function Start() {
  const { viewer } = useAnswer<StartQuery>(query, {});
  const { defaultTenant } = viewer.settings as { defaultTenant?: string };
  const tenant = defaultTenant ?? viewer.tenants?.nodes[0]?.key;
  if (tenant !== undefined) return <Navigate to="/t/$tenant" params={{ tenant }} replace />;
  return (
    <Empty icon="tenant" title="You have no tenant yet">
      <p>An administrator gives you access to a tenant. Then it appears here.</p>
    </Empty>
  );
}
