import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'NAMESPACE',
  model: 'Namespace',
  feedsAccess: false,
  counted: () => ({ declared: true }),
  key: (row) => String(row['namespace']),
  audited: [
    'namespace',
    'declared',
    'description',
    'variables',
    'pluginDefaults',
    'workerGroup',
    'workerGroupFallback',
  ],
});
