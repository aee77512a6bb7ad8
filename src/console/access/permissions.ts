import type { Action, ResourceName } from '../generated/RoleEditor_role.graphql.ts';

/** Permissions of a role, such as FLOW:UPDATE. */
export const permissionsOf = (
  list: readonly { readonly resource: ResourceName; readonly actions: readonly Action[] }[],
): ReadonlySet<string> =>
  new Set(list.flatMap(({ resource, actions }) => actions.map((action) => `${resource}:${action}`)));

/** The same as the API takes them: by resource. */
export function inputsOf(permissions: ReadonlySet<string>): { resource: ResourceName; actions: Action[] }[] {
  const byResource = new Map<string, string[]>();
  for (const permission of [...permissions].sort()) {
    const [resource = '', action = ''] = permission.split(':');
    byResource.set(resource, [...(byResource.get(resource) ?? []), action]);
  }
  return [...byResource].map(([resource, actions]) => ({
    resource: resource as ResourceName,
    actions: actions as Action[],
  }));
}
