import type { Grant } from '../../../access/grant.ts';
import { methodOf, oidcMethod, sortedMethods, splitMethods } from '../../../auth/methods.ts';
import type { User } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput } from '../../../errors.ts';
import { find } from '../../../policy/session/find.ts';
import { endSessions } from '../session/service.ts';
import { change } from './service.ts';

/** Names of providers, to be added to methods. @throws BAD_INPUT for a provider that the gateway does not have. */
export function providerMethods(
  names: readonly string[],
  known: { has(name: string): boolean },
  field = 'authProviders',
): string[] {
  for (const [i, name] of names.entries())
    if (!known.has(name)) throw badInput(['input', field, i], `The provider ${name} does not exist.`);
  return names.map(oidcMethod);
}

export interface MethodChange {
  readonly methods: readonly string[];
  /** Names of the allowed providers. Omit to keep the present ones. */
  readonly providers?: readonly string[] | undefined;
}

/** Sets the methods by which a user can sign in, and ends the sessions by other methods. */
export async function setAuthMethods(
  tx: Tx,
  grant: Grant<'USER:UPDATE'>,
  id: string,
  { methods, providers }: MethodChange,
): Promise<User> {
  const before = await find<User>(tx, grant, 'USER', id);
  const named = (providers ?? splitMethods(before.authMethods).providers).map(oidcMethod);
  const data = { authMethods: sortedMethods([...methods, ...named]) };
  const after = await change(tx, grant, before, data, 'set-auth-methods');
  await endSessions(tx, grant, id, 'METHOD_REMOVED', (session) => !after.authMethods.includes(methodOf(session)));
  return after;
}
