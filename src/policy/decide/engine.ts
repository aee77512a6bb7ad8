import type { Actor, Env } from '../../access/actor.ts';
import { type Permission, split } from '../../access/catalog.ts';
import type { Row, RowChange } from '../../access/grant.ts';
import { remember } from '../../lib/remember.ts';
import { currentRequest } from '../../lib/request-scope.ts';
import { type Labels, secondsSince, type Telemetry } from '../../lib/telemetry.ts';
import type { AccessRequest, LookUps } from '../contract.ts';
import type { LoadedPolicy, PolicySet } from '../load/load.ts';
import type { Principal } from '../principals/principal.ts';
import { builtInGrants } from './built-in-grants/index.ts';
import { combine, type Step, toStep } from './combine.ts';
import { Decision, type Scope, shadowNote } from './decision.ts';
import { isThenable, watch, withinTime } from './review-time.ts';
import { ask, causeOf } from './verdict.ts';

/**
 * Called for each decision that allows, when an operation first relies on it. Not called for mere questions of a
 * frontend.
 */
export type DecisionObserver = (decision: Decision, policySet: string) => void;

export interface Question {
  readonly principal: Principal;
  readonly actor: Actor;
  readonly env: Env;
  readonly permission: Permission;
  readonly scope: Scope;
}

/** Of this number of decisions, the policies of one are timed: to time each policy would cost more than most of them. */
const timedOneIn = 16;

/** Answers every question about access. Holds the policies in force and notifies its observers. */
export class Engine {
  #set: PolicySet;
  #fingerprint: string;
  #byPermission = new Map<string, readonly LoadedPolicy[]>();
  /** Time limit of a review in milliseconds. */
  readonly reviewMs: number;
  observer: DecisionObserver | undefined;
  telemetry: Telemetry | undefined;
  #decisions = 0;
  readonly #labels = new Map<string, Labels>();
  /** Called with the permissions that allowed a holder to pass them on to others. */
  handedOn: ((holder: Principal, permissions: readonly Permission[], tenantId: string | null) => void) | undefined;
  /** Set while newly accepted policies are loading. Requests wait for it instead of being refused. */
  following: Promise<void> | undefined;

  constructor(set: PolicySet, fingerprint: string, reviewMs: number) {
    this.#set = set;
    this.#fingerprint = fingerprint;
    this.reviewMs = reviewMs;
  }

  get set(): PolicySet {
    return this.#set;
  }

  get fingerprint(): string {
    return this.#fingerprint;
  }

  /** Replaces the policies in force. Never takes effect within a decision. @returns the former policies. */
  adopt(set: PolicySet, fingerprint: string): PolicySet {
    const former = this.#set;
    this.#set = set;
    this.#fingerprint = fingerprint;
    this.#byPermission = new Map();
    return former;
  }

  /** Refuses every question until `adopt` is called. */
  suspend(): void {
    this.#fingerprint = '';
  }

