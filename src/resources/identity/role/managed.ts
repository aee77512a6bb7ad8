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

/** Roles that Gatehouse maintains in every tenant, with permissions from the catalog. Their content is read-only. */
export const managedRoles: readonly ManagedRoleContent[] = [
  {
    name: 'Admin',
    description: 'Everything in the tenant; nothing at the instance level.',
    permissions: allPermissions.filter((permission) => levelOf(...split(permission)) !== 'instance'),
  },
  {
    name: 'Editor',
    description: 'Writes and runs flows. No access to secrets or access management.',
    permissions: heldBy('Editor'),
  },
  { name: 'Launcher', description: 'Runs and views flows. Cannot change them.', permissions: heldBy('Launcher') },
  { name: 'Viewer', description: 'Views flows, executions and triggers.', permissions: heldBy('Viewer') },
  {
    name: 'Engine',
    description: 'For the orchestrator: claims triggers and commands, reports executions.',
    permissions: heldBy('Engine'),
  },
];

/** Managed role of the instance: an engine registers its services through an instance binding of it. */
export const managedInstanceRole: ManagedRoleContent = {
  name: 'Engine',
  description: 'For the orchestrator: registers workers and reports their state.',
  permissions: allPermissions.filter((permission) => {
    const [resource, action] = split(permission);
    return entry(resource).managedAtInstance?.includes(action) === true;
  }),
};
