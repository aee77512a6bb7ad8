import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'BINDING',
  model: 'Binding',
  feedsAccess: true,
  key: (row) => String(row['id']),
  audited: ['subject', 'role', 'namespace'],
});
