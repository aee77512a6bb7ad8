import { Link, useParams } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { PluginQuery } from '../../generated/PluginQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { CopyButton } from '../../ui/CopyButton.tsx';
import { Markdown } from '../../ui/Markdown.tsx';
import { Page } from '../../ui/Page.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { Ago, Time } from '../../ui/Time.tsx';
import { useTenant } from '../tenant.ts';
import { Properties } from './Properties.tsx';
import { kinds } from './search.ts';
import '../blueprints/blueprints.css';

const query = graphql`
  query PluginQuery($tenant: String!, $type: String!) {
    tenant(key: $tenant) {
      plugins(first: 1, where: { type: $type }) {
        nodes {
          type
          kind
          title
          description
          documentation
          deprecated
          isReported
          reportedAt
          version
          schema
          flowCount
          lastRunAt
        }
      }
      flows(first: 50, where: { taskType: $type }) {
        nodes {
          id
          namespaceName
          flowId
          revision
          updatedAt
          executions(first: 1) {
            nodes {
              id
              state
              startedAt
            }
          }
        }
        pageInfo {
          hasNextPage
        }
      }
      triggers(first: 50, where: { type: $type }) {
        nodes {
          id
          namespaceName
          flowId
          triggerId
        }
      }
    }
  }
`;

/** A type of tasks or triggers: what it does, its properties, and the flows that use it. */
export function Plugin() {
  const key = useTenant();
  const { type } = useParams({ from: '/t/$tenant/plugins/$type' });
  const { tenant } = useAnswer<PluginQuery>(query, { tenant: key, type });
  const crumbs = [{ title: key }, { title: 'Plugins', to: `/t/${key}/plugins` }];
  const plugin = tenant?.plugins?.nodes[0];
  if (!plugin)
    return (
      <Absent kind="Plugin" icon="book" crumbs={crumbs}>
        No engine reports this type, and no flow that you can see uses it.
      </Absent>
    );
  const flows = tenant?.flows?.nodes ?? [];
  const triggers = tenant?.triggers?.nodes ?? [];
  return (
    <Page
      title={plugin.title ?? type.split('.').at(-1) ?? type}
      crumbs={crumbs}
      beside={plugin.deprecated && <span className="badge warn">Deprecated</span>}
    >
      <div className="body two">
        <div className="stack">
          <Markdown text={plugin.documentation ?? plugin.description ?? ''} />
          <Properties schema={plugin.schema} />
          {!plugin.isReported && (
            <div className="note warn">
              <div>No engine reports this type. A task of it may be skipped or fail.</div>
            </div>
          )}
          <section aria-label="Flows that use it">
            <div className="section">
              <h2>Flows that use it</h2>
              <span className="count">{plugin.flowCount.toLocaleString()}</span>
            </div>
            {flows.length + triggers.length === 0 && <p className="quiet">No flow uses it.</p>}
            {flows.length > 0 && (
              <ul className="card list">
                {flows.map((flow) => {
                  const last = flow.executions?.nodes[0];
                  return (
                    <li key={flow.id}>
                      <span className="grow cut">
                        <Link
                          to="/t/$tenant/flows/$namespace/$flow"
                          params={{ tenant: key, namespace: flow.namespaceName, flow: flow.flowId }}
                        >
                          {flow.flowId}
                        </Link>{' '}
                        <span className="quiet p2">{flow.namespaceName}</span>
                      </span>
                      <span className="quiet">revision {flow.revision}</span>
                      {last ? (
                        <>
                          <StateBadge state={last.state} />
                          <span className="quiet p2">
                            <Ago at={last.startedAt} />
                          </span>
                        </>
                      ) : (
                        <span className="quiet">never run</span>
                      )}
                    </li>
                  );
                })}
              </ul>
            )}
            {triggers.length > 0 && (
              <ul className="card list">
                {triggers.map((trigger) => (
                  <li key={trigger.id}>
                    <span className="grow cut">
                      <Link to="/t/$tenant/triggers/$trigger" params={{ tenant: key, trigger: trigger.id }}>
                        {trigger.triggerId}
                      </Link>{' '}
                      <span className="quiet">
                        {trigger.flowId} · {trigger.namespaceName}
                      </span>
                    </span>
                  </li>
                ))}
              </ul>
            )}
            {tenant?.flows?.pageInfo.hasNextPage && (
              <Link to="/t/$tenant/flows" params={{ tenant: key }} search={{ type }}>
                All flows that use it
              </Link>
            )}
          </section>
        </div>
        <dl className="facts">
          <dt>Type</dt>
          <dd className="row">
            <code className="wrap">{type}</code> <CopyButton text={type} label="Copy the type" />
          </dd>
          <dt>Kind</dt>
          <dd>{kinds[plugin.kind] ?? plugin.kind}</dd>
          <dt>Version</dt>
          <dd>{plugin.version ?? <span className="quiet">not known</span>}</dd>
          <dt>Reported</dt>
          <dd>{plugin.reportedAt ? <Time at={plugin.reportedAt} /> : <span className="quiet">by no engine</span>}</dd>
          <dt>Last run</dt>
          <dd>{plugin.lastRunAt ? <Ago at={plugin.lastRunAt} /> : <span className="quiet">never</span>}</dd>
        </dl>
      </div>
    </Page>
  );
}
