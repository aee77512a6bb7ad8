import { Link, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { useMay } from '../../access/viewer.ts';
import type { TriggerQuery } from '../../generated/TriggerQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { Activity } from '../../ui/events/Activity.tsx';
import { Page } from '../../ui/Page.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { Ago, Time } from '../../ui/Time.tsx';
import { type TriggerAct, triggerActs } from '../../ui/triggers/acts.ts';
import { rowOf } from '../../ui/triggers/row.ts';
import { TriggerDialog } from '../../ui/triggers/TriggerDialog.tsx';
import { TriggerState } from '../../ui/triggers/TriggerState.tsx';
import { whenInWords, whyOff } from '../../ui/triggers/words.ts';
import { useTenant } from '../tenant.ts';
import { Backfill } from './Backfill.tsx';
import { Dates } from './Dates.tsx';
import { LiveTriggers } from './LiveTriggers.tsx';

const query = graphql`
  query TriggerQuery($id: ID!, $hasEvents: Boolean!, $tenant: String!) {
    node(id: $id) {
      __typename
      ... on Trigger {
        ...row_trigger @alias(as: "row")
        workerGroupKey
        lastExecution {
          id
          executionId
          state
          startedAt
        }
        dates(first: 12) {
          dates
          hasMore
        }
      }
    }
    tenant(key: $tenant) {
      auditEvents(first: 1, where: { object: $id, kind: [UPDATE], outcome: [SUCCESS] }) @include(if: $hasEvents) {
        nodes {
          id
          actorName
          at
          reason
        }
      }
    }
  }
`;

/** A trigger: its state and why, the dates on which it is due, its backfill, and what happened to it. */
export function Trigger() {
  const tenant = useTenant();
  const { trigger: id } = useParams({ from: '/t/$tenant/triggers/$trigger' });
  return <Loaded key={id} tenant={tenant} id={id} />;
}

function Loaded({ tenant, id }: { tenant: string; id: string }) {
  const { tab } = useSearch({ from: '/t/$tenant/triggers/$trigger' });
  const [act, setAct] = useState<TriggerAct>();
  const hasEvents = useMay('AUDITLOG:READ');
  const { node, tenant: found } = useAnswer<TriggerQuery>(query, { id, tenant, hasEvents });
  const crumbs = [{ title: tenant }, { title: 'Triggers', to: `/t/${tenant}/triggers` }];
  if (node?.__typename !== 'Trigger' || !node.row) return <Absent kind="Trigger" icon="bolt" crumbs={crumbs} />;
  const trigger = rowOf(node.row);
  const change = found?.auditEvents?.nodes[0];
  const why = whyOff(trigger);
  return (
    <Page
      title={trigger.triggerId}
      crumbs={[
        ...crumbs,
        { title: trigger.flowId, to: `/t/${tenant}/flows/${trigger.namespaceName}/${trigger.flowId}` },
      ]}
      beside={<span className="quiet p2">{whenInWords(trigger)}</span>}
      actions={
        <>
          <LiveTriggers tenant={tenant} where={{ flowId: trigger.flowId, triggerId: trigger.triggerId }} />
          {triggerActs
            .filter(({ name }) => name !== (trigger.disabled ? 'disable' : 'enable'))
            .map((one) => (
              <ActionButton
                key={one.name}
                permission={one.permission}
                isAllowed={trigger.viewerPermissions.includes(one.action)}
                why={trigger.viewerPermissions.includes(one.action) ? one.why(trigger) : undefined}
                icon={one.icon}
                className={one.name === 'enable' ? 'primary' : one.isDanger ? 'danger' : ''}
                onPress={() => setAct(one)}
              >
                {one.title}…
              </ActionButton>
            ))}
        </>
      }
      tabs={
        <>
          <TabLink title="Overview" tab={undefined} open={tab} />
          {trigger.kind === 'SCHEDULE' && <TabLink title="Backfill" tab="backfill" open={tab} />}
          <TabLink title="Activity" tab="activity" open={tab} />
        </>
      }
    >
      {tab === 'activity' && <Activity tenant={tenant} object={id} />}
      {tab === 'backfill' && <Backfill tenant={tenant} trigger={trigger} />}
      {tab === undefined && (
        <div className="body two">
          <div className="stack">
            {node.dates ? (
              <Dates
                title={why ? 'It would be due' : 'Next dates'}
                dates={node.dates.dates}
                hasMore={node.dates.hasMore}
              />
            ) : (
              <p className="quiet">Its dates are not known ahead: {whenInWords(trigger).toLowerCase()}.</p>
            )}
            <section aria-label="Definition">
              <div className="section">
                <h2>Definition</h2>
                <span className="grow" />
                <Link
                  to="/t/$tenant/flows/$namespace/$flow"
                  params={{ tenant, namespace: trigger.namespaceName, flow: trigger.flowId }}
                  search={{ tab: 'editor' }}
                >
                  Change it in the flow
                </Link>
              </div>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard. */}
              <pre className="code-block" tabIndex={0}>
                {JSON.stringify(trigger.definition, null, 2)}
              </pre>
            </section>
          </div>
          <dl className="facts">
            <dt>State</dt>
            <dd>
              <TriggerState trigger={trigger} />
            </dd>
            <dt>{trigger.disabled ? 'Off since' : 'On since'}</dt>
            <dd>
              <Time at={trigger.stateAt} />
              {trigger.stateBy && <span className="quiet"> by {trigger.stateBy}</span>}
            </dd>
            {change?.reason && (
              <>
                <dt>Reason</dt>
                <dd>
                  {change.reason} <span className="quiet">{change.actorName}</span>
                </dd>
              </>
            )}
            {trigger.disabled !== trigger.declaredDisabled && (
              <>
                <dt>In the source</dt>
                <dd>{trigger.declaredDisabled ? 'disabled' : 'enabled'}</dd>
              </>
            )}
            <dt>Next</dt>
            <dd>
              {trigger.nextExecutionAt ? <Ago at={trigger.nextExecutionAt} /> : <span className="quiet">none</span>}
            </dd>
            <dt>Last</dt>
            <dd>
              {node.lastExecution ? (
                <Link
                  className="row last-run"
                  to="/t/$tenant/executions/$execution"
                  params={{ tenant, execution: node.lastExecution.executionId }}
                >
                  <StateBadge state={node.lastExecution.state} />
                  <span className="quiet">
                    <Ago at={node.lastExecution.startedAt} />
                  </span>
                </Link>
              ) : (
                <span className="quiet">never</span>
              )}
            </dd>
            {trigger.locked && (
              <>
                <dt>Held by</dt>
                <dd>
                  {trigger.executionId ? (
                    <Link to="/t/$tenant/executions/$execution" params={{ tenant, execution: trigger.executionId }}>
                      <code>{trigger.executionId}</code>
                    </Link>
                  ) : (
                    (trigger.workerId ?? 'a worker')
                  )}
                </dd>
              </>
            )}
            <dt>Type</dt>
            <dd>{trigger.type}</dd>
            {node.workerGroupKey && (
              <>
                <dt>Worker group</dt>
                <dd>{node.workerGroupKey}</dd>
              </>
            )}
          </dl>
        </div>
      )}
      {act && <TriggerDialog tenant={tenant} act={act} triggers={[trigger]} close={() => setAct(undefined)} />}
    </Page>
  );
}
