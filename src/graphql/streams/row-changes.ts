import type { InputRef, ObjectRef } from '@pothos/core';
import { type Permission, split } from '../../access/catalog.ts';
import { isInstanceWide, resourceDefinition } from '../../access/resource.ts';
import type { ChangePlace } from '../../db/change-feed.ts';
import { type Change, instanceSource, tenantSource } from '../../db/change-source.ts';
import { lowerFirst } from '../../lib/text.ts';
import type { Scope } from '../../policy/decide/decision.ts';
import { builder } from '../builder.ts';
import type { Condition, SchemaTypes } from '../connection/connection-type.ts';
import { rows } from '../connection/reach.ts';
import type { Context } from '../context.ts';
import { globalId } from '../node.ts';
import { endable } from './slow-consumer.ts';
import { decideStream, stillAllowed } from './streams.ts';

const ChangeKind = builder.enumType('ChangeKind', {
  description: 'Kind of a change.',
  values: {
    CHANGED: { description: 'The object was created or updated.' },
    REMOVED: { description: 'The object was deleted, no longer matches the filter, or is no longer readable.' },
  },
});

interface RowChangeItem<Node> {
  readonly kind: 'CHANGED' | 'REMOVED';
  readonly id: string;
  readonly node: Node | null;
}

export interface ChangesSpec<Node, Filter> {
  /** The type of the objects. Its name is that of the resource's Prisma model. */
  readonly type: ObjectRef<SchemaTypes, Node>;
  readonly description: string;
  /** Reads the resource, which the catalog declares as `live`. Where its rows belong to tenants, the field takes one. */
  readonly permission: Permission;
  readonly where?: {
    readonly input: InputRef<Filter>;
    readonly toCondition: (filter: Filter, context: Context) => Condition | Promise<Condition>;
  };
}

const modelOf = (permission: Permission): string => resourceDefinition(split(permission)[0])!.model!;

interface Args<Filter> {
  readonly tenantKey?: string;
  readonly where?: Filter | null;
}

/** Max IDs that a stream remembers as sent, to detect removals. Beyond it, the oldest are dropped. */
const maxSent = 10_000;

/** Defines a subscription to changes of rows, and its type `XChange`. Decided again for every change. */
export function changesSubscription<Node, Filter = never>(name: string, spec: ChangesSpec<Node, Filter>): void {
  const { type, description, permission, where } = spec;
  const model = modelOf(permission);
  const inTenant = !isInstanceWide(split(permission)[0]);
  const ChangeType = builder.objectRef<RowChangeItem<Node>>(`${model}Change`).implement({
    description: `A change of one ${model}.`,
    fields: (t) =>
      ({
        kind: t.field({ type: ChangeKind, description: 'Kind of the change.', resolve: (change) => change.kind }),
        id: t.id({ description: 'ID of the changed object.', resolve: (change) => globalId(model, change.id) }),
        [lowerFirst(model)]: t.field({
          type: type as never,
          nullable: true,
          description: 'The object in its current state; null if it was removed.',
          resolve: ((change: RowChangeItem<Node>) => change.node) as never,
        }),
      }) as never,
  });
  builder.subscriptionField(name, (t) =>
    t.field({
      type: ChangeType as ObjectRef<SchemaTypes, RowChangeItem<Node>>,
      description: `${description} Quick successive changes of one object may be merged.`,
      access: { decides: permission },
      args: {
        ...(inTenant && { tenantKey: t.arg.string({ required: true, description: 'Key of the tenant.' }) }),
        ...(where && {
          where: t.arg({ type: where.input as never, description: 'Filter. All given fields must match.' }),
        }),
      } as never,
      subscribe: ((_root: unknown, args: Args<Filter>, context: Context) => begin(name, spec, args, context)) as never,
      resolve: ((change: RowChangeItem<Node>) => change) as never,
    }),
  );
}

async function begin<Node, Filter>(
  name: string,
  spec: ChangesSpec<Node, Filter>,
  { tenantKey, where }: Args<Filter>,
  context: Context,
): Promise<AsyncIterable<RowChangeItem<Node>>> {
  const tenant = await decideStream(context, name, spec.permission, tenantKey);
  const condition = where == null ? undefined : await spec.where?.toCondition(where, context);
  // The position is read before the first result, so that changes right after subscribing are sent.
  const position = await context.changes.now();
  const ended = new AbortController();
  const scope = { tenantId: tenant?.id };
  const followed = { field: name, permission: spec.permission, ...scope };
  return endable(follow(context, spec, scope, position, condition, ended), ended, context, followed);
}

async function* follow<Node, Filter>(
  context: Context,
  { permission }: ChangesSpec<Node, Filter>,
  scope: Scope,
  position: ChangePlace,
  condition: Condition | undefined,
  ended: AbortController,
): AsyncGenerator<RowChangeItem<Node>, void> {
  const model = modelOf(permission);
  const source = scope.tenantId === undefined ? instanceSource(model) : tenantSource(model, scope.tenantId);
  const sent = new Set<string>();
  try {
    for await (const changes of context.changes.follow(source, position, ended.signal)) {
      // Also without changes: a revoked permission ends the stream.
      await stillAllowed(context, permission, scope);
      const wanted = await satisfying(context, model, changes, condition);
      for (const { kind, row } of changes) {
        const grant = await stillAllowed(context, permission, scope);
        const id = row['id'] as string;
        const isVisible = grant.matches(row);
        context.loaders.clear();
        if (kind === 'row' && isVisible && wanted(id)) {
          sent.delete(id);
          sent.add(id);
          if (sent.size > maxSent) sent.delete(sent.values().next().value!);
          yield { kind: 'CHANGED', id, node: row as Node };
        } else if (sent.delete(id) || (kind === 'removal' && isVisible)) {
          yield { kind: 'REMOVED', id, node: null };
        }
      }
    }
  } finally {
    ended.abort();
  }
}

/** Which of these match the subscriber's filter. The database decides, so that it means the same as in lists. */
async function satisfying(
  context: Context,
  model: string,
  changes: readonly Change[],
  condition: Condition | undefined,
): Promise<(id: string) => boolean> {
  if (condition === undefined || changes.length === 0) return () => true;
  const ids = changes.filter(({ kind }) => kind === 'row').map(({ row }) => row['id'] as string);
  const where = { AND: [{ id: { in: ids } }, condition] };
  const matching = await rows(context).find({ model, where, columns: ['id'] });
  const wanted = new Set(matching.map((row) => row['id'] as string));
  return (id) => wanted.has(id);
}
