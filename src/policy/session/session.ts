import type { Actor, Env } from '../../access/actor.ts';
import type { Permission } from '../../access/catalog.ts';
import type { Doer, Grant, Row } from '../../access/grant.ts';
import type { Tx } from '../../db/transaction.ts';
import { GatehouseError, unauthenticated } from '../../errors.ts';
import { type Decision, refusal, type Scope } from '../decide/decision.ts';
import type { Engine } from '../decide/engine.ts';
import { matcherOf } from '../filter/matcher.ts';
import { limitedBy } from '../principals/ceiling.ts';
import { confine, loadPrincipal, type Principal } from '../principals/principal.ts';
import { DecisionMemo } from './decision-memo.ts';
import type { Freshness } from './freshness.ts';
import { makeGrant } from './grant.ts';
import { actorOf, type Identity } from './identity.ts';

export interface SessionOptions {
  readonly engine: Engine;
  readonly freshness: Freshness;
  /** Proves the identity again from the credentials. Throws UNAUTHENTICATED. Absent: nobody signed in. */
  readonly identify: (() => Identity | Promise<Identity>) | undefined;
  readonly ip: string | undefined;
  readonly requestId: string;
  readonly callerRequestId?: string | undefined;
  readonly now?: () => Date;
}

/** One actor's view of what they may do, for one request (or one stream). */
export class AccessSession {
  readonly engine: Engine;
  readonly freshness: Freshness;
  readonly requestId: string;
  readonly callerRequestId: string | undefined;
  readonly ip: string | undefined;
  reason: string | undefined;
  /** Put behind the reason on record; no policy takes it for one. */
  note: string | undefined;
  readonly #identify: SessionOptions['identify'];
  readonly #now: () => Date;
  readonly #memo = new DecisionMemo();
  #identity: Identity | undefined;
  /** The history of the store of which the identity is. */
  #epoch = 0;
  #use: Promise<void> | undefined;
  /** The proof that runs, with the revision and the history of the store that were known when it began. */
  #proving: { readonly revision: bigint; readonly epoch: number; readonly done: Promise<void> } | undefined;
  #proofs = 0;
  /** Number of the proof that gave the identity: an earlier one that ends later does not replace it. */
  #provedBy = 0;

  constructor({ engine, freshness, identify, ip, requestId, callerRequestId, now = () => new Date() }: SessionOptions) {
    this.engine = engine;
    this.freshness = freshness;
    this.#identify = identify;
    this.ip = ip;
    this.requestId = requestId;
    this.callerRequestId = callerRequestId;
    this.#now = now;
  }

  get isAnonymous(): boolean {
    return this.#identify === undefined;
  }

