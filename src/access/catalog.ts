import { type Action, actions, type Level, type ResourceDefinition } from './catalog/definition.ts';
import { governance } from './catalog/governance.ts';
import { identity } from './catalog/identity.ts';
import { orchestration } from './catalog/orchestration.ts';

export { type Action, actions, type Level };

const { TENANT, USER, TENANT_ACCESS, SERVICE_ACCOUNT, API_TOKEN, GROUP, ROLE, IMPERSONATE, BINDING } = identity;
const { WORKER, WORKER_GROUP, BLUEPRINT, STATS, NAMESPACE, SECRET, FLOW, EXECUTION, TRIGGER } = orchestration;
const { POLICY, SETTING, AUDITLOG } = governance;

/**
 * All resources. A resource that refers to another one is after it: deleting a tenant proceeds from the last to the
 * first.
 */
export const catalog = {
  TENANT,
  USER,
  WORKER,
  WORKER_GROUP,
  POLICY,
  TENANT_ACCESS,
  SERVICE_ACCOUNT,
  API_TOKEN,
  GROUP,
  ROLE,
  IMPERSONATE,
  SETTING,
  BLUEPRINT,
  STATS,
  NAMESPACE,
  SECRET,
  FLOW,
  EXECUTION,
  TRIGGER,
  AUDITLOG,
  BINDING,
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

export const isPermission = (text: string): text is Permission => (allPermissions as readonly string[]).includes(text);

const parts = new Map(
  allPermissions.map((permission) => [permission, permission.split(':') as [ResourceName, Action]]),
);

export const split = (permission: Permission): readonly [ResourceName, Action] => parts.get(permission)!;
