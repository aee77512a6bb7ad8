import type { Store, Tx } from '../../../db/transaction.ts';

/** Marks something as used, on all gateways. @returns false if it was used before. */
export async function useOnce(db: Pick<Tx, '$executeRaw'>, id: string, expiresAt: Date): Promise<boolean> {
  const written = await db.$executeRaw`
    INSERT INTO "SingleUse" (id, "expiresAt") VALUES (${id}, ${expiresAt}) ON CONFLICT DO NOTHING`;
  return written === 1;
}

/** Deletes the marks of what has expired, which is refused without them. */
export async function pruneSingleUse({ prisma }: Store, now = new Date()): Promise<void> {
  await prisma.singleUse.deleteMany({ where: { expiresAt: { lte: now } } });
}
