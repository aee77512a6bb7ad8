import type { ResourceDefinition } from './definition.ts';

/** Which rules hold, and the record of what happened. */
export const governance = {
  POLICY: {
    level: 'instance',
    gates: {
      READ: 'See the loaded policies with their settings.',
      UPDATE: 'Change settings of policies and the groups that they except.',
    },
    // Without a table: the policies are files and settings.
    rows: {
      tenantColumn: null,
      feedsAccess: true,
      key: (row) => String(row['name']),
      audited: ['policies', 'mayGrant'],
      instead: 'configure the policies again',
    },
  },
  SETTING: {
    level: 'tenant',
    gates: { READ: "See the tenant's settings.", UPDATE: "Change the tenant's settings." },
    managed: { Editor: 'all' },
  },
  AUDITLOG: {
    level: 'namespace',
    iam: true,
    gates: { READ: 'Read and follow the audit log.' },
    rows: {
      model: 'AuditEvent',
      feedsAccess: false,
      key: (row) => String(row['id']),
      // The log does not record itself.
      audited: [],
      withTenant: 'kept',
    },
  },
} as const satisfies Record<string, ResourceDefinition>;
