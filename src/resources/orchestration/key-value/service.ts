import { z } from 'zod';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { KeyValue, Prisma } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import type { Condition } from '../../../db/rows/condition.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { badInput, conflict, notFound } from '../../../errors.ts';
import { isDay } from '../../../lib/day.ts';
import { secondsIn } from '../../../lib/duration.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { asSystem } from '../../../policy/session/system.ts';
import { deletedWithTenant } from '../../with-tenant.ts';

export const keyRule = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,255}(?![\s\S])/, {
  error:
    'A key can have at most 256 characters of A-Z, a-z, 0-9, _, - and dots, and must begin with a letter or digit.',
});
const maxBytes = 262_144;
export const valueRule = z
  .unknown()
  .refine((value) => value !== null && value !== undefined, 'A value cannot be null. Delete the key instead.')
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= maxBytes, 'A value can have at most 256 kB.');

const isText = (value: unknown): value is string => typeof value === 'string';
/** What is stored, by type, as the orchestrator names them. */
export const types = {
  STRING: { text: 'A text.', accepts: isText },
  NUMBER: { text: 'A number.', accepts: (value: unknown) => typeof value === 'number' },
  BOOLEAN: { text: 'True or false.', accepts: (value: unknown) => typeof value === 'boolean' },
  DATETIME: {
    text: 'A date with time and offset, such as 2026-01-31T12:00:00Z.',
    accepts: (value: unknown) =>
      isText(value) && /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/i.test(value) && !Number.isNaN(Date.parse(value)),
  },
  DATE: { text: 'A date, such as 2026-01-31.', accepts: (value: unknown) => isText(value) && isDay(value) },
  DURATION: {
    text: 'An ISO 8601 duration, such as PT5M.',
    accepts: (value: unknown) => isText(value) && secondsIn(value) !== undefined,
  },
  JSON: { text: 'Any JSON value other than null.', accepts: () => true },
} as const;
export type KeyValueType = keyof typeof types;

/** The type of a value that is given without one. */
const typeOf = (value: unknown): KeyValueType => {
  if (typeof value === 'string') return 'STRING';
  if (typeof value === 'number') return 'NUMBER';
  return typeof value === 'boolean' ? 'BOOLEAN' : 'JSON';
};

/** Rows that have not expired. */
export const live = (now = new Date()): Condition => ({ OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] });
export const isLive = ({ expiresAt }: Pick<KeyValue, 'expiresAt'>, now = new Date()): boolean =>
  expiresAt === null || expiresAt > now;

export interface KeyValueGrants {
  readonly create?: Grant<'KVSTORE:CREATE'> | undefined;
  readonly update?: Grant<'KVSTORE:UPDATE'> | undefined;
}
export interface KeyValueContent {
  readonly namespace: string;
  readonly key: string;
  readonly value: unknown;
  readonly type?: KeyValueType | null | undefined;
  readonly description?: string | null | undefined;
  /** Seconds from now; null for none. */
  readonly expiresIn?: number | null | undefined;
}

/** The row with this key, locked. */
async function stored(tx: Tx, tenantId: string, { namespace, key }: KeyValueContent): Promise<KeyValue | undefined> {
  const [row] = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM "KeyValue" WHERE "tenantId" = ${tenantId} AND namespace = ${namespace} AND key = ${key} FOR UPDATE`;
  return row && (await tx.keyValue.findUniqueOrThrow({ where: { id: row.id } }));
}

/** Creates a value in a created namespace, or replaces it. An expired value counts as absent. */
export async function setKeyValue(
  tx: Tx,
  { create, update }: KeyValueGrants,
  tenant: TenantRef,
  given: KeyValueContent,
): Promise<KeyValue> {
  const { namespace, key, value, description, expiresIn } = given;
  const type = given.type ?? typeOf(value);
  if (!types[type].accepts(value)) throw badInput(['input', 'value'], `Not a ${type}. ${types[type].text}`);
  const now = new Date();
  const content = {
    type,
    value: value as Prisma.InputJsonValue,
    expiresAt: expiresIn == null ? null : new Date(now.getTime() + expiresIn * 1_000),
    ...(description !== undefined && { description }),
  };
  let before = await stored(tx, tenant.id, given);
  if (before && !isLive(before, now)) {
    await tx.keyValue.delete({ where: { id: before.id } });
    before = undefined;
  }
  if (!before) {
    if (!create) throw notFound('The key');
    const after = { id: newId(), tenantId: tenant.id, namespace, key, description: null, ...content };
    await create.review(tx, { before: null, after });
    // Guards against a concurrent deletion of the namespace.
    const declared = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM "Namespace" WHERE "tenantId" = ${tenant.id} AND namespace = ${namespace} AND declared FOR KEY SHARE`;
    if (declared.length === 0) throw conflict(`The namespace ${namespace} is only implied. Create it first.`);
    const row = await tx.keyValue.create({ data: after });
    record(tx, create, { resource: 'KVSTORE', before: null, after: row, tenant });
    return row;
  }
  const grant = update?.matches(before) ? update : undefined;
  if (!grant) {
    if (update?.mayRead(before)) throw update.refusalOf(before);
    if (create && !create.mayRead(before) && !create.matches(before)) throw create.refusalOf(before);
    if (create) throw conflict(`The key ${key} already exists in ${namespace}.`);
    throw notFound('The key');
  }
  await grant.review(tx, { before, after: { ...before, ...content } });
  const after = await changeRow(tx, 'KeyValue', before, { ...content, updatedAt: now });
  // Values can be anything, so events do not include them.
  record(tx, grant, { resource: 'KVSTORE', before, after, tenant, details: { valueReplaced: true } });
  return after;
}

export async function deleteKeyValue(
  tx: Tx,
  grant: Grant<'KVSTORE:DELETE'>,
  tenant: TenantRef,
  id: string,
): Promise<KeyValue> {
  const before = await find<KeyValue>(tx, grant, 'KVSTORE', id);
  if (!isLive(before)) throw notFound('The object');
  await grant.review(tx, { before, after: null });
  await tx.keyValue.delete({ where: { id } });
  record(tx, grant, { resource: 'KVSTORE', before, after: null, tenant });
  return before;
}

const batch = 500;

/** Deletes expired values, each with an event of the system. */
export async function expireKeyValues(store: Store): Promise<void> {
  for (let done = batch; done === batch; )
    done = await inTransaction(store, async (tx) => {
      const rows = await tx.$queryRaw<(KeyValue & { tenantKey: string })[]>`
        SELECT k.*, t.key AS "tenantKey" FROM "KeyValue" k JOIN "Tenant" t ON t.id = k."tenantId"
        WHERE k."expiresAt" <= now() ORDER BY k.id LIMIT ${batch} FOR UPDATE OF k SKIP LOCKED`;
      await tx.keyValue.deleteMany({ where: { id: { in: rows.map(({ id }) => id) } } });
      const grant = asSystem('KVSTORE:DELETE', 'expired');
      for (const { tenantKey, ...row } of rows)
        record(tx, grant, {
          resource: 'KVSTORE',
          before: row,
          after: null,
          tenant: { id: row.tenantId, key: tenantKey },
          verb: 'expire',
        });
      return rows.length;
    });
}

deletedWithTenant('KVSTORE', async (tx, grant, tenant) => {
  for (const row of await tx.keyValue.findMany({ where: { tenantId: tenant.id } }))
    record(tx, grant, { resource: 'KVSTORE', before: row, after: null, tenant });
  await tx.keyValue.deleteMany({ where: { tenantId: tenant.id } });
});
