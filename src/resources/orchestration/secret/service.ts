import { z } from 'zod';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { append, envelope, record } from '../../../audit/record.ts';
import type { Keys } from '../../../auth/keys.ts';
import type { Secret } from '../../../db/generated/client.ts';
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
  error: 'A key has at most 128 of A-Z, a-z, 0-9, _, - and dots, beginning with a letter or _.',
});
// Faults name the rule and never the value.
export const secretValue = z
  .string()
  .min(1, 'A value is never empty.')
  .refine((value) => Buffer.byteLength(value) <= 65_536, 'A value has at most 64 kB.');
export const tags = recordOf(
  z.string().min(1, 'The name of a tag is never empty.').max(100, 'The name of a tag has at most 100 characters.'),
  z.string('A tag is a text.').max(500, 'A tag has at most 500 characters.'),
  'Tags are an object of texts by name.',
).refine((all) => Object.keys(all).length <= 50, 'At most 50 tags.');

type Place = Pick<Secret, 'tenantId' | 'namespace' | 'key'>;
const bindingOf = ({ tenantId, namespace, key }: Place) => ['secret', tenantId, namespace, key];

const sealed = ({ id, key }: OpenDataKey, place: Place, value: string) => ({
  dataKeyId: id,
  sealed: seal(key, Buffer.from(value), bindingOf(place)),
});

/** The value of a secret. For the engine's side and for rotation: no answer holds it. */
export async function openSecret(tx: Tx, keys: Keys, secret: Secret): Promise<string> {
  const { key } = await openDataKey(tx, keys, secret.dataKeyId);
  return open(key, secret.sealed, bindingOf(secret)).toString();
}

export interface SecretContent {
  readonly value?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly tags?: unknown;
}

/** Adds a secret to a created namespace. */
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
  // Against a namespace that is deleted at the same time.
  const declared = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM "Namespace" WHERE "tenantId" = ${tenant.id} AND namespace = ${namespace} AND declared FOR KEY SHARE`;
  if (declared.length === 0) throw conflict(`The namespace ${namespace} is not created: create it first.`);
  const taken = await tx.secret.findUnique({ where: { tenantId_namespace_key: place }, select: { id: true } });
  if (taken) throw conflict(`There is a secret ${key} in ${namespace} already.`);
  const row = await tx.secret.create({
    data: { ...after, ...sealed(await currentDataKey(tx, keys, tenant.id), place, value) },
  });
  record(tx, grant, { resource: 'SECRET', before: null, after: row, tenant });
  return row;
}

/** Replaces its value, or what is told of it. That the value changed is told, and nothing of either. */
export async function updateSecret(
  tx: Tx,
  grant: Grant<'SECRET:UPDATE'>,
  tenant: TenantRef,
  keys: Keys,
  id: string,
  { value, description, tags: given }: SecretContent,
): Promise<Secret> {
  const before = await find<Secret>(tx, grant, 'SECRET', id);
  const told = {
    ...(description !== undefined && { description }),
    ...(given !== undefined && { tags: (given ?? {}) as object }),
  };
  await grant.review(tx, { before, after: { ...before, ...told } });
  const data = {
    ...told,
    ...(value != null && sealed(await currentDataKey(tx, keys, tenant.id), before, value)),
    updatedAt: new Date(),
  };
  const after = await tx.secret.update({ where: { id }, data });
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

/** All that a tenant holds, for a service that has already decided. */
export async function removeSecrets(tx: Tx, grant: Grant, tenant: TenantRef): Promise<void> {
  for (const secret of await tx.secret.findMany({ where: { tenantId: tenant.id } }))
    await removeSecret(tx, grant, tenant, secret);
  await tx.dataKey.deleteMany({ where: { tenantId: tenant.id } });
}
deletedWithTenant('SECRET', removeSecrets);

const batch = 200;

/**
 * Gives a tenant a new key and seals all its secrets by it, some at a time, while others write.
 * @returns how many were sealed anew.
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
    await tx.secret.update({ where: { id: secret.id }, data });
  }
  return rows.length;
}
