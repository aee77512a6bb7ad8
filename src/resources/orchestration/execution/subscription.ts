import { changesSubscription } from '../../../graphql/streams/row-changes.ts';
import { ExecutionRef } from './schema.ts';
import { ExecutionWhere, executionCondition } from './where.ts';

changesSubscription('executions', {
  type: ExecutionRef,
  description: 'Streams the executions of a tenant as they start, change and are deleted.',
  permission: 'EXECUTION:READ',
  where: { input: ExecutionWhere, toCondition: executionCondition },
});
