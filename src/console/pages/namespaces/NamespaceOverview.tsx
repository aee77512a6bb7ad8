import { Link } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { NamespaceOverviewQuery } from '../../generated/NamespaceOverviewQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { StateBars } from '../../ui/charts/StateBars.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { Ago, Time } from '../../ui/Time.tsx';
import { useOpenedAt } from '../../ui/useOpenedAt.ts';
import { startOf } from '../../ui/windows.ts';
import { zoneName } from '../../ui/zone.ts';
import type { NamespacePart } from './Namespace.tsx';

const query = graphql`
  query NamespaceOverviewQuery($tenant: String!, $name: String!, $from: DateTime, $zone: String) {
    tenant(key: $tenant) {
      executionSeries(where: { under: $name }, from: $from, by: DAY, zone: $zone) {
        by
        count
        states {
          state
          count
        }
        periods {
          at
          count
          states {
            state
            count
          }
        }
      }
      executions(first: 6, where: { under: $name, from: $from }) {
        nodes {
          id
          executionId
          flowId
          namespaceName
          state
          startedAt
        }
      }
      namespace(name: $name) {
        createdAt
        inheritedWorkerGroup {
          key
          fallback
          namespaceName
        }
        children(first: 50, orderBy: { field: NAME }) {
          nodes {
            id
            name
            description
          }
          pageInfo {
            hasNextPage
          }
        }
      }
    }
  }
`;

/** What runs in the namespace and below, and what is below it. */
export function NamespaceOverview({ tenant: key, namespace: { name, description } }: NamespacePart) {
  const { tenant } = useAnswer<NamespaceOverviewQuery>(query, {
    tenant: key,
    name,
    from: startOf('month', useOpenedAt()) ?? null,
    zone: zoneName(),
  });
  const series = tenant?.executionSeries;
  const group = tenant?.namespace?.inheritedWorkerGroup;
  const children = tenant?.namespace?.children;
  return (
    <div className="body stack">
      {series && series.count > 0 && (
        <div className="card bars-card">
          <StateBars
            title="Executions here and below, 30 days"
            periods={series.periods}
            by={series.by as 'DAY'}
            counts={series.states}
          />
        </div>
      )}
      <div className="two">
        <div className="stack">
          <section aria-label="Namespaces below">
            <div className="section">
              <h2>Below</h2>
              <span className="count">
                {children?.nodes.length}
                {children?.pageInfo.hasNextPage && '+'}
              </span>
            </div>
            {children?.nodes.length === 0 && <p className="quiet">No namespace is below this one.</p>}
            {children && children.nodes.length > 0 && (
              <ul className="card list">
                {children.nodes.map((child) => (
                  <li key={child.id}>
                    <Icon name="ns" />
                    <Link
                      className="cut"
                      to="/t/$tenant/namespaces/$namespace"
                      params={{ tenant: key, namespace: child.name }}
                    >
                      {child.name.slice(name.length + 1)}
                    </Link>
                    <span className="quiet cut grow p2">{child.description}</span>
                  </li>
                ))}
              </ul>
            )}
          </section>
          <section aria-label="Latest executions">
            <div className="section">
              <h2>Latest executions</h2>
            </div>
            {!tenant?.executions && <p className="quiet">You do not have permission to see executions.</p>}
            {tenant?.executions?.nodes.length === 0 && <p className="quiet">None in the last 30 days.</p>}
            {tenant?.executions && tenant.executions.nodes.length > 0 && (
              <ul className="card list">
                {tenant.executions.nodes.map((one) => (
                  <li key={one.id}>
                    <StateBadge state={one.state} />
                    <span className="grow cut">
                      <Link to="/t/$tenant/executions/$execution" params={{ tenant: key, execution: one.executionId }}>
                        {one.flowId}
                      </Link>{' '}
                      <span className="quiet p2">{one.namespaceName}</span>
                    </span>
                    <span className="quiet">
                      <Ago at={one.startedAt} />
                    </span>
                  </li>
                ))}
              </ul>
            )}
          </section>
        </div>
        <dl className="facts">
          {description && (
            <>
              <dt>Description</dt>
              <dd>{description}</dd>
            </>
          )}
          <dt>Worker group</dt>
          <dd>
            {group ? (
              <>
                {group.key}{' '}
                <span className="quiet">
                  {group.namespaceName === name
                    ? 'set here'
                    : group.namespaceName
                      ? `from ${group.namespaceName}`
                      : 'from the tenant'}
                  , {group.fallback.toLowerCase()} without a worker
                </span>
              </>
            ) : (
              <span className="quiet">any worker without a group</span>
            )}
          </dd>
          {tenant?.namespace && (
            <>
              <dt>Since</dt>
              <dd>
                <Time at={tenant.namespace.createdAt} />
              </dd>
            </>
          )}
        </dl>
      </div>
    </div>
  );
}
