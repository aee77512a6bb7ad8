import type { Doer, Origin } from '../../../access/grant.ts';
import { append, envelope } from '../../../audit/record.ts';
import type { Keys } from '../../../auth/keys.ts';
import type { Site } from '../../../auth/passkeys/site.ts';
import {
  type Authentication,
  challengeIn,
  isHandleOf,
  type VerifiedUse,
  verifyUse,
} from '../../../auth/passkeys/webauthn.ts';
import type { Passkey, User } from '../../../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { openChallenge, type Purpose, useChallenge } from './challenge.ts';

export interface UsedPasskey {
  readonly kind: 'PASSKEY';
  readonly purpose: Purpose;
  readonly passkey: Passkey & { readonly user: User };
  readonly verified: VerifiedUse;
}

/** What a passkey is accepted for. userId: the user who is asked; null if the passkey says who signs in. */
export interface Accepted {
  readonly purpose: Purpose;
  readonly userId: string | null;
}

/**
 * Verifies the use of a passkey, and uses its challenge, whatever the result. Undefined if it is not valid. A passkey that
 * says who signs in must also verify the person.
 */
export async function checkedPasskey(
  { store, keys, site }: { readonly store: Store; readonly keys: Keys; readonly site: Site },
  accepted: readonly Accepted[],
  response: Authentication,
): Promise<UsedPasskey | undefined> {
  const challenge = challengeIn(response);
  const open = await openChallenge({ store, keys }, challenge);
  if (!open || !(await useChallenge(store.prisma, open))) return undefined;
  const { purpose, userId } = open;
  if (!accepted.some((one) => one.purpose === purpose && one.userId === userId)) return undefined;
  const passkey = await store.prisma.passkey.findFirst({
    where: { credentialId: response.id },
    include: { user: true },
  });
  if (!passkey || (userId !== null && passkey.userId !== userId)) return undefined;
  if (!isHandleOf(passkey.userId, response.response.userHandle)) return undefined;
  const verified = await verifyUse(site, challenge!, response, passkey);
  if (!verified || (userId === null && !verified.userVerified)) return undefined;
  return { kind: 'PASSKEY', purpose: purpose as Purpose, passkey, verified };
}

/**
 * Records the use of a passkey, in the transaction of what it allows.
 * @returns false if it was removed, or its counter did not rise: then two authenticators have its key.
 */
export async function usePasskey(tx: Tx, { passkey: { id }, verified }: UsedPasskey): Promise<boolean> {
  const { counter, synced } = verified;
  const used = await tx.$executeRaw`
    UPDATE "Passkey" SET counter = ${counter}, synced = ${synced}, "lastUsedAt" = ${new Date()}
    WHERE id = ${id} AND (counter < ${counter} OR counter = 0 AND ${counter} = 0)`;
  return used === 1;
}

/** Records a refused passkey whose counter did not rise. Only a holder of its key can cause this. */
export async function noteCounter(store: Store, { passkey, verified }: UsedPasskey, from: Origin): Promise<void> {
  const present = await store.prisma.passkey.findFirst({ where: { id: passkey.id } });
  const { counter } = verified;
  if (!present || present.counter < counter || (present.counter === 0n && counter === 0n)) return;
  const doer: Doer = { kind: 'ANONYMOUS', id: '', name: 'anonymous', ...from };
  await inTransaction(store, async (tx) =>
    append(tx, {
      ...envelope(doer),
      tenantId: '',
      tenantKey: '',
      type: 'LOGIN_FAILURE',
      action: 'session.login-failure',
      outcome: 'DENIED',
      resource: 'SESSION',
      resourceId: '',
      resourceKey: `user:${passkey.user.username}`,
      namespace: '',
      patchText: '',
      details: {
        method: 'PASSKEY',
        cause: 'PASSKEY_COUNTER',
        passkey: passkey.name,
        stored: Number(present.counter),
        received: Number(counter),
      },
    }),
  );
}
