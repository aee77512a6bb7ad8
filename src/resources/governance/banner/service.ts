import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Banner } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import type { Tx } from '../../../db/transaction.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { assertPeriod, changedPeriod, type PeriodInput } from '../../period.ts';

export const severities = { INFO: 'For information.', WARNING: 'A possible problem.', ERROR: 'A problem.' } as const;
export type Severity = keyof typeof severities;

export interface BannerContent extends PeriodInput {
  readonly message?: string | null | undefined;
  readonly severity?: Severity | null | undefined;
}

/** Creates a banner for the users of a tenant, or of all tenants (null). */
export async function createBanner(
  tx: Tx,
  grant: Grant<'BANNER:CREATE'>,
  tenant: TenantRef | null,
  { message, severity, startsAt, endsAt }: BannerContent & { readonly message: string },
): Promise<Banner> {
  const now = new Date();
  const after = {
    id: newId(),
    tenantId: tenant?.id ?? null,
    message,
    severity: severity ?? 'INFO',
    startsAt: startsAt ?? now,
    endsAt: endsAt ?? null,
    createdAt: now,
    updatedAt: now,
  };
  assertPeriod(after);
  await grant.review(tx, { before: null, after });
  const row = await tx.banner.create({ data: after });
  record(tx, grant, { before: null, after: row, tenant });
  return row;
}

export async function updateBanner(
  tx: Tx,
  grant: Grant<'BANNER:UPDATE'>,
  tenant: TenantRef | null,
  id: string,
  { message, severity, ...period }: BannerContent,
): Promise<Banner> {
  const before = await find<Banner>(tx, grant, 'BANNER', id);
  const data = {
    ...(message != null && { message }),
    ...(severity != null && { severity }),
    ...changedPeriod(period),
    updatedAt: new Date(),
  };
  assertPeriod({ ...before, ...data });
  await grant.review(tx, { before, after: { ...before, ...data } });
  const after = await changeRow(tx, 'Banner', before, data);
  record(tx, grant, { before, after, tenant });
  return after;
}

export async function deleteBanner(
  tx: Tx,
  grant: Grant<'BANNER:DELETE'>,
  tenant: TenantRef | null,
  id: string,
): Promise<Banner> {
  const before = await find<Banner>(tx, grant, 'BANNER', id);
  await grant.review(tx, { before, after: null });
  await tx.banner.delete({ where: { id } });
  record(tx, grant, { before, after: null, tenant });
  return before;
}
