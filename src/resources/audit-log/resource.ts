import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'AUDITLOG',
  model: 'AuditEvent',
  feedsAccess: false,
  key: (row) => String(row['id']),
  // The log does not log itself.
  audited: [],
});
