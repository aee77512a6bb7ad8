import type { Doer } from '../../../access/grant.ts';
import { lockState } from '../../../access/revision.ts';
import type { Keys } from '../../../auth/keys.ts';
import { SignInFault } from '../../../auth/oidc/fault.ts';
import { readGroups } from '../../../auth/oidc/groups.ts';
import { openRefreshToken, sealRefreshToken } from '../../../auth/oidc/id-token.ts';
import type { Provider } from '../../../auth/oidc/provider.ts';
import type { Providers } from '../../../auth/oidc/providers.ts';
import { inTransaction, type Store } from '../../../db/transaction.ts';
import type { Log } from '../../../lib/log.ts';
import type { Freshness } from '../../../policy/session/freshness.ts';
import { inTurn } from '../../../policy/session/write.ts';
import { ending, endNoted } from '../session/sign-in.ts';
import { applyGroups, planGroups } from './groups.ts';

export interface RefreshServices {
  readonly store: Store;
  readonly keys: Keys;
  readonly freshness: Freshness;
  readonly providers: Providers;
  readonly log: Pick<Log, 'error'>;
}

/** Max sessions per round, and of these at once. */
const maxRound = 500;
const width = 8;

interface Due {
  readonly id: string;
  readonly principalId: string;
  readonly owner: string;
  readonly subject: string;
  readonly sealedRefreshToken: string;
}

/**
 * Compares the groups of people whose sessions go on, where the provider gave a refresh token. A session that the provider
 * does not continue ends.
 */
export async function refreshGroups(services: RefreshServices, now = new Date()): Promise<void> {
  for (const provider of services.providers.values()) {
    const { name, issuer, refreshMinutes } = provider.settings;
    if (refreshMinutes === undefined) continue;
    const before = new Date(now.getTime() - refreshMinutes * 60_000);
    const due = await services.store.prisma.$queryRaw<Due[]>`
      SELECT s.id, s."principalId", u.username AS owner, i.subject, s."sealedRefreshToken"
      FROM "Session" s JOIN "User" u ON u.id = s."principalId" JOIN "UserIdentity" i ON i.id = s."identityId"
      WHERE s.provider = ${name} AND s."groupsAt" <= ${before} AND s."sealedRefreshToken" IS NOT NULL
        AND s."expiresAt" > ${now} AND i.issuer = ${issuer} ORDER BY s."groupsAt" LIMIT ${maxRound}`;
    const next = due.values();
    await Promise.all(Array.from({ length: width }, () => work(services, provider, next, now)));
  }
}

async function work(services: RefreshServices, provider: Provider, next: Iterator<Due>, now: Date): Promise<void> {
  for (let { value, done } = next.next(); !done; { value, done } = next.next()) {
    // The failure of one is not that of the others. It is due again in the next round.
    await refresh(services, provider, value as Due, now).catch((error: Error) =>
      services.log.error('the groups of a session could not be compared', {
        provider: provider.settings.name,
        error: error instanceof SignInFault ? `${error.reason} ${JSON.stringify(error.detail)}` : error.message,
      }),
    );
  }
}

const endingFaults: readonly string[] = ['EXPIRED', 'PROVIDER_REFUSED', 'CANCELLED'];

async function refresh(services: RefreshServices, provider: Provider, due: Due, now: Date): Promise<void> {
  const { store, keys, freshness } = services;
  const { name, groups, strict } = provider.settings;
  const { id, principalId, owner } = due;
  const reason = `groups of the provider ${name}`;
  const doer: Doer = { kind: 'SYSTEM', id: 'system', name: 'system', reason, requestId: 'refresh' };
  const end = (cause: string) =>
    ending(services, `provider ${name}`, (tx) =>
      endNoted(tx, doer, [{ id, owner }], cause, { method: 'OIDC', provider: name }),
    );
  const token = openRefreshToken(keys, id, due.sealedRefreshToken);
  if (token === undefined) return end('PROVIDER_REFUSED');
  let proved: Awaited<ReturnType<Provider['refresh']>>;
  try {
    proved = await provider.refresh(token, due.subject);
  } catch (error) {
    if (error instanceof SignInFault && endingFaults.includes(error.reason)) return end('PROVIDER_REFUSED');
    throw error;
  }
  const reading = readGroups(groups, proved.claims);
  if (strict && reading.fault) return end('PROVIDER_GROUPS');
  const data = { groupsAt: now, sealedRefreshToken: sealRefreshToken(keys, id, proved.refreshToken ?? token) };
  // Before the groups: a provider can accept each token once.
  await store.prisma.session.updateMany({ where: { id }, data });
  const plan = await planGroups(store.prisma, name, principalId, reading);
  if (plan.add.length + plan.remove.length === 0) return;
  await inTurn(store, `provider ${name}`, () =>
    inTransaction(store, async (tx) => {
      await lockState(tx);
      const from = { requestId: 'refresh' };
      await applyGroups(tx, name, principalId, await planGroups(tx, name, principalId, reading), from);
    }),
  );
  await freshness.confirmWithin(1_000);
}
