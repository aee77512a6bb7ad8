import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'USER',
  model: 'User',
  tenantColumn: null,
  feedsAccess: true,
  key: (row) => String(row['username']),
  maskable: ['username', 'email', 'firstName', 'lastName'],
  secret: ['passwordHash', 'usernameLooks'],
  audited: ['username', 'email', 'firstName', 'lastName', 'superAdmin', 'disabled', 'authMethods', 'passwordChangedAt'],
});
