import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Announcement } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';

export const announcementLevels = ['INFO', 'WARNING', 'ALERT'] as const;
export type AnnouncementLevel = (typeof announcementLevels)[number];

export interface AnnouncementContent {
  readonly title?: string | null | undefined;
  readonly text?: string | null | undefined;
  readonly level?: AnnouncementLevel | null | undefined;
  readonly from?: Date | null | undefined;
  readonly until?: Date | null | undefined;
}

function assertInOrder({ from, until }: Pick<Announcement, 'from' | 'until'>): void {
  if (until && until <= from) throw badInput(['input', 'until'], 'An announcement ends after it begins.');
}

export async function createAnnouncement(
  tx: Tx,
  grant: Grant<'ANNOUNCEMENT:CREATE'>,
  tenant: TenantRef,
  { title, text, level, from, until }: AnnouncementContent & { title: string; text: string },
): Promise<Announcement> {
  const now = new Date();
  const after = {
    id: newId(),
    tenantId: tenant.id,
    title,
    text,
    level: level ?? 'INFO',
    from: from ?? now,
    until: until ?? null,
    createdAt: now,
    updatedAt: now,
  };
  assertInOrder(after);
  await grant.review(tx, { before: null, after });
  const row = await tx.announcement.create({ data: after });
  record(tx, grant, { before: null, after: row, tenant });
  return row;
}

/** Updates the fields that are set. */
export async function updateAnnouncement(
  tx: Tx,
  grant: Grant<'ANNOUNCEMENT:UPDATE'>,
  tenant: TenantRef,
  id: string,
  { title, text, level, from, until }: AnnouncementContent,
): Promise<Announcement> {
  const before = await find<Announcement>(tx, grant, 'ANNOUNCEMENT', id);
  const data = {
    ...(title != null && { title }),
    ...(text != null && { text }),
    ...(level != null && { level }),
    ...(from != null && { from }),
    ...(until !== undefined && { until }),
    updatedAt: new Date(),
  };
  assertInOrder({ ...before, ...data });
  await grant.review(tx, { before, after: { ...before, ...data } });
  const after = await changeRow(tx, 'Announcement', before, data);
  record(tx, grant, { before, after, tenant });
  return after;
}

export async function deleteAnnouncement(
  tx: Tx,
  grant: Grant<'ANNOUNCEMENT:DELETE'>,
  tenant: TenantRef,
  id: string,
): Promise<Announcement> {
  const before = await find<Announcement>(tx, grant, 'ANNOUNCEMENT', id);
  await grant.review(tx, { before, after: null });
  await tx.announcement.delete({ where: { id } });
  record(tx, grant, { before, after: null, tenant });
  return before;
}
