import type { Tx } from '../../../db/transaction.ts';
import { releaseTriggers } from '../trigger/release-triggers.ts';
import type { KnownExecution } from './report-items.ts';
import type { ExecutionState } from './states.ts';

/** An execution that has just come to an end. It may be restarted, and end again. */
export interface EndedExecution {
  readonly tenantId: string;
  readonly executionId: string;
  readonly namespace: string;
  readonly flowId: string;
  /** The trigger that started it; null: none did. */
  readonly triggerId: string | null;
  readonly state: ExecutionState;
  readonly endedAt: Date;
}

/** The end that a change brought; undefined: it brought none. */
export function endOf(before: KnownExecution | null, after: KnownExecution): EndedExecution | undefined {
  const { tenantId, executionId, namespace, flowId, triggerId, state, endedAt } = after;
  if (endedAt === null || before?.endedAt?.getTime() === endedAt.getTime()) return undefined;
  return { tenantId, executionId, namespace, flowId, triggerId, state: state as ExecutionState, endedAt };
}

/** Is told, in the transaction of their report, of the executions that came to an end by it: each end once. */
export const executionsEnded = (tx: Tx, ended: readonly EndedExecution[]): Promise<void> => releaseTriggers(tx, ended);
