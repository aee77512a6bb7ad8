import { defineResource } from '../../access/resource.ts';

/** Without a table: the policies are files and settings. */
defineResource({
  name: 'POLICY',
  tenantColumn: null,
  feedsAccess: true,
  key: (row) => String(row['name']),
  audited: ['policies', 'mayGrant'],
});
