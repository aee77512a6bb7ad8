import { LRUCache } from 'lru-cache';
import type { Origin } from '../access/grant.ts';
import { append, envelope } from '../audit/record.ts';
import type { Refusals } from '../audit/refusals.ts';
import { inTransaction, type Store } from '../db/transaction.ts';
import { GatehouseError, unauthenticated } from '../errors.ts';
import { fold, storable } from '../lib/text.ts';
import type { Engine } from '../policy/decide/engine.ts';
import { limitedBy } from '../policy/principals/ceiling.ts';
import { confine, type Principal } from '../policy/principals/principal.ts';
import { Principals } from '../policy/principals/principal-cache.ts';
import type { Freshness } from '../policy/session/freshness.ts';
import type { Identity } from '../policy/session/identity.ts';
import { AccessSession } from '../policy/session/session.ts';
import { ApiTokens } from './api-token.ts';
import { Basic } from './basic.ts';
import type { Keys } from './keys.ts';
import type { Providers } from './oidc/providers.ts';
import type { PendingSignIn } from './pending-sign-in.ts';
import { Sessions, type SessionTimes } from './sessions.ts';
import { isJwt } from './workload/jwt.ts';
import { Workloads } from './workload/workloads.ts';

/** Claims of a request or a WebSocket about its sender. */
export interface Claims {
  /** The Authorization header, or its equivalent in connection_init. */
  readonly authorization: string | undefined;
  /** The session cookie of a browser. Used without an Authorization header only. */
  readonly cookie: string | undefined;
  /** ID of the session with whose cookie a socket was opened. The cookie may have been replaced since. */
  readonly sessionId?: string;
  /** Why the request's session cookie does not count: it may come from a page of another site. */
  readonly cookieFault: string | undefined;
  /** Name of the user to impersonate (X-Gatehouse-Impersonate). */
  readonly impersonate: string | undefined;
  readonly ip: string | undefined;
  readonly requestId: string;
  /** The caller's request ID (x-request-id). */
  readonly callerRequestId: string | undefined;
}

export interface AuthenticatorOptions {
  readonly store: Store;
  readonly engine: Engine;
  readonly freshness: Freshness;
  readonly keys: Keys;
  readonly refusals: Refusals;
  readonly sessionTimes: SessionTimes;
  readonly providers: Providers;
  /** Issuers of tokens that service accounts can trust. */
  readonly issuers: readonly string[];
  /** Max milliseconds for one answer of an issuer. */
  readonly issuerMs: number;
}

/** Max separate events per minute for refused impersonations. */
const refusalsApart = 20;
const impersonationNoteMs = 60 * 60_000;

