import { z } from 'zod';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { append, envelope, record } from '../../../audit/record.ts';
import type { Keys } from '../../../auth/keys.ts';
import type { Secret } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';
import { open, seal } from '../../../lib/envelope.ts';
import { newId } from '../../../lib/ids.ts';
import { recordOf } from '../../../lib/models.ts';
import { find } from '../../../policy/session/find.ts';
import { asSystem } from '../../../policy/session/system.ts';
import { deletedWithTenant } from '../../with-tenant.ts';
import { currentDataKey, type OpenDataKey, openDataKey, renewDataKey } from './data-keys.ts';

export const secretKey = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,127}(?![\s\S])/, {
  error: 'A key can have at most 128 characters of A-Z, a-z, 0-9, _, - and dots, and must begin with a letter or _.',
});
// Messages name the rule and never the value.
export const secretValue = z
  .string()
  .min(1, 'A value cannot be empty.')
  .refine((value) => Buffer.byteLength(value) <= 65_536, 'A value can have at most 64 kB.');
export const tags = recordOf(
  z
    .string()
    .min(1, 'The name of a tag cannot be empty.')
    .max(100, 'The name of a tag can have at most 100 characters.'),
  z.string('A tag must be a text.').max(500, 'A tag can have at most 500 characters.'),
  'Tags must be an object of text values by name.',
).refine((all) => Object.keys(all).length <= 50, 'At most 50 tags are allowed.');

type Place = Pick<Secret, 'tenantId' | 'namespace' | 'key'>;
const bindingOf = ({ tenantId, namespace, key }: Place) => ['secret', tenantId, namespace, key];

const sealed = ({ id, key }: OpenDataKey, place: Place, value: string) => ({
  dataKeyId: id,
  sealed: seal(key, Buffer.from(value), bindingOf(place)),
});

/** The value of a secret, for the engine and for rotation. It is never part of a response. */
export async function openSecret(tx: Tx, keys: Keys, secret: Secret): Promise<string> {
  const { key } = await openDataKey(tx, keys, secret.dataKeyId);
  return open(key, secret.sealed, bindingOf(secret)).toString();
}

export interface SecretContent {
  readonly value?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly tags?: unknown;
}

/** Creates a secret in a created namespace. */
export async function createSecret(
  tx: Tx,
  grant: Grant<'SECRET:CREATE'>,
  tenant: TenantRef,
  keys: Keys,
  {
    namespace,
    key,
    value,
    description,
    tags: given,
  }: SecretContent & { namespace: string; key: string; value: string },
): Promise<Secret> {
  const place = { tenantId: tenant.id, namespace, key };
  const content = { description: description ?? null, tags: (given ?? {}) as object };
  const after = { id: newId(), ...place, ...content };
  await grant.review(tx, { before: null, after });
  // Guards against a concurrent deletion of the namespace.
  const declared = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM "Namespace" WHERE "tenantId" = ${tenant.id} AND namespace = ${namespace} AND declared FOR KEY SHARE`;
  if (declared.length === 0) throw conflict(`The namespace ${namespace} is only implied. Create it first.`);
  const taken = await tx.secret.findUnique({ where: { tenantId_namespace_key: place }, select: { id: true } });
  if (taken) throw conflict(`The secret ${key} already exists in ${namespace}.`);
  const row = await tx.secret.create({
    data: { ...after, ...sealed(await currentDataKey(tx, keys, tenant.id), place, value) },
  });
  record(tx, grant, { resource: 'SECRET', before: null, after: row, tenant });
  return row;
}

/** Updates the value, description or tags. The event records that the value changed, but no value. */
export async function updateSecret(
  tx: Tx,
  grant: Grant<'SECRET:UPDATE'>,
  tenant: TenantRef,
  keys: Keys,
  id: string,
  { value, description, tags: given }: SecretContent,
): Promise<Secret> {
  const before = await find<Secret>(tx, grant, 'SECRET', id);
  const described = {
    ...(description !== undefined && { description }),
    ...(given !== undefined && { tags: (given ?? {}) as object }),
  };
  await grant.review(tx, { before, after: { ...before, ...described } });
  const data = {
    ...described,
    ...(value != null && sealed(await currentDataKey(tx, keys, tenant.id), before, value)),
    updatedAt: new Date(),
  };
  const after = await changeRow(tx, 'Secret', before, data);
  const details = value != null ? { valueReplaced: true } : undefined;
  record(tx, grant, { resource: 'SECRET', before, after, tenant, ...(details && { details }) });
  return after;
}

export async function deleteSecret(
  tx: Tx,
  grant: Grant<'SECRET:DELETE'>,
  tenant: TenantRef,
  id: string,
): Promise<Secret> {
  const before = await find<Secret>(tx, grant, 'SECRET', id);
  await grant.review(tx, { before, after: null });
  await removeSecret(tx, grant, tenant, before);
  return before;
}

async function removeSecret(tx: Tx, grant: Grant, tenant: TenantRef, secret: Secret): Promise<void> {
  await tx.secret.delete({ where: { id: secret.id } });
  record(tx, grant, { resource: 'SECRET', before: secret, after: null, tenant });
}

/** Deletes all secrets of a tenant. The caller has decided already. */
export async function removeSecrets(tx: Tx, grant: Grant, tenant: TenantRef): Promise<void> {
  for (const secret of await tx.secret.findMany({ where: { tenantId: tenant.id } }))
    await removeSecret(tx, grant, tenant, secret);
  await tx.dataKey.deleteMany({ where: { tenantId: tenant.id } });
}
deletedWithTenant('SECRET', removeSecrets);

const batch = 200;

/**
 * Creates a new key for a tenant and encrypts all its secrets with it, in batches, so that writes continue.
 * @returns the number of secrets encrypted again.
 */
export async function rotateSecrets(store: Store, keys: Keys, tenant: TenantRef, reason: string): Promise<number> {
  await inTransaction(store, (tx) => renewDataKey(tx, keys, tenant.id));
  let count = 0;
  for (;;) {
    const done = await inTransaction(store, (tx) => resealSome(tx, keys, tenant.id));
    count += done;
    if (done < batch) break;
  }
  await inTransaction(store, async (tx) => {
    await tx.$executeRaw`
      DELETE FROM "DataKey" k WHERE "tenantId" = ${tenant.id} AND "retiredAt" IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM "Secret" s WHERE s."dataKeyId" = k.id)`;
    const { doer } = asSystem('SECRET:UPDATE', reason);
    append(tx, {
      ...envelope(doer),
      tenantId: tenant.id,
      tenantKey: tenant.key,
      type: 'UPDATE',
      action: 'secret.rotate-keys',
      outcome: 'SUCCESS',
      resource: 'SECRET',
      resourceId: '',
      resourceKey: '',
      namespace: '',
      patchText: '',
      details: { secrets: count },
    });
  });
  return count;
}

async function resealSome(tx: Tx, keys: Keys, tenantId: string): Promise<number> {
  const current = await currentDataKey(tx, keys, tenantId);
  const rows = await tx.$queryRaw<Secret[]>`
    SELECT * FROM "Secret" WHERE "tenantId" = ${tenantId} AND "dataKeyId" <> ${current.id}
    ORDER BY id LIMIT ${batch} FOR UPDATE`;
  for (const secret of rows) {
    const data = sealed(current, secret, await openSecret(tx, keys, secret));
    await rowsOf(tx).update('Secret', secret.id, data);
  }
  return rows.length;
}
