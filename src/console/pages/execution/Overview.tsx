import { Link } from '@tanstack/react-router';
import { Suspense, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { OverviewQuery } from '../../generated/OverviewQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { CopyButton } from '../../ui/CopyButton.tsx';
import { labelTexts } from '../../ui/executions/labels.ts';
import { Json } from '../../ui/Json.tsx';
import { Skeleton } from '../../ui/Skeleton.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { Moment } from '../../ui/Time.tsx';
import { Took } from '../../ui/Took.tsx';
import { Who } from '../../ui/Who.tsx';
import { EditLabels } from './EditLabels.tsx';
import type { ShownExecution } from './Execution.tsx';
import { States } from './States.tsx';

const query = graphql`
  query OverviewQuery($tenant: String!, $id: ID!, $executionId: String!) {
    node(id: $id) {
      ... on Execution {
        revision
        inputs
        triggerId
        parentId
        originalId
      }
    }
    tenant(key: $tenant) {
      children: executions(first: 20, where: { parentId: $executionId }) {
        nodes {
          id
          executionId
          flowId
          state
          startedAt
          endedAt
          duration
        }
        pageInfo {
          hasNextPage
        }
      }
      creation: auditEvents(last: 1, where: { object: $id, kind: CREATE }) {
        nodes {
          actorName
          actorKind
        }
      }
    }
  }
`;

export interface OverviewProps {
  readonly tenant: string;
  readonly execution: ShownExecution;
}

export function Overview(props: OverviewProps) {
  return (
    <Suspense fallback={<Skeleton />}>
      <Loaded {...props} />
    </Suspense>
  );
}

const isFilled = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

function Loaded({ tenant: key, execution }: OverviewProps) {
  const { id, executionId, namespaceName, flowId, labels, startedAt, endedAt } = execution;
  const { node, tenant } = useAnswer<OverviewQuery>(query, { tenant: key, id, executionId });
  const [isEditing, setIsEditing] = useState(false);
  const [creator] = tenant?.creation?.nodes ?? [];
  const children = tenant?.children?.nodes ?? [];
  const texts = labelTexts(labels);
  return (
    <div className="body two">
      <div className="stack">
        <section aria-label="States">
          <div className="section">
            <h2>States over time</h2>
          </div>
          <States execution={execution} />
        </section>
        <section aria-label="Inputs">
          <div className="section">
            <h2>Inputs</h2>
          </div>
          {isFilled(node?.inputs) ? (
            <div className="card pad">
              <Json value={node?.inputs} label="Inputs" />
            </div>
          ) : (
            <p className="quiet">It was started without inputs.</p>
          )}
        </section>
        {children.length > 0 && (
          <section aria-label="Executions that it started">
            <div className="section">
              <h2>Executions that it started</h2>
              <span className="count">
                {children.length}
                {tenant?.children?.pageInfo.hasNextPage && '+'}
              </span>
            </div>
            <ul className="card list">
              {children.map((child) => (
                <li key={child.id}>
                  <StateBadge state={child.state} />
                  <Link
                    className="grow cut"
                    to="/t/$tenant/executions/$execution"
                    params={{ tenant: key, execution: child.executionId }}
                  >
                    {child.flowId}
                  </Link>
                  <span className="num quiet">
                    <Took {...child} />
                  </span>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
      <div className="stack">
        <dl className="facts">
          <dt>Execution</dt>
          <dd>
            <code>{executionId}</code> <CopyButton text={executionId} label="Copy the ID of the execution" />
          </dd>
          <dt>Flow</dt>
          <dd>
            <Link
              to="/t/$tenant/flows/$namespace/$flow"
              params={{ tenant: key, namespace: namespaceName, flow: flowId }}
            >
              {flowId}
            </Link>{' '}
            {node?.revision != null && <span className="quiet">revision {node.revision}</span>}
          </dd>
          <dt>Namespace</dt>
          <dd>
            <Link to="/t/$tenant/namespaces/$namespace" params={{ tenant: key, namespace: namespaceName }}>
              {namespaceName}
            </Link>
          </dd>
          <dt>Started</dt>
          <dd>
            <Moment at={startedAt} />
          </dd>
          <dt>Ended</dt>
          <dd>{endedAt ? <Moment at={endedAt} /> : 'not yet'}</dd>
          <dt>Duration</dt>
          <dd className="num">
            <Took {...execution} />
          </dd>
          <dt>Started by</dt>
          <dd>
            {node?.triggerId ? (
              <>
                the trigger <b>{node.triggerId}</b>
              </>
            ) : creator ? (
              <Who name={creator.actorName} isBot={creator.actorKind !== 'USER'} />
            ) : node?.parentId ? (
              'another execution'
            ) : (
              <span className="quiet">not known, or hidden from you</span>
            )}
          </dd>
          {node?.parentId && <Other title="Parent" tenant={key} executionId={node.parentId} />}
          {node?.originalId && <Other title="Replay of" tenant={key} executionId={node.originalId} />}
        </dl>
        <section aria-label="Labels">
          <div className="section">
            <h2>Labels</h2>
            <ActionButton
              permission={needs.setExecutionLabels}
              isAllowed={execution.viewerPermissions.includes('UPDATE')}
              className="sm"
              onPress={() => setIsEditing(true)}
            >
              Edit
            </ActionButton>
          </div>
          {texts.length === 0 ? (
            <p className="quiet">No label. Labels group executions: each is a filter of the list.</p>
          ) : (
            <p className="row">
              {texts.map((label) => (
                <Link
                  key={label}
                  className="badge"
                  to="/t/$tenant/executions"
                  params={{ tenant: key }}
                  search={{ label }}
                >
                  {label}
                </Link>
              ))}
            </p>
          )}
        </section>
      </div>
      {isEditing && <EditLabels execution={execution} close={() => setIsEditing(false)} />}
    </div>
  );
}

function Other({ title, tenant, executionId }: { title: string; tenant: string; executionId: string }) {
  return (
    <>
      <dt>{title}</dt>
      <dd>
        <Link to="/t/$tenant/executions/$execution" params={{ tenant, execution: executionId }}>
          <code>{executionId}</code>
        </Link>
      </dd>
    </>
  );
}
