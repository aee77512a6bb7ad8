import {
  type Action,
  actions,
  isPermission,
  type Permission,
  type ResourceName,
  resourceNames,
  split,
} from '../access/catalog.ts';
import { badInput, GatehouseError, type Issue } from '../errors.ts';
import { builder } from './builder.ts';
import type { FieldBuilder } from './connection/connection-type.ts';
import { ActionEnum } from './guarded.ts';
import { ResourceNameEnum } from './resource-enum.ts';

export const PermissionInput = builder.inputType('PermissionInput', {
  description: 'Actions to allow on one resource.',
  fields: (t) => ({
    resource: t.field({ type: ResourceNameEnum, required: true, description: 'The resource.' }),
    actions: t.field({ type: [ActionEnum], required: true, description: 'The actions.' }),
  }),
});

/** The permissions in a list of inputs. @throws BAD_INPUT with every unknown one. */
export function toPermissions(
  inputs: readonly { readonly resource: ResourceName; readonly actions: readonly Action[] }[],
  path: readonly (string | number)[],
): Permission[] {
  const issues: Issue[] = [];
  const permissions = inputs.flatMap(({ resource, actions: wanted }, i) =>
    wanted.map((action) => {
      const permission = `${resource}:${action}`;
      if (!isPermission(permission))
        issues.push({ path: [...path, i], message: `The permission ${permission} does not exist.` });
      return permission as Permission;
    }),
  );
  if (issues.length > 0)
    throw new GatehouseError('BAD_INPUT', issues.map(({ message }) => message).join(' '), { issues });
  return permissions;
}

interface Granted {
  readonly resource: ResourceName;
  readonly actions: readonly Action[];
}

export const PermissionRef = builder.objectRef<Granted>('Permission').implement({
  description: 'Actions that a role allows on one resource.',
  fields: (t) => ({
    resource: t.field({ type: ResourceNameEnum, description: 'The resource.', resolve: ({ resource }) => resource }),
    actions: t.field({
      type: [ActionEnum],
      description: 'The actions.',
      resolve: ({ actions: allowed }) => [...allowed],
    }),
  }),
});

/** FLOW:READ, FLOW:UPDATE → { FLOW, [READ, UPDATE] } */
export function grouped(permissions: readonly Permission[]): Granted[] {
  const byResource = Map.groupBy(permissions.filter(isPermission).map(split), ([resource]) => resource);
  return resourceNames
    .filter((resource) => byResource.has(resource))
    .map((resource) => ({
      resource,
      actions: actions.filter((action) => byResource.get(resource)!.some(([, own]) => own === action)),
    }));
}

/** The single permission of a question. @throws BAD_INPUT for none or several. */
export function onePermission(
  { resource, actions }: { readonly resource: ResourceName; readonly actions: readonly Action[] },
  path: readonly (string | number)[],
): Permission {
  if (actions.length !== 1) throw badInput([...path, 'actions'], 'Pass exactly one action.');
  const permission = `${resource}:${actions[0]}`;
  if (!isPermission(permission)) throw badInput(path, `The permission ${permission} does not exist.`);
  return permission;
}

/** Object fields for one permission. */
export function permissionFields<Parent>(builderOfField: object, permissionOf: (parent: Parent) => Permission) {
  const t = builderOfField as FieldBuilder<Parent>;
  return {
    resource: t.field({
      type: ResourceNameEnum,
      description: 'The resource.',
      resolve: ((parent: Parent) => split(permissionOf(parent))[0]) as never,
    }),
    action: t.field({
      type: ActionEnum,
      description: 'The actions.',
      resolve: ((parent: Parent) => split(permissionOf(parent))[1]) as never,
    }),
  };
}
