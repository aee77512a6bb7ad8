import { randomBytes } from 'node:crypto';
import type { Keys } from '../../../auth/keys.ts';
import { challengeMs } from '../../../auth/passkeys/webauthn.ts';
import type { PasskeyChallenge } from '../../../db/generated/client.ts';
import type { Store, Tx } from '../../../db/transaction.ts';
import { GatehouseError } from '../../../errors.ts';
import { keyedHash } from '../../../lib/keyed-hash.ts';
import { peerOf } from '../../../lib/peer.ts';

/** What a challenge is for. One of another purpose does not count. */
export type Purpose = 'ENROL' | 'SIGN_IN' | 'SECOND_FACTOR' | 'STEP_UP';

/** Max open challenges: of one user, of one address, and of all. Anyone can cause one, so their number is bounded. */
const maxOpen = { user: 20, peer: 200, all: 100_000 };

type Services = { readonly store: Store; readonly keys: Keys };

const idOf = ({ signIn }: Keys, challenge: string): string => keyedHash(signIn, 'passkey-challenge', challenge);

export const newChallenge = (): string => randomBytes(32).toString('base64url');

export interface Asked {
  readonly purpose: Purpose;
  readonly userId: string | null;
  readonly ip: string | undefined;
}

/** Stores the hash of a challenge, so that it counts once, on all gateways. @throws LIMIT_EXCEEDED. */
export async function storeChallenge(
  db: Pick<Tx, '$executeRaw'>,
  keys: Keys,
  challenge: string,
  { purpose, userId, ip }: Asked,
): Promise<void> {
  const expiresAt = new Date(Date.now() + challengeMs);
  const peer = peerOf(ip);
  const written = await db.$executeRaw`
    INSERT INTO "PasskeyChallenge" (id, purpose, "userId", peer, "expiresAt")
    SELECT ${idOf(keys, challenge)}, ${purpose}, ${userId}, ${peer}, ${expiresAt}
    WHERE (SELECT count(*) FROM "PasskeyChallenge" WHERE peer = ${peer}) < ${maxOpen.peer}
      AND (SELECT count(*) FROM "PasskeyChallenge" WHERE "userId" = ${userId}) < ${maxOpen.user}
      AND (SELECT count(*) FROM (SELECT 1 FROM "PasskeyChallenge" LIMIT ${maxOpen.all}) AS every) < ${maxOpen.all}`;
  if (written === 0)
    throw new GatehouseError(
      'LIMIT_EXCEEDED',
      'Too many sign-ins with a passkey were begun. Try again in five minutes.',
      { limit: 'passkeyChallenges', allowed: maxOpen.user, retryAfter: challengeMs / 1_000 },
    );
}

/** Finds an open challenge. Undefined if it was used, has expired, or never existed. */
export async function openChallenge(
  { store, keys }: Services,
  challenge: string | undefined,
): Promise<PasskeyChallenge | undefined> {
  if (challenge === undefined) return undefined;
  const where = { id: idOf(keys, challenge), expiresAt: { gt: new Date() } };
  return (await store.prisma.passkeyChallenge.findFirst({ where })) ?? undefined;
}

/** Uses a challenge. @returns false if another request used it first. */
export const useChallenge = async (
  db: Pick<Tx, 'passkeyChallenge'>,
  { id }: Pick<PasskeyChallenge, 'id'>,
): Promise<boolean> => (await db.passkeyChallenge.deleteMany({ where: { id } })).count === 1;

/** Deletes challenges that have expired. */
export async function pruneChallenges({ prisma }: Store, now = new Date()): Promise<void> {
  await prisma.passkeyChallenge.deleteMany({ where: { expiresAt: { lte: now } } });
}
