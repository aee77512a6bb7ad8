import DataLoader from 'dataloader';
import { ancestorsOf } from '../../../access/where.ts';
import type { Namespace, Tenant, WorkerGroup } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { type FieldBuilder, refOf } from '../../../graphql/connection/connection-type.ts';
import { loadRow } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { guardedOne } from '../../../graphql/guarded.ts';
import { remember } from '../../../lib/remember.ts';
import { WorkerGroupFallback } from './fallback.ts';
import { type Fallback, type InheritedWorkerGroup, type Placement, workerGroupOf } from './placement.ts';

type Loaders = Map<string, DataLoader<string, never>>;

/** Keys of groups by their ids. A key is told to whom it is set for, whoever may list the groups. */
const groupKey = async (context: Context, id: string): Promise<string | null> =>
  (await loadRow<WorkerGroup>(context, 'workerGroup', id))?.key ?? null;

const separator = '\n';

/** The groups in effect in namespaces, for all of an answer in two statements. */
function inheritedIn(
  { db, loaders }: Context,
  { tenantId, namespace }: Namespace,
): Promise<InheritedWorkerGroup | null> {
  const loader = remember(loaders as Loaders, 'inherited worker groups', () => {
    return new DataLoader<string, never>(async (keys) => {
      const asked = keys.map((key) => key.split(separator) as [string, string]);
      const ids = [...new Set(asked.map(([tenant]) => tenant))];
      const names = [...new Set(asked.flatMap(([, name]) => [...ancestorsOf(name), name]))];
      const placement = { workerGroupId: true, workerGroupFallback: true } as const;
      const [rows, tenants] = await Promise.all([
        db.namespace.findMany({
          where: { tenantId: { in: ids }, namespace: { in: names }, workerGroupId: { not: null } },
          select: { tenantId: true, namespace: true, ...placement },
        }),
        db.tenant.findMany({ where: { id: { in: ids } }, select: { id: true, ...placement } }),
      ]);
      const none: Placement = { workerGroupId: null, workerGroupFallback: null };
      return asked.map(([tenant, name]) => {
        const own = new Set([...ancestorsOf(name), name]);
        const chain = rows.filter((row) => row.tenantId === tenant && own.has(row.namespace));
        return (workerGroupOf(chain, tenants.find(({ id }) => id === tenant) ?? none) ?? null) as never;
      });
    });
  });
  return loader.load(`${tenantId}${separator}${namespace}`);
}

const InheritedWorkerGroupRef = builder.objectRef<InheritedWorkerGroup>('InheritedWorkerGroup').implement({
  description: 'The worker group in effect, with where it is from.',
  fields: (t) => ({
    key: t.string({
      description: 'Its key.',
      resolve: async ({ workerGroupId }, _args, context) => (await groupKey(context, workerGroupId)) ?? '',
    }),
    fallback: t.expose('fallback', {
      type: WorkerGroupFallback,
      description: 'What happens while it has no worker.',
    }),
    namespace: t.exposeString('namespace', {
      nullable: true,
      description: 'The namespace that names it: this one, or one above it; null: the tenant.',
    }),
  }),
});

/** What a tenant or a namespace says itself. */
const ownPlacement = <Row extends Placement>(t: FieldBuilder<Row>) => ({
  workerGroup: guardedOne<Row, unknown>(t, {
    type: refOf('WorkerGroup') as never,
    description: 'Its own worker group, for what names no other.',
    permission: 'WORKER_GROUP:READ',
    scope: () => ({}),
    model: 'workerGroup',
    id: ({ workerGroupId }) => workerGroupId,
  }),
  workerGroupKey: t.string({
    nullable: true,
    description: 'Key of its own worker group, also for those who may not list the groups.',
    resolve: (({ workerGroupId }: Row, _args: object, context: Context) =>
      workerGroupId === null ? null : groupKey(context, workerGroupId)) as never,
  }),
  workerGroupFallback: t.field({
    type: WorkerGroupFallback,
    nullable: true,
    description: 'What happens while its own worker group has no worker; null: it has no such group.',
    resolve: (({ workerGroupFallback }: Row) => workerGroupFallback as Fallback | null) as never,
  }),
});

builder.prismaObjectFields('Tenant', (t) => ownPlacement<Tenant>(t as never) as never);
builder.prismaObjectFields('Namespace', (t) => ({
  ...(ownPlacement<Namespace>(t as never) as object),
  inheritedWorkerGroup: t.field({
    type: InheritedWorkerGroupRef,
    nullable: true,
    description:
      "The worker group in effect for what names none itself: the nearest namespace's, then the tenant's; null: any worker without a group. It is read with the namespace, whoever may read those above it.",
    resolve: (namespace: Namespace, _args, context) => inheritedIn(context, namespace),
  }),
}));
