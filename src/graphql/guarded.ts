import type { ObjectRef } from '@pothos/core';
import type { GraphQLResolveInfo } from 'graphql';
import { type Action, actions, type Permission, permissionsOf, type ResourceName, split } from '../access/catalog.ts';
import type { Row } from '../access/grant.ts';
import type { Scope } from '../policy/decide/decision.ts';
import { refusal } from '../policy/decide/decision.ts';
import { builder } from './builder.ts';
import { askedColumns, columnsRead } from './connection/asked-columns.ts';
import type { Condition, FieldBuilder, SchemaTypes } from './connection/connection-type.ts';
import { loadWithin } from './connection/loaders.ts';
import type { Context } from './context.ts';

export interface OneSpec<Parent, Node> {
  readonly type: ObjectRef<SchemaTypes, Node>;
  readonly description: string;
  readonly permission: Permission;
  readonly scope: (parent: Parent) => Scope;
  readonly model: string;
  /** ID of the object; null if none. */
  readonly id: (parent: Parent) => string | null;
  readonly reach?: (where: Condition, parent: Parent) => Condition;
}

/** A related object with its own permission. If refused, it is null with FORBIDDEN at its path. */
export function guardedOne<Parent, Node>(builderOfField: object, spec: OneSpec<Parent, Node>) {
  const t = builderOfField as FieldBuilder<Parent>;
  return t.field({
    type: spec.type as never,
    nullable: true,
    description: spec.description,
    access: { decides: spec.permission },
    columns: spec.reach ? undefined : columnsRead(spec.scope as never, spec.id as never),
    resolve: (async (parent: Parent, _args: object, context: Context, info: GraphQLResolveInfo) => {
      const id = spec.id(parent);
      if (id === null) return null;
      const { where } = context.session.grant(spec.permission, spec.scope(parent));
      const columns = askedColumns(info);
      const row = await loadWithin(context, spec.model, spec.reach?.(where, parent) ?? where, id, columns);
      if (!row) throw refusal(context.session.decide(spec.permission, spec.scope(parent)));
      return row;
    }) as never,
  });
}

export const ActionEnum = builder.enumType('Action', {
  description: 'Action that a permission allows on a resource.',
  values: {
    CREATE: { description: 'Create.' },
    READ: { description: 'Read.' },
    UPDATE: { description: 'Update.' },
    DELETE: { description: 'Delete.' },
  },
});

/**
 * Actions of the viewer on this object, so that a frontend does not derive them.
 * @param besides actions that every reader has, regardless of grants.
 */
export function viewerPermissions<Parent>(
  builderOfField: object,
  resource: ResourceName,
  scope: (parent: Parent) => Scope,
  besides: (parent: Parent) => readonly Action[] = () => [],
) {
  const t = builderOfField as FieldBuilder<Parent>;
  return t.field({
    type: [ActionEnum],
    description:
      'Actions that the viewer is allowed to perform on this object, if necessary after a step-up. A policy that reviews changes can still refuse one.',
    resolve: ((parent: Parent, _args: object, context: Context) =>
      permissionsOf(resource)
        .filter(
          (permission) =>
            besides(parent).includes(split(permission)[1]) ||
            context.session.canAfterStepUp(permission, parent as unknown as Row, scope(parent)),
        )
        .map((permission) => split(permission)[1])
        .sort((a: Action, b: Action) => actions.indexOf(a) - actions.indexOf(b))) as never,
  });
}
