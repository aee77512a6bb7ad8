import type { Level } from '../../src/access/catalog.ts';

export const actors = [
  'no access',
  'namespace binding',
  'tenant binding',
  'group binding',
  'instance binding',
  'super admin',
  'other tenant',
] as const;
export type ActorName = (typeof actors)[number];

/**
 * Allowed actors by the level of the permission. Written by hand: the engine is not asked. For a super admin in a
 * tenant it depends on whether the resource is identity and access management ('iam').
 */
export const expected: Record<Level, Record<ActorName, boolean | 'iam'>> = {
  instance: {
    'no access': false,
    'namespace binding': false,
    'tenant binding': false,
    'group binding': false,
    'instance binding': true,
    'super admin': true,
    'other tenant': false,
  },
  tenant: {
    'no access': false,
    'namespace binding': false,
    'tenant binding': true,
    'group binding': true,
    'instance binding': false,
    'super admin': 'iam',
    'other tenant': false,
  },
  namespace: {
    'no access': false,
    'namespace binding': true,
    'tenant binding': true,
    'group binding': true,
    'instance binding': false,
    'super admin': 'iam',
    'other tenant': false,
  },
};

/** The permissions of policy.md §1 by level, written out independently. */
export const levels: Record<string, Level> = {
  'TENANT:CREATE': 'instance',
  'TENANT:DELETE': 'instance',
  'TENANT:READ': 'tenant',
  'TENANT:UPDATE': 'tenant',
  USER: 'instance',
  WORKER: 'instance',
  WORKER_GROUP: 'instance',
  POLICY: 'instance',
  TENANT_ACCESS: 'tenant',
  SERVICE_ACCOUNT: 'tenant',
  API_TOKEN: 'tenant',
  SESSION: 'instance',
  GROUP: 'tenant',
  ROLE: 'tenant',
  IMPERSONATE: 'tenant',
  SETTING: 'tenant',
  BLUEPRINT: 'tenant',
  STATS: 'tenant',
  NAMESPACE: 'namespace',
  NAMESPACE_FILE: 'namespace',
  SECRET: 'namespace',
  KVSTORE: 'namespace',
  FLOW: 'namespace',
  EXECUTION: 'namespace',
  TRIGGER: 'namespace',
  AUDITLOG: 'namespace',
  BINDING: 'namespace',
  INVITATION: 'tenant',
  KILL_SWITCH: 'tenant',
  TENANT_USER: 'tenant',
  BANNER: 'tenant',
};
export const iam = new Set([
  'TENANT',
  'USER',
  'TENANT_ACCESS',
  'SERVICE_ACCOUNT',
  'API_TOKEN',
  'SESSION',
  'GROUP',
  'ROLE',
  'IMPERSONATE',
  'AUDITLOG',
  'BINDING',
  'INVITATION',
  'KILL_SWITCH',
  'TENANT_USER',
  'BANNER',
]);

/** A tenant is visible to everyone with access to it, whatever their permissions. */
const seesTenant: Record<ActorName, boolean> = {
  'no access': false,
  'namespace binding': true,
  'tenant binding': true,
  'group binding': true,
  'instance binding': true,
  'super admin': true,
  'other tenant': false,
};

export function mayExpect(permission: string, actor: ActorName): boolean {
  if (permission === 'TENANT:READ') return seesTenant[actor];
  const resource = permission.split(':')[0]!;
  const answer = expected[levels[permission] ?? levels[resource]!][actor];
  return answer === 'iam' ? iam.has(resource) : answer;
}
