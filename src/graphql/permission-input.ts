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
  description: 'What to allow with one resource.',
  fields: (t) => ({
    resource: t.field({ type: ResourceNameEnum, required: true, description: 'With what.' }),
    actions: t.field({ type: [ActionEnum], required: true, description: 'To do what.' }),
  }),
});

/** The permissions that a list of inputs names. @throws BAD_INPUT with every one that does not exist. */
export function toPermissions(
  inputs: readonly { readonly resource: ResourceName; readonly actions: readonly Action[] }[],
  path: readonly (string | number)[],
): Permission[] {
  const issues: Issue[] = [];
  const permissions = inputs.flatMap(({ resource, actions: wanted }, i) =>
    wanted.map((action) => {
      const permission = `${resource}:${action}`;
      if (!isPermission(permission))
        issues.push({ path: [...path, i], message: `There is no permission ${permission}.` });
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
  description: 'What a role allows to do with one resource.',
  fields: (t) => ({
    resource: t.field({ type: ResourceNameEnum, description: 'With what.', resolve: ({ resource }) => resource }),
    actions: t.field({
      type: [ActionEnum],
      description: 'To do what.',
      resolve: ({ actions: allowed }) => [...allowed],
    }),
  }),
});

/** FLOW:READ, FLOW:UPDATE → { FLOW, [READ, UPDATE] } */
export function grouped(permissions: readonly Permission[]): Granted[] {
  const byResource = Map.groupBy(permissions.map(split), ([resource]) => resource);
  return resourceNames
    .filter((resource) => byResource.has(resource))
    .map((resource) => ({
      resource,
      actions: actions.filter((action) => byResource.get(resource)!.some(([, own]) => own === action)),
    }));
}

/** The one permission that a question is about. @throws BAD_INPUT where it names none, or several. */
export function onePermission(
  { resource, actions }: { readonly resource: ResourceName; readonly actions: readonly Action[] },
  path: readonly (string | number)[],
): Permission {
  if (actions.length !== 1) throw badInput([...path, 'actions'], 'Ask about one action at a time.');
  const permission = `${resource}:${actions[0]}`;
  if (!isPermission(permission)) throw badInput(path, `There is no permission ${permission}.`);
  return permission;
}

/** The fields of an object that tells of one permission. */
export function permissionFields<Parent>(builderOfField: object, permissionOf: (parent: Parent) => Permission) {
  const t = builderOfField as FieldBuilder<Parent>;
  return {
    resource: t.field({
      type: ResourceNameEnum,
      description: 'With what.',
      resolve: ((parent: Parent) => split(permissionOf(parent))[0]) as never,
    }),
    action: t.field({
      type: ActionEnum,
      description: 'To do what.',
      resolve: ((parent: Parent) => split(permissionOf(parent))[1]) as never,
    }),
  };
}
