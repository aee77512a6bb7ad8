import type { PrismaClient } from '../db/generated/client.ts';
import { newId } from '../lib/ids.ts';
import type { SigningKey } from '../lib/signing.ts';
import { type SignedStatement, signStatement } from './statement.ts';

interface Head {
  readonly tenantId: string;
  readonly seq: bigint;
  readonly hash: string;
}
type Reader = Pick<PrismaClient, 'auditHead'>;

const ofHead = (key: SigningKey, { tenantId, seq, hash }: Head): SignedStatement =>
  signStatement(key, { kind: 'checkpoint', tenantId, seq, hash, at: new Date().toISOString() });

/** Returns a checkpoint of the current head, or undefined if the chain has no events. It is not stored. */
export async function checkpointOf(
  db: Reader,
  key: SigningKey,
  tenantId: string,
): Promise<SignedStatement | undefined> {
  const head = await db.auditHead.findFirst({ where: { tenantId } });
  return head ? ofHead(key, head) : undefined;
}

/** Stores a checkpoint of every chain with new events since its last one. @returns the new checkpoints. */
export async function makeCheckpoints(db: PrismaClient, key: SigningKey): Promise<SignedStatement[]> {
  const grown = await db.$queryRaw<Head[]>`
    SELECT "tenantId", seq, hash FROM "AuditHead" h
    WHERE seq > COALESCE((SELECT max(seq) FROM "AuditCheckpoint" c WHERE c."tenantId" = h."tenantId"), 0)
    ORDER BY "tenantId"`;
  const made = grown.map((head) => ofHead(key, head));
  if (made.length > 0)
    await db.auditCheckpoint.createMany({ data: made.map(({ kind: _kind, ...row }) => ({ id: newId(), ...row })) });
  return made;
}

/** The newest stored checkpoint of every chain. */
export async function newestCheckpoints(db: PrismaClient): Promise<SignedStatement[]> {
  const rows = await db.auditCheckpoint.findMany({
    distinct: ['tenantId'],
    orderBy: [{ tenantId: 'asc' }, { seq: 'desc' }],
  });
  return rows.map(({ id: _id, at, ...row }) => ({ ...row, kind: 'checkpoint', at: at.toISOString() }));
}
