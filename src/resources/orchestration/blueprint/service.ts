import { z } from 'zod';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Blueprint } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { started } from '../../../lib/started.ts';
import { fold } from '../../../lib/text.ts';
import { find } from '../../../policy/session/find.ts';

export const blueprintTags = z
  .array(
    z
      .string()
      .trim()
      .min(1, 'A tag cannot be empty.')
      .max(50, 'A tag can have at most 50 characters.')
      .regex(/^[^\p{Cc}]*$/u, 'A tag cannot contain control characters.'),
  )
  .max(20, 'At most 20 tags are allowed.')
  .transform((tags) => [...new Set(tags)]);

export interface BlueprintContent {
  readonly title?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  /** Source of a flow, already validated. */
  readonly source?: string | null | undefined;
  readonly documentation?: string | null | undefined;
  readonly shared?: boolean | null | undefined;
}

async function assertFree(tx: Tx, tenantId: string, title: string, except?: string): Promise<void> {
  const where = { tenantId, titleKey: fold(title), ...(except !== undefined && { NOT: { id: except } }) };
  if (await rowsOf(tx).first('Blueprint', where, ['id']))
    throw conflict(`A blueprint with the title ${title} already exists.`);
}

/** Creates a custom blueprint. @throws CONFLICT if the title is taken. */
export async function createBlueprint(
  tx: Tx,
  grant: Grant<'BLUEPRINT:CREATE'>,
  tenant: TenantRef,
  { title, source, description, tags, documentation, shared }: BlueprintContent & { title: string; source: string },
): Promise<Blueprint> {
  const now = new Date();
  const after = {
    id: newId(),
    tenantId: tenant.id,
    title,
    titleKey: fold(title),
    description: description ?? null,
    tags: [...(tags ?? [])],
    source,
    documentation: documentation ?? null,
    shared: shared ?? false,
    createdAt: now,
    updatedAt: now,
  };
  await grant.review(tx, { before: null, after });
  await assertFree(tx, tenant.id, title);
  const row = await tx.blueprint.create({ data: after });
  record(tx, grant, { before: null, after: row, tenant });
  return row;
}

/** Updates the given fields of a custom blueprint. */
export async function updateBlueprint(
  tx: Tx,
  grant: Grant<'BLUEPRINT:UPDATE'>,
  tenant: TenantRef,
  id: string,
  { title, source, description, tags, documentation, shared }: BlueprintContent,
): Promise<Blueprint> {
  const found = started(find<Blueprint>(tx, grant, 'BLUEPRINT', id));
  const free = title != null ? started(assertFree(tx, tenant.id, title, id)) : undefined;
  const before = await found;
  const data = {
    ...(title != null && { title, titleKey: fold(title) }),
    ...(source != null && { source }),
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags: [...(tags ?? [])] }),
    ...(documentation !== undefined && { documentation }),
    ...(shared != null && { shared }),
    updatedAt: new Date(),
  };
  await grant.review(tx, { before, after: { ...before, ...data } });
  await free;
  const after = await changeRow(tx, 'Blueprint', before, data);
  record(tx, grant, { before, after, tenant });
  return after;
}

export async function deleteBlueprint(
  tx: Tx,
  grant: Grant<'BLUEPRINT:DELETE'>,
  tenant: TenantRef,
  id: string,
): Promise<Blueprint> {
  const before = await find<Blueprint>(tx, grant, 'BLUEPRINT', id);
  await grant.review(tx, { before, after: null });
  await removeBlueprint(tx, grant, tenant, before);
  return before;
}

async function removeBlueprint(tx: Tx, grant: Grant, tenant: TenantRef, blueprint: Blueprint): Promise<void> {
  await tx.blueprint.delete({ where: { id: blueprint.id } });
  record(tx, grant, { resource: 'BLUEPRINT', before: blueprint, after: null, tenant });
}
