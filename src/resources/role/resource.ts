import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'ROLE',
  model: 'Role',
  feedsAccess: true,
  counted: () => ({ isManaged: false }),
  key: (row) => String(row['name']),
  audited: ['name', 'description', 'permissions', 'isDefault', 'isManaged'],
});
