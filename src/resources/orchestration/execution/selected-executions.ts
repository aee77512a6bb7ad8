import type { Execution } from '../../../db/generated/client.ts';
import { selection } from '../../../graphql/mutation/selection.ts';
import { ExecutionRef } from './schema.ts';
import { type ExecutionFilter, ExecutionWhere, executionCondition } from './where.ts';

/** How mutations select executions. */
export const selected = selection<Execution, ExecutionFilter>({
  model: 'Execution',
  plural: 'executions',
  read: 'EXECUTION:READ',
  ref: ExecutionRef as never,
  where: ExecutionWhere,
  toCondition: executionCondition,
});
