import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'BINDING',
  model: 'Binding',
  feedsAccess: true,
  key: (row) => String(row['id']),
  links: ['principalId', 'groupId', 'roleId'],
  audited: ['subject', 'role', 'namespace'],
});
