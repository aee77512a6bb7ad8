import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'SERVICE_ACCOUNT',
  model: 'ServiceAccount',
  feedsAccess: true,
  key: (row) => String(row['name']),
  audited: ['name', 'description', 'superAdmin'],
});
