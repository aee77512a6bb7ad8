import { conflict, GatehouseError } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { presentPassword } from '../user/present-password.ts';
import { assertPerson } from './service.ts';

/** Time after a sign-in at a provider in which the person need not prove again who they are. */
const freshMs = 10 * 60_000;

/** A stolen session must not enrol a factor of its own. @throws BAD_INPUT, CONFLICT. */
export async function assertOwner(password: string | null | undefined, context: Context): Promise<void> {
  const { session, store } = context;
  assertPerson(session);
  const { id } = session.principal;
  const user = await store.prisma.user.findFirstOrThrow({ where: { id } });
  if (user.passwordHash !== null && user.authMethods.includes('PASSWORD')) {
    const { isRight } = await presentPassword(password ?? '', context);
    if (!isRight)
      throw new GatehouseError('BAD_INPUT', 'The current password is incorrect.', {
        issues: [{ path: ['input', 'currentPassword'], message: 'The current password is incorrect.' }],
      });
    return;
  }
  const { provedAt } = session.identity.credential;
  if (!provedAt || Date.now() - provedAt.getTime() > freshMs)
    throw conflict('Your sign-in is older than ten minutes. Sign in again first.');
}
