import { useEffect, useState } from 'react';
import { graphql, useRelayEnvironment } from 'react-relay/hooks';
import type { usePausedInputsQuery } from '../../generated/usePausedInputsQuery.graphql.ts';
import { ask } from '../../relay/ask.ts';
import { type DeclaredInput, declaredInputs } from '../inputs/declared.ts';

const query = graphql`
  query usePausedInputsQuery($execution: ID!) {
    node(id: $execution) {
      ... on Execution {
        tasks {
          id
          inputs
        }
        paused: taskRuns(first: 10, where: { state: [PAUSED] }) {
          nodes {
            taskId
          }
        }
      }
    }
  }
`;

/**
 * The inputs that the paused task of an execution declares. Undefined while they are loaded; none if the viewer cannot
 * read the flow.
 */
export function usePausedInputs(execution: string | undefined): readonly DeclaredInput[] | undefined {
  const environment = useRelayEnvironment();
  const [inputs, setInputs] = useState<readonly DeclaredInput[]>();
  useEffect(() => {
    if (execution === undefined) return undefined;
    let isCurrent = true;
    ask<usePausedInputsQuery>(environment, query, { execution }).then(
      (answer) => {
        const paused = new Set(answer?.node?.paused?.nodes.map(({ taskId }) => taskId));
        const tasks = answer?.node?.tasks ?? [];
        if (isCurrent)
          setInputs(tasks.filter(({ id }) => paused.has(id)).flatMap((task) => declaredInputs(task.inputs)));
      },
      // Without FLOW:READ, the execution is resumed without inputs, and the engine says if one is missing.
      () => isCurrent && setInputs([]),
    );
    return () => {
      isCurrent = false;
    };
  }, [environment, execution]);
  return execution === undefined ? [] : inputs;
}
