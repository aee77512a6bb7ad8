import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'TENANT_ACCESS',
  model: 'TenantAccess',
  feedsAccess: true,
  key: (row) => String(row['subject'] ?? row['principalId']),
  links: ['principalId'],
  audited: ['subject'],
});
