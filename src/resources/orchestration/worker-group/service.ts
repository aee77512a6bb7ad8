import { z } from 'zod';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Tenant, WorkerGroup } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { deletedWithTenant } from '../../with-tenant.ts';
import { endedStates } from '../worker/states.ts';
import { allowedOf, allows, expecting, futureKeys, isClosed, isOpen, keysOf, without } from './allowed.ts';
import { assertUnused, type Naming } from './users.ts';

export const workerGroupKey = z
  .string()
  .max(100, 'A key can have at most 100 characters.')
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]*(?![\s\S])/, {
    error: 'A key can contain the letters a to z, digits, _ and -, and must begin with a letter or digit.',
  });

/** A row in audit events: tenants by their keys. */
const audited = async (tx: Tx, group: WorkerGroup) => ({
  ...group,
  open: isOpen(group),
  allowedTenants: await keysOf(tx, group),
});

export interface NewWorkerGroup {
  readonly key: string;
  readonly description?: string | null | undefined;
  /** Keys of tenants; empty for every tenant. */
  readonly allowedTenantKeys?: readonly string[] | null | undefined;
}

/** The creators of tenants learn in any case which keys are taken. */
const mayCreate = (naming: Naming, key: string): boolean => naming('TENANT:CREATE', { key }, undefined);

export async function createWorkerGroup(
  tx: Tx,
  grant: Grant<'WORKER_GROUP:CREATE'>,
  naming: Naming,
  { key, description = null, allowedTenantKeys }: NewWorkerGroup,
): Promise<WorkerGroup> {
  const group = {
    id: newId(),
    key,
    description,
    allowedTenants: await allowedOf(tx, allowedTenantKeys ?? [], {
      tenant: (tenant) => naming('TENANT:READ', { ...tenant }, tenant.id),
      future: (name) => mayCreate(naming, name),
    }),
    createdAt: new Date(),
  };
  await grant.review(tx, { before: null, after: group });
  const taken = await tx.workerGroup.findUnique({ where: { key }, select: { id: true } });
  if (taken) throw conflict(`The worker group ${key} already exists.`);
  await tx.workerGroup.create({ data: group });
  record(tx, grant, { before: null, after: await audited(tx, group), tenant: null });
  return group;
}

export interface WorkerGroupChange {
  readonly description?: string | null | undefined;
  /** Keys of all allowed tenants; empty for every tenant. */
  readonly allowedTenantKeys?: readonly string[] | null | undefined;
  /** Opens a closed group to every tenant. */
  readonly open?: boolean | null | undefined;
}

/** @throws CONFLICT if a tenant that uses it would no longer be allowed. */
export async function updateWorkerGroup(
  tx: Tx,
  grant: Grant<'WORKER_GROUP:UPDATE'>,
  naming: Naming,
  id: string,
  { description, allowedTenantKeys, open }: WorkerGroupChange,
): Promise<WorkerGroup> {
  // Tenants before groups: deleting a tenant locks in the same order.
  const known = allowedTenantKeys == null ? null : await tx.workerGroup.findUnique({ where: { id } });
  const expected = known ? futureKeys(known) : [];
  const nameable = {
    tenant: (tenant: Tenant): boolean =>
      known?.allowedTenants.includes(tenant.id) === true || naming('TENANT:READ', { ...tenant }, tenant.id),
    future: (key: string): boolean => expected.includes(key) || mayCreate(naming, key),
  };
  const ids = allowedTenantKeys == null ? undefined : await allowedOf(tx, allowedTenantKeys, nameable);
  const before = await find<WorkerGroup>(tx, grant, 'WORKER_GROUP', id);
  if (ids?.length === 0 && isClosed(before) && open !== true)
    throw conflict(
      'The last tenant of this group was deleted, so the group is closed. Name other tenants or pass `open: true`.',
    );
  if (open === true && ids !== undefined && ids.length > 0)
    throw conflict('Pass either open: true or allowedTenantKeys.');
  const list = open === true ? [] : ids;
  const after = {
    ...before,
    ...(description !== undefined && { description }),
    ...(list !== undefined && { allowedTenants: list }),
  };
  await grant.review(tx, { before, after });
  if (list !== undefined) await assertUnused(tx, naming, before, (tenantId) => !allows(after, tenantId));
  const earlier = await audited(tx, before);
  const data = { description: after.description, allowedTenants: after.allowedTenants };
  await changeRow(tx, 'WorkerGroup', before, data);
  record(tx, grant, { before: earlier, after: await audited(tx, after), tenant: null });
  return after;
}

/**
 * @throws CONFLICT while living workers, a tenant or a namespace use it. The message names those that the doer can
 * read.
 */
export async function deleteWorkerGroup(
  tx: Tx,
  grant: Grant<'WORKER_GROUP:DELETE'>,
  naming: Naming,
  id: string,
): Promise<WorkerGroup> {
  const before = await find<WorkerGroup>(tx, grant, 'WORKER_GROUP', id);
  await grant.review(tx, { before, after: null });
  await assertUnused(tx, naming, before, () => true, { workers: true });
  await tx.worker.updateMany({ where: { groupId: id, state: { in: [...endedStates] } }, data: { groupId: null } });
  const earlier = await audited(tx, before);
  await tx.workerGroup.delete({ where: { id } });
  record(tx, grant, { before: earlier, after: null, tenant: null });
  return before;
}

/** Removes a deleted tenant from all lists. A list that becomes empty closes its group. */
deletedWithTenant('WORKER_GROUP', async (tx, grant, tenant) => {
  const groups = await tx.$queryRaw<WorkerGroup[]>`
    SELECT * FROM "WorkerGroup" WHERE ${tenant.id} = ANY("allowedTenants") ORDER BY id FOR UPDATE`;
  for (const group of groups) {
    const before = await audited(tx, group);
    const after = { ...group, allowedTenants: without(group, tenant.id) };
    await rowsOf(tx).update('WorkerGroup', group.id, { allowedTenants: after.allowedTenants });
    record(tx, grant, {
      resource: 'WORKER_GROUP',
      before,
      after: await audited(tx, after),
      tenant: null,
      verb: 'update',
      details: { deletedTenant: tenant.key, closed: isClosed(after) },
    });
  }
});

/** Allows a new tenant in the groups that named its key before it existed. Called before it is placed in a group. */
export async function allowExpected(tx: Tx, grant: Grant<'TENANT:CREATE'>, tenant: TenantRef): Promise<void> {
  for (const { group, allowedTenants } of await expecting(tx, tenant)) {
    await rowsOf(tx).update('WorkerGroup', group.id, { allowedTenants });
    // The list of keys in the event is the same before and after.
    const row = await audited(tx, group);
    record(tx, grant, {
      resource: 'WORKER_GROUP',
      before: row,
      after: row,
      tenant: null,
      verb: 'update',
      details: { createdTenant: tenant.key },
    });
  }
}
