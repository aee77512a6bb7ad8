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

/** Keys of groups by ID. A key is visible with the tenant or namespace that uses it, without access to the group. */
const groupKey = async (context: Context, id: string): Promise<string | null> =>
  (await loadRow<WorkerGroup>(context, 'WorkerGroup', id))?.key ?? null;

const separator = '\n';

/** The groups in effect in namespaces, for a whole response in two statements. */
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
  description: 'The worker group in effect, with its origin.',
  fields: (t) => ({
    key: t.string({
      description: 'Key of the worker group.',
      resolve: async ({ workerGroupId }, _args, context) => (await groupKey(context, workerGroupId)) ?? '',
    }),
    fallback: t.expose('fallback', {
      type: WorkerGroupFallback,
      description: 'What happens while the group has no worker.',
    }),
    namespaceName: t.exposeString('namespace', {
      nullable: true,
      description: 'The namespace that sets it: this one or an ancestor. Null if the tenant sets it.',
    }),
  }),
});

/** The own setting of a tenant or namespace. */
const ownPlacement = <Row extends Placement>(t: FieldBuilder<Row>) => ({
  workerGroup: guardedOne<Row, unknown>(t, {
    type: refOf('WorkerGroup') as never,
    description: 'Own worker group, for work that names none.',
    permission: 'WORKER_GROUP:READ',
    scope: () => ({}),
    model: 'WorkerGroup',
    id: ({ workerGroupId }) => workerGroupId,
  }),
  workerGroupKey: t.string({
    nullable: true,
    description: 'Key of the own worker group. Readable without access to the group.',
    resolve: (({ workerGroupId }: Row, _args: object, context: Context) =>
      workerGroupId === null ? null : groupKey(context, workerGroupId)) as never,
  }),
  workerGroupFallback: t.field({
    type: WorkerGroupFallback,
    nullable: true,
    description: 'What happens while the own worker group has no worker; null if no group is set.',
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
      'The worker group in effect for work that names none: that of the nearest namespace, then of the tenant. Null: any worker without a group. Readable with the namespace, even if the viewer cannot read its ancestors.',
    resolve: (namespace: Namespace, _args, context) => inheritedIn(context, namespace),
  }),
}));
