import { z } from 'zod';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Tenant } from '../../../db/generated/client.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { notFound } from '../../../errors.ts';
import { canonicalJson } from '../../../lib/json.ts';
import { withGroupKey } from '../../orchestration/worker-group/placement.ts';

export const tenantSettings = z.object({
  /** A flow can be saved only in a namespace that was created. */
  requireExistingNamespace: z.boolean().optional(),
  /** Days to keep ended executions. Absent: as the gateway's setting. */
  executionDays: z
    .int()
    .min(1, 'Executions are kept for at least a day.')
    .max(36_500, 'At most 36,500 days are allowed.')
    .optional(),
});
export type TenantSettings = z.infer<typeof tenantSettings>;

export const settingsOf = ({ settings }: Pick<Tenant, 'settings'>): TenantSettings => settings as TenantSettings;

export interface TenantSettingsChange {
  readonly requireExistingNamespace?: boolean | null | undefined;
  /** Null: as the gateway's setting. */
  readonly executionDays?: number | null | undefined;
}

/** Changes the given settings. */
export async function updateTenantSettings(
  tx: Tx,
  grant: Grant<'SETTING:UPDATE'>,
  tenant: TenantRef,
  { requireExistingNamespace, executionDays }: TenantSettingsChange,
): Promise<Tenant> {
  const [before] = await tx.$queryRaw<Tenant[]>`SELECT * FROM "Tenant" WHERE id = ${tenant.id} FOR NO KEY UPDATE`;
  if (!before) throw notFound('The tenant');
  const given = {
    ...settingsOf(before),
    ...(requireExistingNamespace != null && { requireExistingNamespace }),
    ...(executionDays !== undefined && { executionDays: executionDays ?? undefined }),
  };
  return putSettings(tx, grant, before, given);
}

/** Replaces all settings. */
export async function putSettings(
  tx: Tx,
  grant: Grant<'SETTING:UPDATE'>,
  before: Tenant,
  given: TenantSettings,
): Promise<Tenant> {
  const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  // A grant for settings names the tenant of the row.
  const row = { ...before, tenantId: before.id };
  await grant.review(tx, { before: row, after: { ...row, settings } });
  if (canonicalJson(settings) === canonicalJson(before.settings)) return before;
  const after = (await rowsOf(tx).update('Tenant', before.id, { settings })) as Tenant;
  record(tx, grant, {
    resource: 'TENANT',
    before: await withGroupKey(tx, before),
    after: await withGroupKey(tx, after),
    tenant: after,
    verb: 'configure',
  });
  return after;
}
