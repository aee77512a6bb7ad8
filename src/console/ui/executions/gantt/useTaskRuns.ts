import { useEffect, useState } from 'react';
import { graphql, useRelayEnvironment } from 'react-relay/hooks';
import type { useTaskRunsQuery } from '../../../generated/useTaskRunsQuery.graphql.ts';
import { ask } from '../../../relay/ask.ts';
import { type Fault, faultsIn } from '../../../relay/fault.ts';
import { isActive, type Run } from './runs.ts';

const query = graphql`
  query useTaskRunsQuery($execution: ID!, $after: String) {
    node(id: $execution) {
      ... on Execution {
        taskRuns(first: 100, after: $after) {
          nodes {
            id
            taskRunId
            taskId
            parentTaskRunId
            value
            state
            startedAt
            endedAt
            attempts
            history {
              state
              at
              until
            }
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
      }
    }
  }
`;

interface Page {
  readonly runs: readonly Run[];
  /** Where the page begins. */
  readonly after: string | null;
  readonly end: string | null;
  readonly hasNext: boolean;
}

export interface TaskRuns {
  readonly runs: readonly Run[];
  readonly isComplete: boolean;
  readonly faults: readonly Fault[];
}

/** Shown after this many pages, so that thousands of rows do not arrive in fifty steps. */
const pagesAStep = 10;

/**
 * All task runs of an execution, page by page.
 * @param version a change of it reads again what can have changed: pages with active runs, and what follows the last one.
 */
export function useTaskRuns(execution: string, version: string): TaskRuns {
  const environment = useRelayEnvironment();
  const [state, setState] = useState<{ pages: readonly Page[]; isComplete: boolean; of: string }>();
  const [faults, setFaults] = useState<readonly Fault[]>([]);
  const pages = state?.of === execution ? state.pages : undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version says when, and the pages are read as they are then
  useEffect(() => {
    let isCurrent = true;
    const page = async (after: string | null): Promise<Page> => {
      const answer = await ask<useTaskRunsQuery>(environment, query, { execution, after });
      const found = answer?.node?.taskRuns;
      return {
        runs: (found?.nodes ?? []) as readonly Run[],
        after,
        end: found?.pageInfo.endCursor ?? null,
        hasNext: found?.pageInfo.hasNextPage ?? false,
      };
    };
    const read = async () => {
      const kept: Page[] = [];
      for (const known of pages ?? [])
        kept.push(known.hasNext && !known.runs.some(isActive) ? known : await page(known.after));
      if (kept.length === 0) kept.push(await page(null));
      for (let last = kept.at(-1)!; last.hasNext && isCurrent; ) {
        if (kept.length === 1 || kept.length % pagesAStep === 0)
          setState({ pages: [...kept], isComplete: false, of: execution });
        last = await page(last.end);
        kept.push(last);
      }
      if (isCurrent) setState({ pages: kept, isComplete: true, of: execution });
    };
    setFaults([]);
    read().catch((error: unknown) => isCurrent && setFaults(faultsIn(error)));
    return () => {
      isCurrent = false;
    };
  }, [environment, execution, version]);
  const [joined, setJoined] = useState<{ of: readonly Page[]; runs: readonly Run[] }>();
  let runs = joined?.runs ?? [];
  if (pages && joined?.of !== pages) {
    runs = pages.flatMap((one) => one.runs);
    setJoined({ of: pages, runs });
  } else if (!pages) runs = [];
  return { runs, isComplete: pages !== undefined && state?.isComplete === true, faults };
}
