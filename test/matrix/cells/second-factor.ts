import { newTotpSecret, stepAt, totpCode } from '../../../src/auth/totp.ts';
import type { Passkey } from '../../../src/db/generated/client.ts';
import { newId } from '../../../src/lib/ids.ts';
import { sealSecret } from '../../../src/resources/identity/second-factor/code.ts';
import type { World } from '../../support/world.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';

/** Gives a user a second factor. @returns a function that computes a code: each call one of a later interval. */
export async function enrolled(world: World, userId: string, isConfirmed = true): Promise<() => string> {
  const { keys } = world.app.services;
  const secret = newTotpSecret();
  const now = new Date();
  const data = { sealed: sealSecret(keys, userId, secret), recoveryHashes: [], createdAt: now };
  await world.write((tx) =>
    tx.secondFactor.create({ data: { userId, ...data, confirmedAt: isConfirmed ? now : null } }),
  );
  await world.write((tx) => tx.accessState.updateMany({ data: { revision: { increment: 1 } } }));
  let step = stepAt(now) - 1;
  return () => totpCode(secret, step++);
}

/** Gives a user a passkey that no authenticator has. */
export const passkeyOf = (world: World, userId: string): Promise<Passkey> => {
  const [id, now] = [newId(), new Date()];
  const data = { id, userId, name: 'Key', credentialId: id, publicKey: new Uint8Array(1), counter: 0, transports: [] };
  return world.db.passkey.create({ data: { ...data, rpId: 'localhost', synced: false, createdAt: now } });
};

export const mutations: Record<string, Record<string, Attempting>> = {
  'USER:UPDATE': {
    removeSecondFactor: async (stage) => {
      const user = await stage.world.user(stage.name('lost-phone'));
      await enrolled(stage.world, user.id);
      return attempt(
        'removeSecondFactor',
        'RemoveSecondFactorInput',
        'user { id }',
        { id: idOf('User', user) },
        async () => (await stage.world.db.secondFactor.count({ where: { userId: user.id } })) === 0,
      );
    },
  },
};
