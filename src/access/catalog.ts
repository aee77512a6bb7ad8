/** Where a permission can be held: in the instance, in a tenant, or in a namespace and all below it. */
export type Level = 'instance' | 'tenant' | 'namespace';

export const actions = ['CREATE', 'READ', 'UPDATE', 'DELETE'] as const;
export type Action = (typeof actions)[number];

export interface CatalogEntry {
  readonly level: Level;
  /** Actions that are held at another level than the rest. */
  readonly levels?: Partial<Record<Action, Level>>;
  /** Identity and access management: what a super admin administers in every tenant without a binding. */
  readonly iam?: true;
  /** What each action allows; an action that is absent does not exist for this resource. */
  readonly gates: Partial<Record<Action, string>>;
}

/** Every resource that a role can speak of: its level and what each action gates. */
export const catalog = {
  TENANT: {
    level: 'tenant',
    levels: { CREATE: 'instance', DELETE: 'instance' },
    iam: true,
    gates: {
      CREATE: 'Create tenants.',
      READ: 'See the tenant itself.',
      UPDATE: "Change the tenant's name and description.",
      DELETE: 'Delete tenants with all they hold.',
    },
  },
  USER: {
    level: 'instance',
    iam: true,
    gates: {
      CREATE: 'Create users.',
      READ: 'List all users of the instance, and see their state and authentication methods.',
      UPDATE: 'Edit, disable and unlock users; set passwords and authentication methods.',
      DELETE: 'Delete users.',
    },
  },
  WORKER: {
    level: 'instance',
    gates: {
      CREATE: 'Register a worker or another service.',
      READ: 'List workers and services.',
      UPDATE: 'Report heartbeats and states.',
      DELETE: 'Remove ended workers.',
    },
  },
  WORKER_GROUP: {
    level: 'instance',
    gates: {
      CREATE: 'Create worker groups.',
      READ: 'List worker groups.',
      UPDATE: 'Change worker groups and their allowed tenants.',
      DELETE: 'Delete worker groups.',
    },
  },
  POLICY: {
    level: 'instance',
    gates: {
      READ: 'See the loaded policies with their settings.',
      UPDATE: 'Change settings of policies and the groups that they except.',
    },
  },
  TENANT_ACCESS: {
    level: 'tenant',
    iam: true,
    gates: {
      CREATE: 'Give an existing user access to the tenant, by exact user name.',
      READ: 'List who has access to the tenant.',
      DELETE: 'Withdraw access to the tenant.',
    },
  },
  SERVICE_ACCOUNT: {
    level: 'tenant',
    iam: true,
    gates: {
      CREATE: 'Create service accounts.',
      READ: 'List service accounts.',
      UPDATE: 'Change service accounts.',
      DELETE: 'Delete service accounts.',
    },
  },
  API_TOKEN: {
    level: 'tenant',
    iam: true,
    gates: {
      CREATE: 'Create API tokens of service accounts.',
      READ: 'List API tokens of service accounts (never the token itself).',
      UPDATE: 'Rotate API tokens of service accounts.',
      DELETE: 'Revoke API tokens of service accounts.',
    },
  },
  GROUP: {
    level: 'tenant',
    iam: true,
    gates: {
      CREATE: 'Create groups.',
      READ: 'List groups and their members.',
      UPDATE: 'Change groups, their members and owners.',
      DELETE: 'Delete groups.',
    },
  },
  ROLE: {
    level: 'tenant',
    iam: true,
    gates: {
      CREATE: 'Create roles.',
      READ: 'List roles and their permissions.',
      UPDATE: 'Change roles; choose the default one.',
      DELETE: 'Delete roles that nobody is bound to.',
    },
  },
  IMPERSONATE: {
    level: 'tenant',
    iam: true,
    gates: { READ: 'Act as another user within the tenant (header X-Gatehouse-Impersonate).' },
  },
  SETTING: {
    level: 'tenant',
    gates: { READ: "See the tenant's settings.", UPDATE: "Change the tenant's settings." },
  },
  BLUEPRINT: {
    level: 'tenant',
    gates: {
      CREATE: 'Create custom blueprints.',
      READ: 'Browse custom blueprints.',
      UPDATE: 'Change custom blueprints.',
      DELETE: 'Delete custom blueprints.',
    },
  },
  STATS: { level: 'tenant', gates: { READ: "See the tenant's usage figures." } },
  NAMESPACE: {
    level: 'namespace',
    gates: {
      CREATE: 'Create namespaces.',
      READ: 'List namespaces, see their settings and files.',
      UPDATE: 'Change namespaces, their settings and files.',
      DELETE: 'Delete namespaces.',
    },
  },
  SECRET: {
    level: 'namespace',
    gates: {
      CREATE: 'Add secrets.',
      READ: 'List the keys of secrets (never their values).',
      UPDATE: 'Replace secrets.',
      DELETE: 'Delete secrets.',
    },
  },
  FLOW: {
    level: 'namespace',
    gates: {
      CREATE: 'Create flows.',
      READ: 'See flows, their revisions, topology and dependencies.',
      UPDATE: 'Change, enable and disable flows.',
      DELETE: 'Delete flows.',
    },
  },
  EXECUTION: {
    level: 'namespace',
    gates: {
      CREATE: 'Start and replay executions.',
      READ: 'See executions, their logs, metrics and outputs.',
      UPDATE: 'Kill executions, change labels and states.',
      DELETE: 'Delete executions.',
    },
  },
  TRIGGER: {
    level: 'namespace',
    gates: {
      CREATE: 'Create backfills.',
      READ: 'See triggers and their state.',
      UPDATE: 'Enable, disable, unlock and restart triggers; pause and end backfills.',
      DELETE: 'Set triggers back to what their sources say.',
    },
  },
  AUDITLOG: { level: 'namespace', iam: true, gates: { READ: 'Read and follow the audit log.' } },
  BINDING: {
    level: 'namespace',
    iam: true,
    gates: {
      CREATE: 'Bind roles to users, service accounts and groups.',
      READ: 'List bindings.',
      DELETE: 'Delete bindings.',
    },
  },
} as const satisfies Record<string, CatalogEntry>;

export type ResourceName = keyof typeof catalog;
export const resourceNames = Object.keys(catalog) as ResourceName[];

export type Permission = { [R in ResourceName]: `${R}:${keyof (typeof catalog)[R]['gates'] & string}` }[ResourceName];

export const entry = (resource: ResourceName): CatalogEntry => catalog[resource];

export const levelOf = (resource: ResourceName, action: Action): Level =>
  entry(resource).levels?.[action] ?? entry(resource).level;

export const permissionsOf = (resource: ResourceName): Permission[] =>
  (Object.keys(entry(resource).gates) as Action[]).map((action) => `${resource}:${action}` as Permission);

export const allPermissions: readonly Permission[] = resourceNames.flatMap(permissionsOf);

export const isPermission = (text: string): text is Permission => (allPermissions as readonly string[]).includes(text);

const parts = new Map(
  allPermissions.map((permission) => [permission, permission.split(':') as [ResourceName, Action]]),
);

export const split = (permission: Permission): readonly [ResourceName, Action] => parts.get(permission)!;
