import type { ResourceDefinition } from './definition.ts';

/** Policies, settings and the audit log. */
export const governance = {
  POLICY: {
    level: 'instance',
    gates: {
      READ: 'View the loaded policies and their settings.',
      UPDATE: 'Update the settings of policies and the groups that are exempt from them.',
    },
    // No table: policies are files and settings.
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
    gates: {
      READ: "View the tenant's settings.",
      UPDATE: "Update the tenant's settings: whether flows need created namespaces, and how long executions are kept.",
    },
    managed: { Editor: 'all' },
  },
  BANNER: {
    level: 'tenant',
    iam: true,
    gates: {
      CREATE: 'Create banners for all users of the tenant.',
      READ: 'List banners, also those that are not shown now.',
      UPDATE: 'Update banners.',
      DELETE: 'Delete banners.',
    },
    rows: {
      model: 'Banner',
      alsoAtInstance: true,
      feedsAccess: false,
      key: (row) => String(row['message']).slice(0, 60),
      audited: ['message', 'severity', 'startsAt', 'endsAt'],
      instead: 'update or delete the banner',
    },
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
