import { Navigate } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { StartQuery } from '../generated/StartQuery.graphql.ts';
import { lazyPart } from '../relay/lazy.tsx';
import { useAnswer } from '../relay/query.ts';
import { Empty } from '../ui/Empty.tsx';

const query = graphql`
  query StartQuery {
    viewer {
      settings
      superAdmin
      tenants(first: 2) {
        nodes {
          key
          flows(first: 1) {
            nodes {
              id
            }
          }
        }
      }
    }
  }
`;

const FirstTenant = lazyPart(async () => (await import('./welcome/FirstTenant.tsx')).FirstTenant);

/** Goes to the viewer's own tenant, or to the first one. The tour leads a super admin while the store has no flow. */
export function Start() {
  const { viewer } = useAnswer<StartQuery>(query, {});
  const { defaultTenant } = viewer.settings as { defaultTenant?: string };
  const [first, second] = viewer.tenants?.nodes ?? [];
  const tenant = defaultTenant ?? first?.key;
  const isNewStore = viewer.superAdmin && second === undefined && first?.flows?.nodes.length === 0;
  if (isNewStore && tenant === first?.key) return <Navigate to="/t/$tenant/welcome" params={{ tenant }} replace />;
  if (tenant !== undefined) return <Navigate to="/t/$tenant" params={{ tenant }} replace />;
  if (viewer.superAdmin) return <FirstTenant />;
  return (
    <Empty icon="tenant" title="You have no tenant yet">
      <p>An administrator gives you access to a tenant. Then it appears here.</p>
    </Empty>
  );
}