/** Creates sessions from claims: tries the strategies in order, then applies impersonation. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #principals: Principals;
  readonly #basic: Basic;
  readonly #tokens: ApiTokens;
  readonly #sessions: Sessions;
  readonly #workloads: Workloads;
  readonly #noted = new LRUCache<string, number>({ max: 10_000 });

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    const { store, freshness, keys, sessionTimes: times, providers, issuers, issuerMs: timeoutMs } = options;
    this.#principals = new Principals(store.prisma, freshness);
    this.#basic = new Basic({ store, principals: this.#principals, keys });
    this.#tokens = new ApiTokens({ store, principals: this.#principals, freshness, keys });
    this.#sessions = new Sessions({ store, principals: this.#principals, freshness, keys, times, providers });
    this.#workloads = new Workloads({ store, principals: this.#principals, freshness, issuers, timeoutMs });
  }

  /** Clears sign-ins, rights and recorded impersonations, because the store has another history. */
  forget(): void {
    this.#principals.forget();
    this.#tokens.forget();
    this.#sessions.forget();
    this.#workloads.forget();
    this.#basic.forget();
    this.#noted.clear();
  }

  /** Creates a session for a sign-in by password, which asks for the second factor of a user who has one. */
  passwordSession({ ip, requestId, callerRequestId }: Claims, username: string, password: string): AccessSession {
    const { engine, freshness } = this.#options;
    const text = Buffer.from(`${username}:${password}`).toString('base64');
    const identify = this.#basic.identifier(text, ip ?? 'unknown', requestId, true);
    return new AccessSession({ engine, freshness, identify, ip, requestId, callerRequestId });
  }

  /** Creates a session for a person who has given their password, and must still enrol a second factor. */
  enrollingSession({ userId, passwordChangedAt }: PendingSignIn, { ip, ...from }: Origin): AccessSession {
    const { engine, freshness } = this.#options;
    const identify = async (): Promise<Identity> => {
      const principal = await this.#principals.get(userId);
      const isCurrent = (principal.passwordChangedAt?.getTime() ?? null) === passwordChangedAt;
      if (principal.disabled || !principal.authMethods.includes('PASSWORD') || !isCurrent) throw unauthenticated();
      return { principal, credential: { kind: 'basic' }, revision: principal.revision };
    };
    return new AccessSession({ engine, freshness, identify, ip, ...from });
  }

  /** Creates a session for a request that the person of a browser session has allowed. */
  sessionOf(id: string, { ip, ...from }: Origin): AccessSession {
    const { engine, freshness } = this.#options;
    return new AccessSession({ engine, freshness, identify: this.#sessions.identifierOf(id), ip, ...from });
  }

  /** Creates a session that is not authenticated until `refresh`. Without a credential it is anonymous. */
  session(claims: Claims): AccessSession {
    const { engine, freshness } = this.#options;
    const { ip, requestId, callerRequestId } = claims;
    return new AccessSession({ engine, freshness, identify: this.#identifier(claims), ip, requestId, callerRequestId });
  }

  #identifier(claims: Claims): (() => Promise<Identity>) | undefined {
    const { impersonate, ip, requestId } = claims;
    const identify = this.#strategy(claims);
    if (impersonate === undefined) return identify;
    if (!identify) return () => Promise.reject(unauthenticated());
    return async () => this.#impersonate(await identify(), storable(impersonate), ip, requestId);
  }

  /** An Authorization header wins over a cookie, because a browser adds the cookie to every request. */
  #strategy({
    authorization,
    cookie,
    cookieFault,
    sessionId,
    ip,
    requestId,
  }: Claims): (() => Promise<Identity>) | undefined {
    if (authorization === undefined) {
      if (cookieFault !== undefined) return () => Promise.reject(unauthenticated({ message: cookieFault }));
      if (sessionId !== undefined) return this.#sessions.identifierOf(sessionId);
      return cookie === undefined ? undefined : this.#sessions.identifier(cookie);
    }
    const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(authorization.trim()) ?? [];
    const strategies: Record<string, () => () => Promise<Identity>> = {
      bearer: () => (isJwt(value) ? this.#workloads : this.#tokens).identifier(value),
      basic: () => this.#basic.identifier(value, ip ?? 'unknown', requestId),
    };
    const strategy = Object.hasOwn(strategies, scheme.toLowerCase()) ? strategies[scheme.toLowerCase()] : undefined;
    return strategy?.() ?? (() => Promise.reject(unauthenticated()));
  }

  /**
   * Impersonates a user, confined to the tenants in which the actor holds IMPERSONATE. Only a super admin can
   * impersonate another one.
   */
  async #impersonate(
    identity: Identity,
    username: string,
    ip: string | undefined,
    requestId: string,
  ): Promise<Identity> {
    const { principal: actor, credential } = identity;
    const row = await this.#options.store.prisma.user.findFirst({
      where: { usernameKey: fold(username) },
      select: { id: true },
    });
    const target = row ? await this.#principals.get(row.id) : undefined;
    const confined =
      target && !target.disabled && target.id !== actor.id
        ? await this.#within(identity, target, ip, requestId)
        : undefined;
    await this.#note(actor, username, confined, ip, requestId);
    // An unknown user and a user who cannot be impersonated get the same error.
    if (!confined || !target) throw new GatehouseError('FORBIDDEN', 'IMPERSONATE:READ is refused for this user.');
    const { ceiling } = identity;
    return {
      principal: limitedBy(ceiling, confined),
      ...(ceiling && { ceiling }),
      credential,
      impersonator: actor,
      revision: target.revision < identity.revision ? target.revision : identity.revision,
      ...(identity.until && { until: identity.until }),
      ...(identity.used && { used: identity.used }),
    };
  }

  async #within(
    identity: Identity,
    target: Principal,
    ip: string | undefined,
    requestId: string,
  ): Promise<Principal | undefined> {
    const { engine, freshness } = this.#options;
    const { superAdmin } = identity.principal;
    if (target.superAdmin && !superAdmin) return undefined;
    const asker = new AccessSession({ engine, freshness, identify: () => identity, ip, requestId });
    await asker.refresh();
    const allowed = [...target.tenants.keys()].filter((tenantId) =>
      asker.may('IMPERSONATE:READ', { tenantId })?.matches({ tenantId }),
    );
    if (superAdmin && allowed.length === target.tenants.size) return target;
    return allowed.length > 0 ? confine(target, new Set(allowed)) : undefined;
  }

  /**
   * Records an impersonation once per hour and gateway, in the instance's chain and in the chain of each visible
   * tenant. The first refusal of a minute is one event, and the rest of the minute another, both only in the instance's
   * chain.
   * @param target the impersonated user, confined to the visible tenants; undefined if refused.
   */
  async #note(
    actor: Principal,
    username: string,
    target: Principal | undefined,
    ip: string | undefined,
    requestId: string,
  ) {
    const key = `${actor.id} ${target?.id} ${[...(target?.tenants.keys() ?? [])].sort().join()}`;
    const last = this.#noted.get(key);
    if (target && last !== undefined && Date.now() - last < impersonationNoteMs) return;
    const write = (resourceKey: string, count = 1) =>
      inTransaction(this.#options.store, async (tx) => {
        for (const [tenantId, tenantKey] of [['', ''] as const, ...(target?.tenants ?? [])])
          append(tx, {
            ...envelope({
              kind: actor.kind,
              id: actor.id,
              name: actor.name,
              requestId,
              ...(ip !== undefined && { ip }),
            }),
            tenantId,
            tenantKey,
            type: 'IMPERSONATE',
            action: 'user.impersonate',
            outcome: target ? 'SUCCESS' : 'DENIED',
            resource: 'USER',
            resourceId: target?.id ?? '',
            resourceKey: resourceKey.slice(0, 200).toWellFormed(),
            namespace: '',
            patchText: '',
            ...(count > 1 && { details: { count } }),
          });
      });
    if (!target) {
      const alike = { key: `impersonate ${actor.id}`, actor: actor.id, apart: refusalsApart };
      await this.#options.refusals.merging.note(
        alike,
        () => write(username),
        (count) => write('', count),
      );
      return;
    }
    await write(username);
    this.#noted.set(key, Date.now());
  }
}
