import type { ManagedRole } from '../../../access/catalog/definition.ts';
import { allPermissions, entry, levelOf, type Permission, split } from '../../../access/catalog.ts';

export interface ManagedRoleContent {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly Permission[];
}

const heldBy = (role: ManagedRole): Permission[] =>
  allPermissions.filter((permission) => {
    const [resource, action] = split(permission);
    const held = entry(resource).managed?.[role];
    return held === 'all' || held?.includes(action) === true;
  });

/** The roles that Gatehouse keeps in every tenant, with what the catalog gives them. Their content cannot be edited. */
export const managedRoles: readonly ManagedRoleContent[] = [
  {
    name: 'Admin',
    description: 'Everything in the tenant; nothing at the instance level.',
    permissions: allPermissions.filter((permission) => levelOf(...split(permission)) !== 'instance'),
  },
  {
    name: 'Editor',
    description: 'Writes and runs flows; no secrets, no access management.',
    permissions: heldBy('Editor'),
  },
  { name: 'Launcher', description: 'Runs and watches flows, changes none.', permissions: heldBy('Launcher') },
  { name: 'Viewer', description: 'Sees flows, executions and triggers.', permissions: heldBy('Viewer') },
  {
    name: 'Engine',
    description: 'For the orchestrator itself: takes triggers and commands, reports executions.',
    permissions: heldBy('Engine'),
  },
];

/** The managed role of the instance: an engine registers its services through an instance binding of it. */
export const managedInstanceRole: ManagedRoleContent = {
  name: 'Engine',
  description: 'For the orchestrator itself: registers workers and reports their state.',
  permissions: allPermissions.filter((permission) => {
    const [resource, action] = split(permission);
    return entry(resource).managedAtInstance?.includes(action) === true;
  }),
};
