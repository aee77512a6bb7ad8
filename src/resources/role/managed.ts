import { allPermissions, levelOf, type Permission, type ResourceName, split } from '../../access/catalog.ts';

const all = (...resources: ResourceName[]): Permission[] =>
  allPermissions.filter((p) => resources.includes(split(p)[0]));
const read = (...resources: ResourceName[]): Permission[] =>
  resources.map((resource) => `${resource}:READ` as Permission);

const viewer = read('NAMESPACE', 'FLOW', 'EXECUTION', 'TRIGGER', 'BLUEPRINT', 'STATS');

/** The roles that Gatehouse keeps in every tenant. Nobody edits them. */
export const managedRoles: readonly { name: string; description: string; permissions: readonly Permission[] }[] = [
  {
    name: 'Admin',
    description: 'Everything in the tenant; nothing at the instance level.',
    permissions: allPermissions.filter((permission) => levelOf(...split(permission)) !== 'instance'),
  },
  {
    name: 'Editor',
    description: 'Writes and runs flows; no secrets, no access management.',
    permissions: [...all('FLOW', 'EXECUTION', 'TRIGGER', 'SETTING'), ...read('NAMESPACE', 'BLUEPRINT', 'STATS')],
  },
  {
    name: 'Launcher',
    description: 'Runs and watches flows, changes none.',
    permissions: [...viewer, 'EXECUTION:CREATE', 'EXECUTION:UPDATE'],
  },
  { name: 'Viewer', description: 'Sees flows, executions and triggers.', permissions: viewer },
  {
    name: 'Engine',
    description: 'For the orchestrator itself: takes triggers and commands, reports executions.',
    permissions: [
      ...read('FLOW', 'NAMESPACE'),
      'EXECUTION:CREATE',
      'EXECUTION:READ',
      'EXECUTION:UPDATE',
      'TRIGGER:READ',
      'TRIGGER:UPDATE',
    ],
  },
];

/** The managed role of the instance: an engine registers its services through an instance binding of it. */
export const managedInstanceRole = {
  name: 'Engine',
  description: 'For the orchestrator itself: registers workers and reports their state.',
  permissions: ['WORKER:CREATE', 'WORKER:READ', 'WORKER:UPDATE'] as readonly Permission[],
};
