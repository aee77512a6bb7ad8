import { graphql, readInlineData } from 'react-relay/hooks';
import type { row_trigger$data, row_trigger$key } from '../../generated/row_trigger.graphql.ts';

const fragment = graphql`
  fragment row_trigger on Trigger @inline {
    id
    triggerId
    flowId
    namespaceName
    kind
    type
    version
    active
    disabled
    disabledReason
    declaredDisabled
    stateBy
    stateAt
    locked
    executionId
    workerId
    lastTriggeredAt
    nextExecutionAt
    definition
    viewerPermissions
    backfill {
      start
      end
      currentDate
      paused
    }
  }
`;

/** A trigger with the state that its rows and its page show. */
export type TriggerRow = row_trigger$data;

export const rowOf = (trigger: row_trigger$key): TriggerRow => readInlineData(fragment, trigger);
export const rowsOf = (triggers: readonly row_trigger$key[]): readonly TriggerRow[] => triggers.map(rowOf);
