import { type Action, actions, type Level, type ResourceDefinition } from './catalog/definition.ts';
import { governance } from './catalog/governance.ts';
import { identity } from './catalog/identity.ts';
import { orchestration } from './catalog/orchestration.ts';

export { type Action, actions, type Level };

/**
 * All resources. A resource that refers to another one is after it: deleting a tenant proceeds from the last to the
 * first.
 */
export const catalog = {
  TENANT: identity.TENANT,
  USER: identity.USER,
  WORKER: orchestration.WORKER,
  WORKER_GROUP: orchestration.WORKER_GROUP,
  POLICY: governance.POLICY,
  TENANT_USER: identity.TENANT_USER,
  TENANT_ACCESS: identity.TENANT_ACCESS,
  SERVICE_ACCOUNT: identity.SERVICE_ACCOUNT,
  API_TOKEN: identity.API_TOKEN,
  SESSION: identity.SESSION,
  GROUP: identity.GROUP,
  ROLE: identity.ROLE,
  IMPERSONATE: identity.IMPERSONATE,
  SETTING: governance.SETTING,
  BLUEPRINT: orchestration.BLUEPRINT,
  KILL_SWITCH: orchestration.KILL_SWITCH,
  BANNER: governance.BANNER,
  STATS: orchestration.STATS,
  NAMESPACE: orchestration.NAMESPACE,
  NAMESPACE_FILE: orchestration.NAMESPACE_FILE,
  SECRET: orchestration.SECRET,
  KVSTORE: orchestration.KVSTORE,
  FLOW: orchestration.FLOW,
  EXECUTION: orchestration.EXECUTION,
  TRIGGER: orchestration.TRIGGER,
  AUDITLOG: governance.AUDITLOG,
  BINDING: identity.BINDING,
  INVITATION: identity.INVITATION,
} as const satisfies Record<string, ResourceDefinition>;

export type ResourceName = keyof typeof catalog;
export const resourceNames = Object.keys(catalog) as ResourceName[];

export const isResource = (name: string): name is ResourceName => Object.hasOwn(catalog, name);

export type Permission = { [R in ResourceName]: `${R}:${keyof (typeof catalog)[R]['gates'] & string}` }[ResourceName];

export const entry = (resource: ResourceName): ResourceDefinition => catalog[resource];

export const levelOf = (resource: ResourceName, action: Action): Level =>
  entry(resource).levels?.[action] ?? entry(resource).level;

export const permissionsOf = (resource: ResourceName): Permission[] =>
  (Object.keys(entry(resource).gates) as Action[]).map((action) => `${resource}:${action}` as Permission);

export const allPermissions: readonly Permission[] = resourceNames.flatMap(permissionsOf);

const parts = new Map<string, [ResourceName, Action]>(
  allPermissions.map((permission) => [permission, permission.split(':') as [ResourceName, Action]]),
);

/** False for the permission of a later version, which a gateway of that version can have stored in a role. */
export const isPermission = (text: string): text is Permission => parts.has(text);

export const split = (permission: Permission): readonly [ResourceName, Action] => parts.get(permission)!;
