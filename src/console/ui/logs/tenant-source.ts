import { graphql, requestSubscription } from 'react-relay/hooks';
import type { IEnvironment } from 'relay-runtime';
import type { tenantSourceQuery } from '../../generated/tenantSourceQuery.graphql.ts';
import type { tenantSourceSubscription } from '../../generated/tenantSourceSubscription.graphql.ts';
import { ask } from '../../relay/ask.ts';
import type { LogLine } from './line.ts';
import type { LogPage, LogSource } from './source.ts';

const query = graphql`
  query tenantSourceQuery(
    $tenant: String!
    $where: LogWhere
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) {
      logs(where: $where, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          at
          level
          message
          sequence
          taskId
          namespaceName
          flowId
          execution {
            id
            executionId
          }
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
`;

const subscription = graphql`
  subscription tenantSourceSubscription($tenant: String!, $where: LogWhere) {
    logTail(tenantKey: $tenant, where: $where) {
      at
      level
      message
      sequence
      taskId
      namespaceName
      flowId
      execution {
        id
        executionId
      }
    }
  }
`;

const pageSize = 100;

type Node = Omit<LogLine, 'key' | 'executionId'> & {
  readonly execution: { readonly executionId: string } | null | undefined;
};
const lineOf = ({ execution, ...line }: Node): LogLine => ({
  ...line,
  key: `${execution?.executionId ?? `${line.namespaceName} ${line.flowId}`} ${line.sequence}`,
  executionId: execution?.executionId,
});

/** The log of all executions of a tenant. The API has the newest line first; the page shows it last. */
export function tenantLog(environment: IEnvironment, tenant: string, where: object): LogSource {
  const page = async (
    asked: { first: number; after?: string } | { last: number; before?: string },
  ): Promise<LogPage> => {
    const answer = await ask<tenantSourceQuery>(environment, query, { tenant, where, ...asked });
    const found = answer?.tenant?.logs;
    const { hasNextPage = false, hasPreviousPage = false, startCursor, endCursor } = found?.pageInfo ?? {};
    return {
      lines: (found?.nodes ?? []).map(lineOf).reverse(),
      start: endCursor ?? null,
      end: startCursor ?? null,
      hasEarlier: hasNextPage,
      hasLater: hasPreviousPage,
    };
  };
  return {
    key: JSON.stringify([tenant, where]),
    first: (at) => page(at === 'end' ? { first: pageSize } : { last: pageSize }),
    earlier: (after) => page({ first: pageSize, after }),
    later: (before) => page({ last: pageSize, before }),
    follow: (_last, next) =>
      requestSubscription<tenantSourceSubscription>(environment, {
        subscription,
        variables: { tenant, where },
        onNext: (answer) => {
          if (answer?.logTail) next(lineOf(answer.logTail));
        },
      }),
  };
}
