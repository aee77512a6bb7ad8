import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'TRIGGER',
  model: 'Trigger',
  feedsAccess: false,
  key: (row) => `${String(row['namespace'])}/${String(row['flowId'])}/${String(row['triggerId'])}`,
  audited: [
    'namespace',
    'flowId',
    'triggerId',
    'type',
    'disabled',
    'declaredDisabled',
    'disabledReason',
    'executionId',
    'evaluationStartedAt',
    'workerId',
    'nextExecutionAt',
    'backfill',
    'stopAfter',
    'workerGroup',
  ],
});