  /** @throws UNAUTHENTICATED before a successful `refresh`. */
  get identity(): Identity {
    if (!this.#identity) throw unauthenticated();
    return this.#identity;
  }

  get principal(): Principal {
    return this.identity.principal;
  }

  /** Is it known who asks? */
  get isProved(): boolean {
    return this.#identity !== undefined;
  }

  /** Whose share of the gateway's queues and connections this uses: who signed in, not whom they act as. */
  get accountId(): string {
    const { principal, impersonator } = this.identity;
    return (impersonator ?? principal).id;
  }

  get revision(): bigint {
    return this.identity.revision;
  }

  /** Brings identity and rights up to the known revision. @throws UNAUTHENTICATED, POLICY_ERROR. */
  async refresh(): Promise<void> {
    if (!this.#identify) throw unauthenticated();
    if (!this.freshness.isFresh) await this.freshness.confirmWithin(500);
    this.freshness.assertFresh();
    if (this.engine.following) await this.engine.following;
    if (this.isCurrent) return;
    const { revision } = this.freshness.state;
    const { epoch } = this.freshness.history;
    // Sibling fields share one proof. One that began before the newest revision, or before a restore, may miss it.
    if (this.#proving?.revision !== revision || this.#proving.epoch !== epoch) {
      const done = this.#prove(this.#identify, epoch).finally(() => {
        if (this.#proving?.done === done) this.#proving = undefined;
      });
      this.#proving = { revision, epoch, done };
    }
    await this.#proving.done;
  }

  /**
   * Replaces the identity in one step: sibling fields of the request find the former one until then, never none. Where
   * the credential is refused, every field that asks for a fresh identity is refused; the others stand on what the
   * request was granted before.
   */
  async #prove(identify: () => Identity | Promise<Identity>, epoch: number): Promise<void> {
    this.#proofs += 1;
    const number = this.#proofs;
    const identity = await identify();
    if (number < this.#provedBy) return;
    this.#provedBy = number;
    this.forget();
    this.#identity = identity;
    this.#epoch = epoch;
    this.#use = undefined;
  }

  /**
   * Waits until the use of the credential is written down, if it was used at all: something was allowed by it. Who
   * only asks who they are uses it where the policies let them see their own tokens.
   */
  async noteUse(asksWhoTheyAre: boolean): Promise<void> {
    if (!this.#identity?.used) return;
    if (!this.#use && asksWhoTheyAre) {
      try {
        this.decide('API_TOKEN:READ');
      } catch {
        // Where nothing can be decided, nothing was used.
      }
    }
    await this.#use;
  }

  /**
   * The same actor as a transaction sees them: with what it has given and taken so far. Only for use inside it, after
   * `write` has found this session's rights still true.
   */
  async inside(tx: Tx): Promise<AccessSession> {
    const { identity } = this;
    const stored = await loadPrincipal(tx, identity.principal.id);
    if (!stored) throw unauthenticated();
    // Who impersonates stays confined to the tenants that were open to them.
    const { superAdmin, tenants } = identity.principal;
    const isConfined = identity.impersonator && !superAdmin;
    const principal = limitedBy(identity.ceiling, isConfined ? confine(stored, new Set(tenants.keys())) : stored);
    const session = new AccessSession({
      engine: this.engine,
      freshness: this.freshness,
      identify: this.#identify,
      ip: this.ip,
      requestId: this.requestId,
      callerRequestId: this.callerRequestId,
      now: this.#now,
    });
    session.reason = this.reason;
    session.note = this.note;
    const { used: _used, ...rest } = identity;
    session.#identity = { ...rest, principal };
    session.#epoch = this.#epoch;
    return session;
  }

  /** Forgets every decision: the next question is decided anew. */
  forget(): void {
    this.#memo.clear();
  }

  /** Is the identity as of all that this gateway knows at this moment? Then `refresh` has nothing to do. */
  get isCurrent(): boolean {
    const { engine, freshness } = this;
    const current = this.#identity;
    if (!current || this.#epoch !== freshness.history.epoch) return false;
    if (current.revision < freshness.state.revision || !freshness.isFresh || engine.following) return false;
    return !(current.until && current.until <= this.#now());
  }

  /** While the session is current: does everything that it decided hold still? Else `forget`, and ask again. */
  get holds(): boolean {
    const { engine, freshness } = this;
    return engine.fingerprint === freshness.state.policySet && this.#memo.holds(engine.set, this.#now());
  }

  /** False: a policy looked at the clock without saying how long its answer holds, so nothing holds. */
  get isSteady(): boolean {
    return this.#memo.isSteady;
  }

  actorFor(tenantId: string | undefined): Actor {
    const { principal, credential, impersonator } = this.identity;
    return actorOf(principal, tenantId, credential, this.engine.set.exceptedGroups, impersonator);
  }

  get doer(): Doer {
    const { principal, impersonator } = this.identity;
    const reason = [this.reason, this.note].filter(Boolean).join('; ');
    return {
      kind: principal.kind,
      id: principal.id,
      name: principal.name,
      ...(impersonator && { impersonator: { id: impersonator.id, name: impersonator.name } }),
      ...(this.ip !== undefined && { ip: this.ip }),
      ...(reason !== '' && { reason }),
      requestId: this.requestId,
      ...(this.callerRequestId !== undefined && { callerRequestId: this.callerRequestId }),
    };
  }

  /** Decides once per permission and scope; call `refresh` first. */
  decide(permission: Permission, scope: Scope = {}): Decision {
    this.freshness.assertFresh();
    if (this.#identity && this.#epoch !== this.freshness.history.epoch)
      throw new GatehouseError('UNAVAILABLE', 'The store was restored during the request. Try again.', {
        retryAfter: 1,
      });
    if (this.engine.fingerprint !== this.freshness.state.policySet) {
      throw new GatehouseError(
        'POLICY_ERROR',
        'The policies of this gateway are not the accepted ones, so nothing is decided.',
      );
    }
    const key = `${permission} ${scope.tenantId ?? ''} ${scope.part ?? ''}`;
    const now = this.#now();
    let decision = this.#memo.get(key, now);
    if (!decision) {
      const env: Env = {
        now,
        requestId: this.requestId,
        ...(this.ip !== undefined && { ip: this.ip }),
        ...(this.reason !== undefined && { reason: this.reason }),
      };
      const { identity } = this;
      const { principal } = identity;
      decision = this.engine.decide({ principal, actor: this.actorFor(scope.tenantId), env, permission, scope });
      decision.identity = identity;
      this.#memo.keep(key, decision, this.engine.set);
    }
    // A use that cannot be written makes the token look older than it is, never fresher: the next one tries again.
    if (decision.outcome.effect === 'allow') this.#use ??= this.identity.used?.().catch(() => undefined);
    return decision;
  }

  /** Does the permission reach this row? @throws POLICY_ERROR where there is no answer. */
  can(permission: Permission, row: Row, scope: Scope = {}): boolean {
    const decision = this.decide(permission, scope);
    const { outcome } = decision;
    if (outcome.effect === 'error') throw refusal(decision);
    return outcome.effect === 'allow' && (outcome.where === undefined || matcherOf(outcome.where)(row));
  }

  /** The grant, or undefined where the answer is no. @throws POLICY_ERROR where there is no answer. */
  may<P extends Permission>(permission: P, scope: Scope = {}): Grant<P> | undefined {
    const decision = this.decide(permission, scope);
    if (decision.outcome.effect === 'error') throw refusal(decision);
    if (decision.outcome.effect !== 'allow') return undefined;
    if (!decision.used) {
      decision.used = true;
      this.engine.observer?.(decision, this.engine.fingerprint);
    }
    return makeGrant<P>(this, decision, decision.outcome.where);
  }

  /** The grant. @throws FORBIDDEN or POLICY_ERROR. */
  grant<P extends Permission>(permission: P, scope: Scope = {}): Grant<P> {
    const grant = this.may(permission, scope);
    if (!grant) throw refusal(this.decide(permission, scope));
    return grant;
  }

  /** The tenants in which the actor may hold anything; undefined: any (a super admin). */
  get tenantIds(): readonly string[] | undefined {
    return this.principal.superAdmin ? undefined : [...this.principal.tenants.keys()];
  }
}
