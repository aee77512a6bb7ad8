import { randomBytes } from 'node:crypto';
import type { Keys, WrappingKey } from '../../../auth/keys.ts';
import type { DataKey } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { open, seal } from '../../../lib/envelope.ts';
import { newId } from '../../../lib/ids.ts';
import { OperatorError } from '../../../lib/operator-error.ts';

/** A key that encrypts the secrets of one tenant. */
export interface OpenDataKey {
  readonly id: string;
  readonly key: Buffer;
}

const bindingOf = (tenantId: string, id: string) => ['data-key', tenantId, id];

const wrappingOf = ({ wrapping }: Keys, id: string): WrappingKey => {
  const found = wrapping.find((one) => one.id === id);
  if (!found)
    throw new OperatorError(
      'The secrets are encrypted with another master key. Set GATEHOUSE_MASTER_KEY to it, or add it to GATEHOUSE_FORMER_MASTER_KEYS.',
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
 * The current key of a tenant, created if missing. Locked until the end of the transaction, so that it is not retired.
 */
export async function currentDataKey(tx: Tx, keys: Keys, tenantId: string): Promise<OpenDataKey> {
  for (;;) {
    const rows = await tx.$queryRaw<DataKey[]>`
      SELECT * FROM "DataKey" WHERE "tenantId" = ${tenantId} AND "retiredAt" IS NULL FOR SHARE`;
    if (rows[0]) return unwrapped(keys, rows[0]);
    await makeDataKey(tx, keys, tenantId);
  }
}

/** Creates the current key, unless another transaction already has. */
async function makeDataKey(tx: Tx, keys: Keys, tenantId: string): Promise<void> {
  const id = newId();
  const wrapping = keys.wrapping[0]!;
  const wrapped = seal(wrapping.key, randomBytes(32), bindingOf(tenantId, id));
  await tx.$executeRaw`
    INSERT INTO "DataKey" (id, "tenantId", wrapped, "masterKeyId") VALUES (${id}, ${tenantId}, ${wrapped}, ${wrapping.id})
    ON CONFLICT DO NOTHING`;
}

/**
 * Retires the key of a tenant and creates a new one, wrapped by the current master key. Waits for transactions that
 * encrypt with it.
 */
export async function renewDataKey(tx: Tx, keys: Keys, tenantId: string): Promise<void> {
  await tx.$executeRaw`UPDATE "DataKey" SET "retiredAt" = now() WHERE "tenantId" = ${tenantId} AND "retiredAt" IS NULL`;
  await makeDataKey(tx, keys, tenantId);
}

/**
 * @throws if secrets are encrypted with an unknown master key. Called at startup, so that it does not fail at first
 * use.
 */
export async function assertMasterKeysKnown(db: Pick<Tx, 'dataKey'>, keys: Keys): Promise<void> {
  const used = await db.dataKey.findMany({ distinct: ['masterKeyId'], select: { masterKeyId: true } });
  for (const { masterKeyId } of used) wrappingOf(keys, masterKeyId);
}
