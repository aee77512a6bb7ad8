import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'WORKER',
  model: 'Worker',
  tenantColumn: null,
  feedsAccess: false,
  key: (row) => String(row['serviceId']),
  // group: its key.
  audited: ['serviceId', 'type', 'state', 'group', 'hostname', 'version', 'timings'],
});
