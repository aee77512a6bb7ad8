import { graphql, requestSubscription } from 'react-relay/hooks';
import type { IEnvironment } from 'relay-runtime';
import type { executionSourceQuery } from '../../generated/executionSourceQuery.graphql.ts';
import type { executionSourceSubscription } from '../../generated/executionSourceSubscription.graphql.ts';
import { ask } from '../../relay/ask.ts';
import { type Level, type LogLine, levels } from './line.ts';
import type { LogPage, LogSource } from './source.ts';

const query = graphql`
  query executionSourceQuery(
    $execution: ID!
    $where: LogWhere
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    node(id: $execution) {
      ... on Execution {
        logs(where: $where, first: $first, after: $after, last: $last, before: $before) {
          nodes {
            at
            level
            message
            sequence
            taskId
            namespaceName
            flowId
          }
          pageInfo {
            hasNextPage
            hasPreviousPage
            startCursor
            endCursor
          }
        }
      }
    }
  }
`;

const subscription = graphql`
  subscription executionSourceSubscription(
    $tenant: String!
    $execution: ID!
    $minLevel: LogLevel
    $after: BigInt
  ) {
    logs(tenantKey: $tenant, execution: $execution, minLevel: $minLevel, after: $after) {
      at
      level
      message
      sequence
      taskId
      namespaceName
      flowId
    }
  }
`;

export interface ExecutionLogFilter {
  readonly level?: string | undefined;
  readonly task?: string | undefined;
  readonly text?: string | undefined;
}

const pageSize = 100;
const levelOf = (level: string | undefined): Level | undefined => levels.find((one) => one === level);

/** The filters as the API takes them. */
export const logWhereOf = ({ level, task, text }: ExecutionLogFilter) => ({
  ...(levelOf(level) && { minLevel: levelOf(level)! }),
  ...(task !== undefined && { taskId: task }),
  ...(text !== undefined && { text }),
});

/** The log of one execution. */
export function executionLog(
  environment: IEnvironment,
  tenant: string,
  execution: string,
  filter: ExecutionLogFilter,
): LogSource {
  const where = logWhereOf(filter);
  const lineOf = (node: Omit<LogLine, 'key' | 'executionId'>): LogLine => ({
    ...node,
    key: node.sequence,
    executionId: undefined,
  });
  const page = async (
    asked: { first: number; after?: string | null } | { last: number; before?: string | null },
  ): Promise<LogPage> => {
    const answer = await ask<executionSourceQuery>(environment, query, { execution, where, ...asked });
    const found = answer?.node?.logs;
    const { hasNextPage = false, hasPreviousPage = false, startCursor, endCursor } = found?.pageInfo ?? {};
    return {
      lines: (found?.nodes ?? []).map(lineOf),
      start: startCursor ?? null,
      end: endCursor ?? null,
      hasEarlier: hasPreviousPage,
      hasLater: hasNextPage,
    };
  };
  const text = filter.text?.toLowerCase();
  const matches = (line: LogLine): boolean =>
    (filter.task === undefined || line.taskId === filter.task) &&
    (text === undefined || line.message.toLowerCase().includes(text));
  return {
    key: JSON.stringify([execution, where]),
    first: (at) => page(at === 'start' ? { first: pageSize } : { last: pageSize }),
    earlier: (before) => page({ last: pageSize, before }),
    later: (after) => page({ first: pageSize, after }),
    follow: (last, next) =>
      requestSubscription<executionSourceSubscription>(environment, {
        subscription,
        variables: { tenant, execution, minLevel: levelOf(filter.level) ?? null, after: last?.sequence ?? null },
        onNext: (answer) => {
          const line = answer?.logs && lineOf(answer.logs);
          if (line && matches(line)) next(line);
        },
      }),
  };
}
