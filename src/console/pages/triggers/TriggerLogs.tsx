import { Link, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { TriggerLogsQuery } from '../../generated/TriggerLogsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { LogLines } from '../../ui/logs/LogLines.tsx';
import type { TriggerRow } from '../../ui/triggers/row.ts';

const query = graphql`
  query TriggerLogsQuery($tenant: String!, $where: TriggerLogWhere, $after: String) {
    tenant(key: $tenant) {
      triggerLogs(first: 100, where: $where, after: $after) {
        nodes {
          at
          level
          message
          sequence
          namespaceName
          flowId
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`;

/** What the trigger wrote while no execution ran: its checks, and why it started nothing. */
export function TriggerLogs({ tenant: key, trigger }: { tenant: string; trigger: TriggerRow }) {
  const { after } = useSearch({ from: '/t/$tenant/triggers/$trigger' });
  const { namespaceName, flowId, triggerId } = trigger;
  const { tenant } = useAnswer<TriggerLogsQuery>(query, {
    tenant: key,
    where: { namespaceName, flowId, triggerId },
    after: after ?? null,
  });
  const found = tenant?.triggerLogs;
  if (!found) return <Empty icon="logs" title="You do not have permission to see the logs of triggers" />;
  if (found.nodes.length === 0)
    return (
      <Empty icon="logs" title="No line yet">
        <p>What an engine writes while it evaluates the trigger appears here. Executions have logs of their own.</p>
      </Empty>
    );
  const lines = found.nodes
    .map((line) => ({
      ...line,
      key: String(line.sequence),
      sequence: String(line.sequence),
      taskId: undefined,
      executionId: undefined,
    }))
    .reverse();
  const to = (cursor: string | null | undefined) =>
    ((before: object) => ({ ...before, after: cursor ?? undefined })) as never;
  return (
    <>
      {(after !== undefined || found.pageInfo.hasNextPage) && (
        <div className="tools">
          {after !== undefined && (
            <Link className="btn sm" to="." search={to(undefined)}>
              Newest
            </Link>
          )}
          {found.pageInfo.hasNextPage && (
            <Link className="btn sm" to="." search={to(found.pageInfo.endCursor)}>
              Older
            </Link>
          )}
        </div>
      )}
      <LogLines label={`Log of ${triggerId}`} lines={lines} />
    </>
  );
}
