import type { Origin } from '../../../access/grant.ts';
import { lockState } from '../../../access/revision.ts';
import { oidcMethod } from '../../../auth/methods.ts';
import { SignInFault } from '../../../auth/oidc/fault.ts';
import type { Claims } from '../../../auth/oidc/groups.ts';
import type { Proved, Provider } from '../../../auth/oidc/provider.ts';
import type { User, UserIdentity } from '../../../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { GatehouseError } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { storable } from '../../../lib/text.ts';
import { asSystem } from '../../../policy/session/system.ts';
import { inTurn } from '../../../policy/session/write.ts';
import { email, personName, username } from '../../rules.ts';
import { createUsers } from '../user/service.ts';
import { insertIdentity, type Person } from './identity.ts';

export type Known = UserIdentity & { readonly user: User };

/** Finds the user of a person. Issuer and subject decide, never the e-mail address, which other providers can claim too. */
export const findPerson = (db: Pick<Tx, 'userIdentity'>, { issuer, subject }: Person): Promise<Known | null> =>
  db.userIdentity.findFirst({ where: { issuer, subject }, include: { user: true } });

const textOf = (claims: Claims, name: string): string | undefined => {
  const value = claims[name];
  return typeof value === 'string' && value.trim() !== '' ? storable(value.trim()) : undefined;
};

/** Returns the new user of a person. @throws {SignInFault} without a valid user name. */
export function userOf({ claims }: Pick<Proved, 'claims'>, { settings }: Provider) {
  const address = claims['email_verified'] === false ? undefined : email.safeParse(textOf(claims, 'email')).data;
  const name = username.safeParse(textOf(claims, 'preferred_username') ?? address);
  if (!name.success) throw new SignInFault('NAME_INVALID', settings, { error: name.error.issues[0]!.message });
  return {
    username: name.data,
    // A user has an address. This one receives nothing.
    email: address ?? `${newId()}@${settings.name}.invalid`,
    firstName: personName.safeParse(textOf(claims, 'given_name')).data,
    lastName: personName.safeParse(textOf(claims, 'family_name')).data,
    // No API tokens: they would outlive the person's account at the provider.
    authMethods: [oidcMethod(settings.name)],
  };
}

/** Creates the user of an unknown person, without access to any tenant and without a role. @throws {SignInFault} */
export function createPerson(store: Store, provider: Provider, proved: Proved, from: Origin): Promise<Known> {
  const { settings } = provider;
  const user = userOf(proved, provider);
  const reason = `first sign-in by OIDC, provider ${settings.name}`;
  return inTurn(store, `provider ${settings.name}`, () =>
    inTransaction(store, async (tx) => {
      await lockState(tx);
      // Another request of the person can have been first.
      const present = await findPerson(tx, proved);
      if (present) return present;
      try {
        const [created] = await createUsers(tx, asSystem('USER:CREATE', reason, null, from), [user], 0);
        const identity = await insertIdentity(tx, asSystem('USER:UPDATE', reason, null, from), created!, proved);
        return { ...identity, user: created! };
      } catch (error) {
        const code = error instanceof GatehouseError ? error.code : undefined;
        if (code === 'CONFLICT') throw new SignInFault('NAME_TAKEN', settings, { username: user.username });
        if (code === 'BAD_INPUT') throw new SignInFault('NAME_INVALID', settings, { username: user.username });
        throw error;
      }
    }),
  );
}
