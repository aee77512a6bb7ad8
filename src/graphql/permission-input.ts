import { type Action, isPermission, type Permission, type ResourceName, split } from '../access/catalog.ts';
import { badInput } from '../errors.ts';
import { builder } from './builder.ts';
import type { FieldBuilder } from './connection-type.ts';
import { ActionEnum } from './guarded.ts';
import { ResourceNameEnum } from './resource-enum.ts';

export const PermissionInput = builder.inputType('PermissionInput', {
  description: 'What to allow with one resource.',
  fields: (t) => ({
    resource: t.field({ type: ResourceNameEnum, required: true, description: 'With what.' }),
    actions: t.field({ type: [ActionEnum], required: true, description: 'To do what.' }),
  }),
});

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
