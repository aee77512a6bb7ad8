import DataLoader from 'dataloader';
import type { Permission } from '../../../access/catalog.ts';
import type { Row } from '../../../access/grant.ts';
import type { WorkerGroup } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { remember } from '../../../lib/remember.ts';
import { endedStates } from '../worker/states.ts';

/** May the doer be told of this row? What they may not read is counted, not named. */
export type Naming = (permission: Permission, row: Row, tenantId: string | undefined) => boolean;

type Loaders = Map<string, DataLoader<string, string[]>>;

/** Ids of the tenants that use a group, by themselves or by a namespace: for all groups of an answer in two statements. */
export function usersOf({ db, loaders }: Context, { id }: WorkerGroup): Promise<string[]> {
  const loader = remember(loaders as Loaders, 'tenants that use worker groups', () => {
    return new DataLoader<string, string[]>(async (groups) => {
      const where = { workerGroupId: { in: [...groups] } };
      const [tenants, namespaces] = await Promise.all([
        db.tenant.findMany({ where, select: { id: true, workerGroupId: true } }),
        db.namespace.findMany({
          where,
          select: { tenantId: true, workerGroupId: true },
          distinct: ['tenantId', 'workerGroupId'],
        }),
      ]);
      const users = [...tenants.map((row) => ({ ...row, tenantId: row.id })), ...namespaces];
      return groups.map((group) => [
        ...new Set(users.filter((user) => user.workerGroupId === group).map(({ tenantId }) => tenantId)),
      ]);
    });
  });
  return loader.load(id);
}

const shown = 10;

/**
 * @param counts which tenants' use stands in the way.
 * @throws CONFLICT where tenants or namespaces of those, or workers that live, use the group. The caller has locked it.
 */
export async function assertUnused(
  tx: Tx,
  naming: Naming,
  { id, key }: WorkerGroup,
  counts: (tenantId: string) => boolean,
  { workers = false }: { workers?: boolean } = {},
): Promise<void> {
  const tenants = await tx.tenant.findMany({ where: { workerGroupId: id }, orderBy: { key: 'asc' } });
  const namespaces = await tx.namespace.findMany({
    where: { workerGroupId: id },
    include: { tenant: true },
    orderBy: [{ tenantId: 'asc' }, { namespace: 'asc' }],
  });
  const living = workers
    ? await tx.worker.findMany({ where: { groupId: id, state: { notIn: [...endedStates] } }, orderBy: { id: 'asc' } })
    : [];
  const users = [
    ...tenants
      .filter((row) => counts(row.id))
      .map((row) => ({ name: `tenant ${row.key}`, told: naming('TENANT:READ', row, row.id) })),
    ...namespaces
      .filter(({ tenantId }) => counts(tenantId))
      .map(({ tenant, ...row }) => ({
        name: `namespace ${row.namespace} of ${tenant.key}`,
        told: naming('NAMESPACE:READ', row, row.tenantId),
      })),
    ...living.map((row) => ({ name: `worker ${row.serviceId}`, told: naming('WORKER:READ', row, undefined) })),
  ];
  if (users.length === 0) return;
  const named = users.filter(({ told }) => told).slice(0, shown);
  const more = users.length - named.length;
  const names = [...named.map(({ name }) => name), ...(more > 0 ? [`${more} more`] : [])];
  throw conflict(`The worker group ${key} is in use: ${names.join(', ')}.`, {
    users: named.map(({ name }) => name),
    more,
  });
}
