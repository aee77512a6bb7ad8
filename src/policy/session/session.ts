import type { Actor, Credential, Env } from '../../access/actor.ts';
import type { Permission } from '../../access/catalog.ts';
import type { Doer, Grant, Row, SignedInBy } from '../../access/grant.ts';
import type { Tx } from '../../db/transaction.ts';
import { GatehouseError, unauthenticated } from '../../errors.ts';
import { remember } from '../../lib/remember.ts';
import { combineAfterStepUp, type Outcome } from '../decide/combine.ts';
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
  /** Proves the identity again from the credentials. Throws UNAUTHENTICATED. Undefined for an anonymous caller. */
  readonly identify: (() => Identity | Promise<Identity>) | undefined;
  readonly ip: string | undefined;
  readonly requestId: string;
  readonly callerRequestId?: string | undefined;
  readonly now?: () => Date;
}

const signedInBy = ({ id, method, provider }: Credential): SignedInBy => ({
  id: id!,
  method: method!.toUpperCase(),
  ...(provider != null && { provider }),
});

/** The permissions of one actor, for one request or one stream. */
export class AccessSession {
  readonly engine: Engine;
  readonly freshness: Freshness;
  readonly requestId: string;
  readonly callerRequestId: string | undefined;
  readonly ip: string | undefined;
  reason: string | undefined;
  /** Appended to the recorded reason. Policies cannot read it. */
  note: string | undefined;
  readonly #identify: SessionOptions['identify'];
  readonly #now: () => Date;
  readonly #memo = new DecisionMemo();
  readonly #readGrants = new WeakMap<Decision, Grant>();
  #identity: Identity | undefined;
  /** The epoch of the store that the identity was read from. */
  #epoch = 0;
  #use: Promise<void> | undefined;
  #isUseNoted = false;
  /** The running proof, with the revision and the epoch known when it began. */
  #proving: { readonly revision: bigint; readonly epoch: number; readonly done: Promise<void> } | undefined;
  #proofs = 0;
  #rotates = false;
  /** Number of the proof that set the identity. An earlier proof that ends later does not replace it. */
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

  /** Asks for a new ID of the browser's session, with the response. */
  rotate(): void {
    this.#rotates = true;
  }

