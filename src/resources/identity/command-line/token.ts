import type { Refusals } from '../../../audit/refusals.ts';
import type { Keys } from '../../../auth/keys.ts';
import type { Limits } from '../../../config.ts';
import type { Store, Tx } from '../../../db/transaction.ts';
import { conflict, GatehouseError } from '../../../errors.ts';
import type { Engine } from '../../../policy/decide/engine.ts';
import type { DecisionLog } from '../../../policy/decisions/log.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import { write } from '../../../policy/session/write.ts';
import { assertRoom, createApiToken, type Minted } from '../api-token/service.ts';

export interface CommandServices {
  readonly store: Store;
  readonly keys: Keys;
  readonly limits: Pick<Limits, 'ownTokens' | 'userTokenDays'>;
  readonly refusals: Refusals;
  readonly decisions: DecisionLog;
  readonly engine: Engine;
}

/** Lifetime of the token of a command line. */
export const commandTokenDays = 30;

/** @throws FORBIDDEN, CONFLICT if the person of the session cannot create the token. */
export function assertMayCreate(session: AccessSession): void {
  session.grant('API_TOKEN:CREATE', {});
  if (!session.principal.authMethods.includes('API_TOKEN'))
    throw conflict('You are not allowed to sign in with API tokens. Ask an administrator to add the method API_TOKEN.');
}

const nameOf = (client: string, now: Date): string => `gatehouse login on ${client}, ${now.toISOString().slice(0, 10)}`;

/**
 * Creates the token of a command line as the person who allowed it, in their session.
 * @param use marks the permission as used. @returns undefined if another request used it first.
 */
export async function createCommandToken(
  { store, keys, limits, refusals, decisions, engine }: CommandServices,
  session: AccessSession,
  client: string,
  use: (tx: Tx) => Promise<boolean>,
): Promise<Minted | undefined> {
  const { ownTokens, userTokenDays } = limits;
  session.note = 'gatehouse login';
  try {
    await session.refresh();
    assertMayCreate(session);
    return await write(session, store, 'API_TOKEN:CREATE', {}, async (tx, grant) => {
      if (!(await use(tx))) return undefined;
      const { id } = grant.doer;
      await assertRoom(tx, grant, id, ownTokens);
      const token = {
        name: nameOf(client, new Date()),
        maxAge: Math.min(commandTokenDays, userTokenDays ?? commandTokenDays) * 86_400,
      };
      return createApiToken(tx, grant, keys, { id, tenantId: null }, token);
    });
  } catch (error) {
    if (error instanceof GatehouseError && ['FORBIDDEN', 'POLICY_ERROR'].includes(error.code)) {
      const refused = { doer: session.doer, permission: 'API_TOKEN:CREATE', field: 'login', resourceId: '' } as const;
      const isApart = await refusals.act({ ...refused, tenantId: undefined, error });
      await (isApart ? decisions.refused(error, engine.fingerprint) : decisions.refusedRead(error, engine.fingerprint));
    }
    throw error;
  } finally {
    session.note = undefined;
  }
}
