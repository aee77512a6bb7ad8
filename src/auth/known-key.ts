import type { PrismaClient } from '../db/generated/client.ts';
import { ToldError } from '../lib/told-error.ts';
import type { Keys } from './keys.ts';

/**
 * Notes in the store by which master key it is used, at the first start and after a change of the key that names the
 * former one.
 * @throws {ToldError} where it is another one than the store was used with.
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
    throw new ToldError(
      `The store is used with another master key (${masterKeyId}; this one is ${present}): with this one no API token works and no checkpoint is proved. ` +
        'Set GATEHOUSE_MASTER_KEY to the key of the store, or name that one in GATEHOUSE_FORMER_MASTER_KEYS to change to this one.',
    );
}
