import { Link } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { FlowOverviewQuery } from '../../generated/FlowOverviewQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { StateBars } from '../../ui/charts/StateBars.tsx';
import { secondsOf, shortDuration } from '../../ui/duration.ts';
import { Labels } from '../../ui/Labels.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { Ago, Time } from '../../ui/Time.tsx';
import { rowsOf } from '../../ui/triggers/row.ts';
import { TriggerState } from '../../ui/triggers/TriggerState.tsx';
import { whenInWords } from '../../ui/triggers/words.ts';
import { useOpenedAt } from '../../ui/useOpenedAt.ts';
import { startOf } from '../../ui/windows.ts';
import { zoneName } from '../../ui/zone.ts';
import type { FlowPart } from './Flow.tsx';

const query = graphql`
  query FlowOverviewQuery($tenant: String!, $id: ID!, $from: DateTime, $zone: String, $namespace: String!, $flow: String!) {
    tenant(key: $tenant) {
      executionSeries(where: { namespaceName: $namespace, flowId: $flow }, from: $from, by: DAY, zone: $zone) {
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
    }
    node(id: $id) {
      ... on Flow {
        description
        labels
        taskCount
        updatedAt
        revisions(first: 1) {
          nodes {
            authorName
            createdAt
            reason
          }
        }
        executions(first: 6) {
          nodes {
            id
            executionId
            state
            startedAt
            duration
          }
        }
        triggers(first: 20) {
          nodes {
            ...row_trigger
          }
        }
      }
    }
  }
`;

/** What the flow is, how it did in the last two weeks, and when it runs next. */
export function FlowOverview({ tenant: key, flow }: FlowPart) {
  const from = startOf('month', useOpenedAt());
  const { tenant, node } = useAnswer<FlowOverviewQuery>(query, {
    tenant: key,
    id: flow.id,
    namespace: flow.namespaceName,
    flow: flow.flowId,
    from: from ?? null,
    zone: zoneName(),
  });
  const series = tenant?.executionSeries;
  const saved = node?.revisions?.nodes[0];
  const triggers = rowsOf(node?.triggers?.nodes ?? []);
  return (
    <div className="body stack">
      {series && series.count > 0 && (
        <div className="card bars-card">
          <StateBars
            title="Executions of the last 30 days"
            periods={series.periods}
            by={series.by as 'DAY'}
            counts={series.states}
          />
        </div>
      )}
      <div className="two">
        <div className="stack">
          <section aria-label="Latest executions">
            <div className="section">
              <h2>Latest executions</h2>
            </div>
            {!node?.executions && <p className="quiet">You do not have permission to see executions.</p>}
            {node?.executions?.nodes.length === 0 && (
              <p className="quiet">It has not run yet. Choose Run at the top of the page.</p>
            )}
            {node?.executions && node.executions.nodes.length > 0 && (
              <ul className="card list">
                {node.executions.nodes.map(({ id, executionId, state, startedAt, duration }) => (
                  <li key={id}>
                    <StateBadge state={state} />
                    <Link
                      className="grow cut"
                      to="/t/$tenant/executions/$execution"
                      params={{ tenant: key, execution: executionId }}
                    >
                      <code>{executionId.slice(0, 8)}</code>
                    </Link>
                    <span className="quiet">{shortDuration(secondsOf(duration))}</span>
                    <span className="quiet">
                      <Ago at={startedAt} />
                    </span>
                  </li>
                ))}
              </ul>
            )}
          </section>
          <section aria-label="Triggers">
            <div className="section">
              <h2>Triggers</h2>
            </div>
            {triggers.length === 0 ? (
              <p className="quiet">None: it is started by hand, by another flow, or by a request.</p>
            ) : (
              <ul className="card list">
                {triggers.map((trigger) => (
                  <li key={trigger.id}>
                    <span className="grow">
                      <Link to="/t/$tenant/triggers/$trigger" params={{ tenant: key, trigger: trigger.id }}>
                        {trigger.triggerId}
                      </Link>
                      <small className="block quiet">{whenInWords(trigger)}</small>
                    </span>
                    {trigger.nextExecutionAt && (
                      <span className="quiet p2">
                        next <Ago at={trigger.nextExecutionAt} />
                      </span>
                    )}
                    <span>
                      <TriggerState trigger={trigger} />
                    </span>
                  </li>
                ))}
              </ul>
            )}
          </section>
        </div>
        <dl className="facts">
          {node?.description && (
            <>
              <dt>Description</dt>
              <dd>{node.description}</dd>
            </>
          )}
          <dt>Namespace</dt>
          <dd>
            <Link to="/t/$tenant/namespaces/$namespace" params={{ tenant: key, namespace: flow.namespaceName }}>
              {flow.namespaceName}
            </Link>
          </dd>
          <dt>State</dt>
          <dd>
            {flow.disabled ? 'Disabled' : 'Enabled'}
            {flow.disabled !== flow.declaredDisabled && (
              <span className="quiet">, its source says {flow.declaredDisabled ? 'disabled' : 'enabled'}</span>
            )}
          </dd>
          <dt>Labels</dt>
          <dd>
            {Object.keys((node?.labels ?? {}) as object).length > 0 ? (
              <Labels labels={node?.labels} />
            ) : (
              <span className="quiet">none</span>
            )}
          </dd>
          <dt>Tasks</dt>
          <dd>{node?.taskCount}</dd>
          <dt>Revision</dt>
          <dd>
            {flow.revision}
            {saved && (
              <>
                {' '}
                <span className="quiet">
                  by {saved.authorName}, <Time at={saved.createdAt} />
                </span>
                {saved.reason && <span className="block quiet">{saved.reason}</span>}
              </>
            )}
          </dd>
        </dl>
      </div>
    </div>
  );
}
