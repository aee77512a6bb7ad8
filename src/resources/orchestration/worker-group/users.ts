import DataLoader from 'dataloader';
import type { Permission } from '../../../access/catalog.ts';
import type { Row } from '../../../access/grant.ts';
import type { WorkerGroup } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { remember } from '../../../lib/remember.ts';
import { endedStates } from '../worker/states.ts';

/** True if the doer can read this row. Other rows are counted, not named. */
export type Naming = (permission: Permission, row: Row, tenantId: string | undefined) => boolean;

type Loaders = Map<string, DataLoader<string, string[]>>;

/**
 * IDs of the tenants that use a group, themselves or in a namespace, for all groups of a response in two statements.
 */
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
 * @param counts which tenants' use is a conflict.
 * @throws CONFLICT if such tenants or namespaces, or living workers, use the group. The caller has locked it.
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
      .map((row) => ({ name: `tenant ${row.key}`, isVisible: naming('TENANT:READ', row, row.id) })),
    ...namespaces
      .filter(({ tenantId }) => counts(tenantId))
      .map(({ tenant, ...row }) => ({
        name: `namespace ${row.namespace} of ${tenant.key}`,
        isVisible: naming('NAMESPACE:READ', row, row.tenantId),
      })),
    ...living.map((row) => ({ name: `worker ${row.serviceId}`, isVisible: naming('WORKER:READ', row, undefined) })),
  ];
  if (users.length === 0) return;
  const named = users.filter(({ isVisible }) => isVisible).slice(0, shown);
  const more = users.length - named.length;
  const names = [...named.map(({ name }) => name), ...(more > 0 ? [`${more} more`] : [])];
  throw conflict(`The worker group ${key} is in use: ${names.join(', ')}.`, {
    users: named.map(({ name }) => name),
    more,
  });
}
