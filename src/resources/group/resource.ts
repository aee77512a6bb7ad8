import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'GROUP',
  model: 'Group',
  feedsAccess: true,
  key: (row) => String(row['name']),
  // Of its members, which are a part of it.
  links: ['principalId'],
  audited: ['name', 'description'],
});
