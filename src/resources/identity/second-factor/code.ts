import type { Keys } from '../../../auth/keys.ts';
import { beginAttempt, clearFailures, recordFailure } from '../../../auth/lockout.ts';
import type { SecondFactorKind } from '../../../auth/methods.ts';
import { isRecoveryCode, recoveryHash, stepOf } from '../../../auth/totp.ts';
import type { SecondFactor } from '../../../db/generated/client.ts';
import type { Store, Tx } from '../../../db/transaction.ts';
import { openWithAny, seal } from '../../../lib/envelope.ts';

const bindingOf = (userId: string) => ['second-factor', userId];
export const sealSecret = ({ secondFactor }: Keys, userId: string, secret: Buffer): string =>
  seal(secondFactor[0]!, secret, bindingOf(userId));
export const openSecret = (
  { secondFactor }: Keys,
  { userId, sealed }: Pick<SecondFactor, 'userId' | 'sealed'>,
): Buffer => openWithAny(secondFactor, sealed, bindingOf(userId));

/** A code that is right, and is not used yet. */
export type RightCode =
  | { readonly kind: 'TOTP'; readonly step: number }
  | { readonly kind: 'RECOVERY_CODE'; readonly hash: string };

/** Checks a code without using it. Undefined if it is wrong or was used. */
function check(keys: Keys, factor: SecondFactor | null, code: string, now: Date): RightCode | undefined {
  if (!factor) return undefined;
  if (isRecoveryCode(code)) {
    const hash = recoveryHash(factor.userId, code);
    return factor.recoveryHashes.includes(hash) ? { kind: 'RECOVERY_CODE', hash } : undefined;
  }
  const step = stepOf(openSecret(keys, factor), code.replaceAll(/\s/g, ''), now);
  return step !== undefined && BigInt(step) > factor.lastStep ? { kind: 'TOTP', step } : undefined;
}

/** The person who gives a code. */
export interface Giver {
  readonly userId: string;
  readonly account: string;
  readonly address: string;
  readonly requestId: string;
}

/**
 * Checks a code without using it. A wrong one counts like a failed sign-in, and locks like it. While the account is
 * locked for the address, every code is wrong.
 */
export async function checkedCode(
  { store, keys }: { readonly store: Store; readonly keys: Keys },
  { userId, account, address, requestId }: Giver,
  code: string,
): Promise<RightCode | undefined> {
  const now = new Date();
  const attempt = await beginAttempt(store, account, address, now);
  const factor = await store.prisma.secondFactor.findFirst({ where: { userId } });
  const right = attempt.isLocked ? undefined : check(keys, factor, code, now);
  if (right) await clearFailures(store, account, address);
  else await recordFailure(store, account, address, requestId, attempt, now);
  return right;
}

/** Uses a code, in the transaction of what it allows. @returns false if another request used it first. */
export async function useCode(tx: Tx, userId: string, code: RightCode): Promise<boolean> {
  const used =
    code.kind === 'TOTP'
      ? await tx.$executeRaw`
          UPDATE "SecondFactor" SET "lastStep" = ${code.step} WHERE "userId" = ${userId} AND "lastStep" < ${code.step}`
      : await tx.$executeRaw`
          UPDATE "SecondFactor" SET "recoveryHashes" = array_remove("recoveryHashes", ${code.hash})
          WHERE "userId" = ${userId} AND ${code.hash} = ANY("recoveryHashes")`;
  return used === 1;
}

/** What a session keeps of a code. */
export const provedBy = (
  { kind }: { readonly kind: SecondFactorKind },
  now: Date,
): { secondFactor: SecondFactorKind; secondFactorAt: Date } => ({
  secondFactor: kind,
  secondFactorAt: now,
});
