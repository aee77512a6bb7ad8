import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'GROUP',
  model: 'Group',
  feedsAccess: true,
  key: (row) => String(row['name']),
  audited: ['name', 'description'],
});
