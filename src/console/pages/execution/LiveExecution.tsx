import { useMemo } from 'react';
import { graphql, useSubscription } from 'react-relay/hooks';
import type { LiveExecutionSubscription } from '../../generated/LiveExecutionSubscription.graphql.ts';

graphql`
  fragment LiveExecution_execution on Execution {
    state
    startedAt
    endedAt
    duration
    updatedAt
    sequence
    labels
    history {
      state
      at
      until
    }
  }
`;

const subscription = graphql`
  subscription LiveExecutionSubscription($tenant: String!, $where: ExecutionWhere) {
    executions(tenantKey: $tenant, where: $where) {
      id
      kind
      execution {
        id
        ...LiveExecution_execution @relay(mask: false)
      }
    }
  }
`;

/** Follows an execution: what the page shows of it changes in place. */
export function LiveExecution({ tenant, executionId }: { tenant: string; executionId: string }) {
  const config = useMemo(
    () => ({ subscription, variables: { tenant, where: { text: executionId } }, onError: () => undefined }),
    [tenant, executionId],
  );
  useSubscription<LiveExecutionSubscription>(config);
  return null;
}
