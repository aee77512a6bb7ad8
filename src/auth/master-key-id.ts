import type { PrismaClient } from '../db/generated/client.ts';
import { OperatorError } from '../lib/operator-error.ts';
import type { Keys } from './keys.ts';

/**
 * Records the ID of the master key in the store, at the first start and after a change that names the former key.
 * @throws {OperatorError} if the store was used with another key.
 */
export async function assertMasterKey(prisma: PrismaClient, { wrapping }: Keys): Promise<void> {
  const [present, ...former] = wrapping.map(({ id }) => id);
  const allowed = [...former, present!];
  const changed = await prisma.$executeRaw`
    UPDATE "AccessState" SET "masterKeyId" = ${present}
    WHERE "masterKeyId" IS NULL OR "masterKeyId" = ANY(${allowed}::text[]) AND "masterKeyId" <> ${present}`;
  if (changed > 0) return;
  const { masterKeyId } = await prisma.accessState.findFirstOrThrow({ select: { masterKeyId: true } });
  if (masterKeyId !== present)
    throw new OperatorError(
      `The store uses another master key (${masterKeyId}; this one is ${present}). With this one, API tokens do not work and checkpoints cannot be verified. ` +
        'Set GATEHOUSE_MASTER_KEY to the key of the store. To change to this key, add the key of the store to GATEHOUSE_FORMER_MASTER_KEYS.',
    );
}
