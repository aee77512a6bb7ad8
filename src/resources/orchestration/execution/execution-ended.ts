import type { Tx } from '../../../db/transaction.ts';
import { releaseTriggers } from '../trigger/release-triggers.ts';
import type { KnownExecution } from './report-items.ts';
import type { ExecutionState } from './states.ts';

/** An execution that has just ended. It can be restarted and end again. */
export interface EndedExecution {
  readonly tenantId: string;
  readonly executionId: string;
  readonly namespace: string;
  readonly flowId: string;
  /** The trigger that started it; null if none. */
  readonly triggerId: string | null;
  readonly state: ExecutionState;
  readonly endedAt: Date;
}

/** The end that a change caused; undefined if none. */
export function endOf(before: KnownExecution | null, after: KnownExecution): EndedExecution | undefined {
  const { tenantId, executionId, namespace, flowId, triggerId, state, endedAt } = after;
  if (endedAt === null || before?.endedAt?.getTime() === endedAt.getTime()) return undefined;
  return { tenantId, executionId, namespace, flowId, triggerId, state: state as ExecutionState, endedAt };
}

/** Called with the executions that a report ended, in its transaction, once for each end. */
export const executionsEnded = (tx: Tx, ended: readonly EndedExecution[]): Promise<void> => releaseTriggers(tx, ended);
