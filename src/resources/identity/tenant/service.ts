import type { Grant } from '../../../access/grant.ts';
import { record } from '../../../audit/record.ts';
import type { Tenant } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { regroupTriggers } from '../../orchestration/trigger/groups.ts';
import {
  noPlacement,
  type PlacementInput,
  placementOf,
  withGroupKey,
} from '../../orchestration/worker-group/placement.ts';
import { allowExpected } from '../../orchestration/worker-group/service.ts';
import { deleteContents } from '../../with-tenant.ts';
import { bind } from '../binding/service.ts';
import { seedManagedRoles } from '../role/service.ts';
import { giveAccess } from '../tenant-access/service.ts';
import { reservedKeys } from './reserved-keys.ts';

export interface NewTenant extends PlacementInput {
  readonly key: string;
  readonly name: string;
  readonly description?: string | null | undefined;
}

/** Creates a tenant with its managed roles. A creator who is not a super admin becomes its Admin. */
export async function createTenant(
  tx: Tx,
  grant: Grant<'TENANT:CREATE'>,
  { key, name, description = null, ...placement }: NewTenant,
): Promise<Tenant> {
  if (reservedKeys.has(key)) throw badInput(['input', 'key'], `The key ${key} is reserved. Choose another one.`);
  if (await tx.tenant.findUnique({ where: { key }, select: { id: true } }))
    throw conflict(`The tenant ${key} already exists.`);
  const id = newId();
  await allowExpected(tx, grant, { id, key });
  const placed = (await placementOf(tx, id, noPlacement, placement)) ?? noPlacement;
  const after = {
    id,
    key,
    name,
    description,
    requireSecondFactor: false,
    settings: {},
    createdAt: new Date(),
    ...placed,
  };
  await grant.review(tx, { before: null, after });
  const tenant = await tx.tenant.create({ data: after });
  record(tx, grant, { before: null, after: await withGroupKey(tx, tenant), tenant });
  const roles = await seedManagedRoles(tx, grant, tenant);
  const { doer } = grant;
  if (!grant.isSuperAdmin) {
    await giveAccess(tx, grant, tenant, doer.id);
    await bind(tx, grant, tenant, { principalId: doer.id, groupId: null, role: roles.get('Admin')!, namespace: '' });
  }
  return tenant;
}

export interface TenantChange extends PlacementInput {
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly requireSecondFactor?: boolean | null | undefined;
}

export async function updateTenant(
  tx: Tx,
  grant: Grant<'TENANT:UPDATE'>,
  id: string,
  { name, description, requireSecondFactor, ...placement }: TenantChange,
): Promise<Tenant> {
  const before = await find<Tenant>(tx, grant, 'TENANT', id);
  const data = {
    ...(name != null && { name }),
    ...(description !== undefined && { description }),
    ...(requireSecondFactor != null && { requireSecondFactor }),
    ...(await placementOf(tx, id, before, placement)),
  };
  await grant.review(tx, { before, after: { ...before, ...data } });
  const after = await changeRow(tx, 'Tenant', before, data);
  await regroupTriggers(tx, id, undefined, before, after);
  record(tx, grant, { before: await withGroupKey(tx, before), after: await withGroupKey(tx, after), tenant: after });
  return after;
}

/** Deletes a tenant and everything in it, with one event per object. Its audit events are kept, under its ID. */
export async function deleteTenant(tx: Tx, grant: Grant<'TENANT:DELETE'>, id: string): Promise<Tenant> {
  const before = await find<Tenant>(tx, grant, 'TENANT', id);
  await grant.review(tx, { before, after: null });
  await deleteContents(tx, grant, before);
  await tx.tenant.delete({ where: { id } });
  record(tx, grant, { before: await withGroupKey(tx, before), after: null, tenant: before });
  return before;
}
