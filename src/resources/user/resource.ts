import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'USER',
  model: 'User',
  tenantColumn: null,
  feedsAccess: true,
  key: (row) => String(row['username']),
  secret: ['passwordHash'],
  audited: ['username', 'email', 'firstName', 'lastName', 'superAdmin', 'disabled', 'authMethods', 'passwordChangedAt'],
});
