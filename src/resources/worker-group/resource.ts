import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'WORKER_GROUP',
  model: 'WorkerGroup',
  tenantColumn: null,
  feedsAccess: false,
  key: (row) => String(row['key']),
  // allowedTenants: their keys, as people know them.
  audited: ['key', 'description', 'open', 'allowedTenants'],
});
