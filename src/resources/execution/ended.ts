import type { Tx } from '../../db/transaction.ts';
import { releaseTriggers } from '../trigger/ended.ts';
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

/** Is told, in the transaction of their report, of the executions that came to an end by it: each end once. */
export const executionsEnded = (tx: Tx, ended: readonly EndedExecution[]): Promise<void> => releaseTriggers(tx, ended);
