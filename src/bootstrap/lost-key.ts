import { lockState } from '../access/revision.ts';
import type { Keys } from '../auth/keys.ts';
import { inTransaction, type Store, type Tx } from '../db/transaction.ts';
import { asSystem } from '../policy/session/system.ts';
import { revokeApiToken } from '../resources/identity/api-token/service.ts';
import { removeSecondFactors } from '../resources/identity/second-factor/service.ts';
import { endSessions } from '../resources/identity/session/service.ts';
import { removeSecrets } from '../resources/orchestration/secret/service.ts';

const reason = 'the master key was lost';
const transactionMs = 120_000;

const validTokens = (tx: Pick<Tx, 'apiToken'>) =>
  tx.apiToken.findMany({
    where: { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] },
    orderBy: { id: 'asc' },
  });

export interface Lost {
  readonly secrets: number;
  readonly tokens: number;
}

/** Counts the data that the current key cannot decrypt. Undefined if the store uses the current key. */
export async function lostWithout({ prisma }: Store, { wrapping }: Keys): Promise<Lost | undefined> {
  const { masterKeyId } = await prisma.accessState.findFirstOrThrow({ select: { masterKeyId: true } });
  if (masterKeyId === null || wrapping.some(({ id }) => id === masterKeyId)) return undefined;
  return { secrets: await prisma.secret.count(), tokens: (await validTokens(prisma)).length };
}

/** Deletes all secrets, revokes all API tokens and ends all sessions, each with its event, and assigns the store to the current key. */
export const resetSecrets = (store: Store, { wrapping }: Keys): Promise<void> =>
  inTransaction(
    store,
    async (tx) => {
      await lockState(tx);
      for (const tenant of await tx.tenant.findMany({ where: { dataKeys: { some: {} } }, orderBy: { key: 'asc' } }))
        await removeSecrets(tx, asSystem('SECRET:DELETE', reason, tenant.id), tenant);
      for (const { id, tenantId } of await validTokens(tx))
        await revokeApiToken(tx, asSystem('API_TOKEN:DELETE', reason, tenantId ?? undefined), id);
      for (const { principalId } of await tx.session.findMany({ distinct: ['principalId'] }))
        await endSessions(tx, asSystem('SESSION:DELETE', reason), principalId, 'MASTER_KEY_LOST');
      await removeSecondFactors(tx, reason);
      await tx.idempotencyKey.deleteMany();
      await tx.accessState.update({ where: { id: 1 }, data: { masterKeyId: wrapping[0]!.id } });
    },
    { timeoutMs: transactionMs },
  );