  get rotates(): boolean {
    return this.#rotates;
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

  /** True once the identity is proved. */
  get isProved(): boolean {
    return this.#identity !== undefined;
  }

  /**
   * The account whose share of queues and connections this session uses: the signed-in account, not the impersonated
   * one.
   */
  get accountId(): string {
    const { principal, impersonator } = this.identity;
    return (impersonator ?? principal).id;
  }

  get revision(): bigint {
    return this.identity.revision;
  }

  /** Updates identity and permissions to the known revision. @throws UNAUTHENTICATED, POLICY_ERROR. */
  async refresh(): Promise<void> {
    if (!this.#identify) throw unauthenticated();
    if (!this.freshness.isFresh) await this.freshness.confirmWithin(500);
    this.freshness.assertFresh();
    if (this.engine.following) await this.engine.following;
    if (this.isCurrent) return;
    const { revision } = this.freshness.state;
    const { epoch } = this.freshness.history;
    // Sibling fields share one proof, unless it began before the newest revision or a restore.
    if (this.#proving?.revision !== revision || this.#proving.epoch !== epoch) {
      const done = this.#prove(this.#identify, epoch).finally(() => {
        if (this.#proving?.done === done) this.#proving = undefined;
      });
      this.#proving = { revision, epoch, done };
    }
    await this.#proving.done;
  }

  /**
   * Replaces the identity in one step, so sibling fields always find an identity. If the credential is refused, every
   * field that asks for a fresh identity fails; other fields keep the identity that the request began with.
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
    this.#isUseNoted = false;
  }

  /**
   * Records the use of the credential, if it allowed something.
   * @param asksWhoTheyAre the request asks for the caller only; it counts as a use if the caller can read their own
   * tokens.
   * @returns a promise to await while it is being recorded.
   */
  noteUse(asksWhoTheyAre: boolean): Promise<void> | undefined {
    if (!this.#identity?.used) return undefined;
    if (!this.#use && asksWhoTheyAre) {
      try {
        this.decide('API_TOKEN:READ');
      } catch {
        // Without a decision, the credential was not used.
      }
    }
    return this.#isUseNoted ? undefined : this.#use;
  }

  /**
   * Returns a session for the same actor with the permissions that the transaction has granted and revoked so far. Use
   * it only inside the transaction, after `write` has confirmed the permissions of this session.
   */
  async inside(tx: Tx): Promise<AccessSession> {
    const { identity } = this;
    const stored = await loadPrincipal(tx, identity.principal.id);
    if (!stored) throw unauthenticated();
    // An impersonation stays confined to the tenants that it began with.
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

  /** Drops all cached decisions. */
  forget(): void {
    this.#memo.clear();
  }

  /** True if the identity is up to date with everything that this gateway knows. `refresh` then does nothing. */
  get isCurrent(): boolean {
    const { engine, freshness } = this;
    const current = this.#identity;
    if (!current || this.#epoch !== freshness.history.epoch) return false;
    if (current.revision < freshness.state.revision || !freshness.isFresh || engine.following) return false;
    return !(current.until && current.until <= this.#now());
  }

  /**
   * True if every cached decision still holds. Requires a current session. If false, call `forget` and decide again.
   */
  get holds(): boolean {
    const { engine, freshness } = this;
    return engine.fingerprint === freshness.state.policySet && this.#memo.holds(engine.set, this.#now());
  }

  /** False if a policy read the clock without stating until when its verdict holds. No decision can then be reused. */
  get isSteady(): boolean {
    return this.#memo.isSteady;
  }

  async #recordUse(): Promise<void> {
    const { identity } = this;
    await identity.used?.().catch(() => undefined);
    if (this.#identity === identity) this.#isUseNoted = true;
  }

  actorFor(tenantId: string | undefined): Actor {
    const { principal, credential, impersonator } = this.identity;
    return actorOf(principal, tenantId, credential, this.engine.set.exceptedGroups, impersonator);
  }

  get doer(): Doer {
    const { principal, impersonator, credential } = this.identity;
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
      ...(credential.kind === 'session' && { session: signedInBy(credential) }),
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
        'The policies of this gateway differ from the accepted policies. Ask an operator to accept or correct them.',
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
    // If recording a use fails, the token looks older than it is, never fresher. The next use tries again.
    if (decision.outcome.effect === 'allow') this.#use ??= this.#recordUse();
    return decision;
  }

  /** Returns true if the permission covers this row. @throws POLICY_ERROR if a policy fails. */
  can(permission: Permission, row: Row, scope: Scope = {}): boolean {
    const decision = this.decide(permission, scope);
    const { outcome } = decision;
    if (outcome.effect === 'error') throw refusal(decision);
    return outcome.effect === 'allow' && (outcome.where === undefined || matcherOf(outcome.where)(row));
  }

  /**
   * Returns true if the permission covers this row, if necessary after a step-up. Only for what a frontend offers: the
   * step-up has not happened yet. @throws POLICY_ERROR if a policy fails.
   */
  canAfterStepUp(permission: Permission, row: Row, scope: Scope = {}): boolean {
    const decision = this.decide(permission, scope);
    const outcome = this.afterStepUp(decision);
    if (outcome === decision.outcome) return this.can(permission, row, scope);
    return outcome.effect === 'allow' && (outcome.where === undefined || matcherOf(outcome.where)(row));
  }

  /** The outcome of a decision, if necessary after a step-up. Only a session of a browser can be stepped up. */
  afterStepUp({ outcome, steps }: Decision): Outcome {
    const isPossible = outcome.effect === 'deny' && outcome.stepUp && this.identity.credential.kind === 'session';
    return isPossible ? combineAfterStepUp(steps) : outcome;
  }

  /** Returns the grant, or undefined if the permission is refused. @throws POLICY_ERROR if a policy fails. */
  may<P extends Permission>(permission: P, scope: Scope = {}): Grant<P> | undefined {
    const decision = this.decide(permission, scope);
    if (decision.outcome.effect === 'error') throw refusal(decision);
    if (decision.outcome.effect !== 'allow') return undefined;
    if (!decision.used) {
      decision.used = true;
      this.engine.observer?.(decision, this.engine.fingerprint);
    }
    // A grant to change collects notes about its changes. One to read has no state: it is the same for every row.
    const { where } = decision.outcome;
    if (!permission.endsWith(':READ')) return makeGrant<P>(this, decision, where);
    return remember(this.#readGrants, decision, () => makeGrant(this, decision, where)) as unknown as Grant<P>;
  }

  /** Returns the grant. @throws FORBIDDEN, POLICY_ERROR. */
  grant<P extends Permission>(permission: P, scope: Scope = {}): Grant<P> {
    const grant = this.may(permission, scope);
    if (!grant) throw refusal(this.decide(permission, scope));
    return grant;
  }

  /** The tenants in which the actor can have permissions. Undefined: all tenants (a super admin). */
  get tenantIds(): readonly string[] | undefined {
    return this.principal.superAdmin ? undefined : [...this.principal.tenants.keys()];
  }
}
