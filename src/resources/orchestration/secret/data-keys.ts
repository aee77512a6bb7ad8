import { randomBytes } from 'node:crypto';
import type { Keys, WrappingKey } from '../../../auth/keys.ts';
import type { DataKey } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { open, seal } from '../../../lib/envelope.ts';
import { newId } from '../../../lib/ids.ts';
import { ToldError } from '../../../lib/told-error.ts';

/** A key that seals the secrets of one tenant. */
export interface OpenDataKey {
  readonly id: string;
  readonly key: Buffer;
}

const bindingOf = (tenantId: string, id: string) => ['data-key', tenantId, id];

const wrappingOf = ({ wrapping }: Keys, id: string): WrappingKey => {
  const found = wrapping.find((one) => one.id === id);
  if (!found)
    throw new ToldError(
      'Secrets are sealed by another master key. Set GATEHOUSE_MASTER_KEY to it, or name it in GATEHOUSE_FORMER_MASTER_KEYS.',
    );
  return found;
};

const unwrapped = (keys: Keys, { id, tenantId, wrapped, masterKeyId }: DataKey): OpenDataKey => ({
  id,
  key: open(wrappingOf(keys, masterKeyId).key, wrapped, bindingOf(tenantId, id)),
});

export const openDataKey = async (tx: Tx, keys: Keys, id: string): Promise<OpenDataKey> =>
  unwrapped(keys, await tx.dataKey.findUniqueOrThrow({ where: { id } }));

/**
 * The key that seals what is new in a tenant, made where there is none. Held until the end of the transaction: while it
 * is, nobody retires it.
 */
export async function currentDataKey(tx: Tx, keys: Keys, tenantId: string): Promise<OpenDataKey> {
  for (;;) {
    const rows = await tx.$queryRaw<DataKey[]>`
      SELECT * FROM "DataKey" WHERE "tenantId" = ${tenantId} AND "retiredAt" IS NULL FOR SHARE`;
    if (rows[0]) return unwrapped(keys, rows[0]);
    await makeDataKey(tx, keys, tenantId);
  }
}

/** Makes the key that seals from now on; where another was quicker, there is one already. */
async function makeDataKey(tx: Tx, keys: Keys, tenantId: string): Promise<void> {
  const id = newId();
  const wrapping = keys.wrapping[0]!;
  const wrapped = seal(wrapping.key, randomBytes(32), bindingOf(tenantId, id));
  await tx.$executeRaw`
    INSERT INTO "DataKey" (id, "tenantId", wrapped, "masterKeyId") VALUES (${id}, ${tenantId}, ${wrapped}, ${wrapping.id})
    ON CONFLICT DO NOTHING`;
}

/** Retires the key of a tenant and makes another, wrapped by the present master key. Waits for who is sealing by it. */
export async function renewDataKey(tx: Tx, keys: Keys, tenantId: string): Promise<void> {
  await tx.$executeRaw`UPDATE "DataKey" SET "retiredAt" = now() WHERE "tenantId" = ${tenantId} AND "retiredAt" IS NULL`;
  await makeDataKey(tx, keys, tenantId);
}

/** @throws where secrets are sealed by a master key that is not known: told at the start, not at the first use. */
export async function assertMasterKeysKnown(db: Pick<Tx, 'dataKey'>, keys: Keys): Promise<void> {
  const used = await db.dataKey.findMany({ distinct: ['masterKeyId'], select: { masterKeyId: true } });
  for (const { masterKeyId } of used) wrappingOf(keys, masterKeyId);
}