  #applying({ resource, action }: AccessRequest): readonly LoadedPolicy[] {
    return remember(this.#byPermission, `${resource}:${action}`, () =>
      this.#set.policies.filter((policy) => policy.resources.has(resource) && policy.actions.has(action)),
    );
  }

  decide(question: Question): Decision {
    const { telemetry } = this;
    if (!telemetry) return this.#decide(question);
    const span = currentRequest()?.span?.begin('decide', { 'gatehouse.permission': question.permission });
    const began = performance.now();
    this.#decisions += 1;
    const decision = this.#decide(question, this.#decisions % timedOneIn === 0 ? telemetry : undefined);
    const { effect } = decision.outcome;
    telemetry.record('gatehouse.decision.duration', secondsSince(began), this.#ofEffect(effect));
    span?.end(this.#ofEffect(effect));
    return decision;
  }

  #ofEffect(effect: string): Labels {
    return remember(this.#labels, effect, () => ({ 'gatehouse.effect': effect }));
  }

  #ofPolicy(name: string, phase: 'evaluate' | 'review'): Labels {
    return remember(this.#labels, `${phase} ${name}`, () => ({ 'gatehouse.policy': name, 'gatehouse.phase': phase }));
  }

  /** @param telemetry measures each policy. */
  #decide({ principal, actor, env, permission, scope }: Question, telemetry?: Telemetry): Decision {
    const [resource, action] = split(permission);
    let isSteady = true;
    let looked = false;
    const watched: Env = {
      ...env,
      get now() {
        looked = true;
        return env.now;
      },
    };
    const request = { actor, action, resource, scope: scope as AccessRequest['scope'], env: watched };
    const steps: Step[] = builtInGrants.map((grant) => toStep(grant.name, 'grant', grant.evaluate(principal, request)));
    for (const loaded of this.#applying(request)) {
      looked = false;
      const began = telemetry && performance.now();
      const step = ask(loaded, request);
      if (began !== undefined)
        telemetry?.record('gatehouse.policy.duration', secondsSince(began), this.#ofPolicy(loaded.name, 'evaluate'));
      steps.push(step);
      if (looked && !step.until) isSteady = false;
    }
    return new Decision(permission, scope, combine(steps), steps, request, isSteady);
  }

  /**
   * Runs the reviews of a change. The first refusal or failure wins. Refusals of policies in shadow mode become notes.
   */
  async review(decision: Decision, change: RowChange, look: LookUps): Promise<Reviewed> {
    const { request } = decision;
    const notes: string[] = [];
    for (const loaded of this.#applying(request)) {
      const step = await this.#askReview(loaded, request, change, look);
      if (step && !loaded.shadow) return { refused: step, notes };
      if (step) notes.push(shadowNote(step));
    }
    return { refused: undefined, notes };
  }

  /** What the policies that judge rows would refuse of a present row, also those in shadow mode. */
  async judge({ request }: Decision, row: Row): Promise<Judgement[]> {
    const found: Judgement[] = [];
    for (const loaded of this.#applying(request)) {
      if (!loaded.judgesRows) continue;
      const step = await this.#askReview(loaded, request, { before: null, after: row }, noLookUps);
      if (step) found.push({ ...step, shadow: loaded.shadow });
    }
    return found;
  }

  /** @returns undefined if the review does not refuse. */
  async #askReview(
    { name, mode, policy }: LoadedPolicy,
    request: AccessRequest,
    change: RowChange,
    look: LookUps,
  ): Promise<Step | undefined> {
    if (!policy.review) return undefined;
    const step = { policy: name, mode };
    const began = performance.now();
    try {
      const { watched, isWaiting } = watch(look);
      const work = policy.review(request, { ...change, resource: request.resource }, watched);
      // Most reviews are synchronous and need no timer.
      const answer = isThenable(work) ? await withinTime(Promise.resolve(work), this.reviewMs, isWaiting) : work;
      if (answer?.effect === 'deny') return { ...step, effect: 'deny', reason: String(answer.reason) };
      if (answer?.effect === 'abstain') return undefined;
      return { ...step, effect: 'error', cause: 'the review returned no verdict' };
    } catch (error) {
      return { ...step, effect: 'error', cause: causeOf(error) };
    } finally {
      this.telemetry?.record('gatehouse.policy.duration', secondsSince(began), this.#ofPolicy(name, 'review'));
    }
  }
}

/** A refusal of a present row. */
export type Judgement = Step & { readonly shadow: boolean };

const unavailable = (): never => {
  throw new Error('a policy that judges rows looks nothing up');
};
const noLookUps: LookUps = { count: unavailable, rows: unavailable, authors: unavailable, isMember: unavailable };

/** The result of reviewing one change. */
export interface Reviewed {
  readonly refused: Step | undefined;
  /** Notes for the audit event. */
  readonly notes: readonly string[];
}
