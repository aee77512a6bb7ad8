import { changesSubscription } from '../../../graphql/streams/row-changes.ts';
import { ExecutionRef } from './schema.ts';
import { ExecutionWhere, executionCondition } from './where.ts';

changesSubscription('executions', {
  type: ExecutionRef,
  description: 'The executions of a tenant as they begin, change and go.',
  permission: 'EXECUTION:READ',
  where: { input: ExecutionWhere, toCondition: executionCondition },
});
