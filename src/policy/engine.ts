import type { Actor, Env } from '../access/actor.ts';
import { isPermission, type Permission, type ResourceName, split } from '../access/catalog.ts';
import type { RowChange } from '../access/grant.ts';
import { resourceDefinition } from '../access/resource.ts';
import { newId } from '../lib/ids.ts';
import { remember } from '../lib/remember.ts';
import { columnsOf } from './columns.ts';
import { combine, type Outcome, type Step, toStep } from './combine.ts';
import type { AccessRequest, LookUps, Obligation, Verdict } from './contract.ts';
import { builtInGrants } from './grants/index.ts';
import type { LoadedPolicy, PolicySet } from './load.ts';
import { assertPortable } from './portable.ts';
import type { Principal } from './principal.ts';
import type { Identity } from './session.ts';

export interface Scope {
  /** Undefined: the instance level. */
  readonly tenantId?: string | undefined;
  readonly part?: 'members' | undefined;
}

/** One answer of the engine, with how it came about. */
export interface Decision {
  readonly id: string;
  readonly permission: Permission;
  readonly scope: Scope;
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
  readonly request: AccessRequest;
  /** False: a policy looked at the clock without saying until when its answer holds. */
  readonly isSteady: boolean;
  /** Who it was made for, where a session asked. */
  identity?: Identity;
  /** Was it acted upon? */
  used?: boolean;
}

/** Is told of each decision that allows, when it is first acted upon (and not merely asked, to tell a frontend). */
export type DecisionObserver = (decision: Decision, policySet: string) => void;

export interface Question {
  readonly principal: Principal;
  readonly actor: Actor;
  readonly env: Env;
  readonly permission: Permission;
  readonly scope: Scope;
}

/** Its id is made when somebody wants to know it: most decisions are never told of. */
class Decided implements Decision {
  #id: string | undefined;
  readonly permission: Permission;
  readonly scope: Scope;
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
  readonly request: AccessRequest;
  readonly isSteady: boolean;
  identity?: Identity;
  used?: boolean;

  constructor(
    permission: Permission,
    scope: Scope,
    outcome: Outcome,
    steps: readonly Step[],
    request: AccessRequest,
    isSteady: boolean,
  ) {
    this.isSteady = isSteady;
    this.permission = permission;
    this.scope = scope;
    this.outcome = outcome;
    this.steps = steps;
    this.request = request;
  }

  get id(): string {
    this.#id ??= newId();
    return this.#id;
  }
}

/** Answers every question about access. It holds the policies and no state. */
export class Engine {
  #set: PolicySet;
  #fingerprint: string;
  #byPermission = new Map<string, readonly LoadedPolicy[]>();
  /** Milliseconds that a review may take. */
  readonly reviewMs: number;
  observer: DecisionObserver | undefined;
  /** Is told of permissions that served to hand them on. */
  handedOn: ((holder: Principal, permissions: readonly Permission[], tenantId: string | null) => void) | undefined;
  /** Set while other policies are being loaded to be put in force: then it is better to wait than to refuse. */
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

  /** Puts other policies in force, between two decisions and never within one. @returns the former ones. */
  adopt(set: PolicySet, fingerprint: string): PolicySet {
    const former = this.#set;
    this.#set = set;
    this.#fingerprint = fingerprint;
    this.#byPermission = new Map();
    return former;
  }

  /** Puts nothing in force: every question is refused until policies are adopted again. */
  suspend(): void {
    this.#fingerprint = '';
  }

  #applying({ resource, action }: AccessRequest): readonly LoadedPolicy[] {
    return remember(this.#byPermission, `${resource}:${action}`, () =>
      this.#set.policies.filter((policy) => policy.resources.has(resource) && policy.actions.has(action)),
    );
  }

  decide({ principal, actor, env, permission, scope }: Question): Decision {
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
      const step = ask(loaded, request);
      steps.push(step);
      if (looked && !step.until) isSteady = false;
    }
    return new Decided(permission, scope, combine(steps), steps, request, isSteady);
  }

  /**
   * Asks the policies that look at before and after. The first that refuses, or could not say, wins; what those in
   * shadow would have refused is told as notes.
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

  /** @returns undefined where it refuses nothing. */
  async #askReview(
    { name, mode, policy }: LoadedPolicy,
    request: AccessRequest,
    change: RowChange,
    look: LookUps,
  ): Promise<Step | undefined> {
    if (!policy.review) return undefined;
    const step = { policy: name, mode };
    try {
      const { watched, isWaiting } = watch(look);
      const work = policy.review(request, { ...change, resource: request.resource }, watched);
      // Most answer at once: then there is nothing to time.
      const answer = isThenable(work) ? await withinTime(Promise.resolve(work), this.reviewMs, isWaiting) : work;
      if (answer?.effect === 'deny') return { ...step, effect: 'deny', reason: String(answer.reason) };
      if (answer?.effect === 'abstain') return undefined;
      return { ...step, effect: 'error', cause: 'its review gave no verdict' };
    } catch (error) {
      return { ...step, effect: 'error', cause: causeOf(error) };
    }
  }
}

/** What the reviews of one change came to. */
export interface Reviewed {
  readonly refused: Step | undefined;
  /** For the audit event. */
  readonly notes: readonly string[];
}

/** How an audit event tells what a policy in shadow would have done. */
export const shadowNote = ({ policy, reason, cause }: Step): string =>
  `${policy} (in shadow) would have refused: ${reason ?? cause ?? ''}`;

/** What was thrown may itself be nonsense, down to the text of it. */
function causeOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return 'it threw what cannot be told';
  }
}

/** A policy that answers with a promise has given none, which is told; its later failure is nobody's. */
function settleUnheard(verdict: unknown): void {
  if (verdict instanceof Promise) verdict.catch(() => undefined);
}

/** Trusts nothing that a policy returns: whatever is not a verdict of its mode is an error, and an error refuses. */
function ask({ name, mode, shadow, policy }: LoadedPolicy, request: AccessRequest): Step {
  let step: Step;
  try {
    const verdict = policy.evaluate(request);
    settleUnheard(verdict);
    step = toStep(name, mode, checked(verdict, mode, request));
  } catch (error) {
    step = { policy: name, mode, effect: 'error', cause: causeOf(error) };
  }
  return shadow ? { ...step, shadow } : step;
}

function checked(verdict: Verdict | undefined, mode: 'guard' | 'grant', request: AccessRequest): Verdict {
  if (typeof verdict !== 'object' || verdict === null) throw new TypeError('it gave no verdict');
  const { effect } = verdict;
  if (effect !== 'allow' && effect !== 'deny' && effect !== 'abstain') throw new TypeError('it gave an unknown effect');
  if (effect === 'allow' && mode === 'guard') throw new TypeError('a guard cannot allow');
  if (effect === 'deny' && mode === 'grant') throw new TypeError('a grant cannot deny');
  const filterName = effect === 'allow' ? 'when' : 'unless';
  if (effect !== 'abstain' && filterName in verdict) {
    assertTrusted((verdict as Record<string, unknown>)[filterName], request.resource);
  }
  if (verdict.until !== undefined && !(verdict.until instanceof Date)) throw new TypeError('its until is no date');
  if (effect !== 'deny') {
    for (const obligation of verdict.obligations ?? []) {
      if (!Object.hasOwn(obligationRules, String(obligation?.kind)))
        throw new TypeError('it asks for an unknown obligation');
      obligationRules[obligation.kind](obligation as never, request);
    }
  }
  return verdict;
}

/** What an obligation must be so that it can be met. */
const obligationRules = {
  audit({ note }: Extract<Obligation, { kind: 'audit' }>) {
    if (typeof note !== 'string') throw new TypeError('its note is no text');
  },
  mask({ fields, unless, unlessHolding }: Extract<Obligation, { kind: 'mask' }>, { resource, action }: AccessRequest) {
    const maskable = resourceDefinition(resource)?.maskable ?? [];
    const other = [...fields].find((field) => !maskable.includes(field));
    if (other !== undefined) throw new TypeError(`${other} of ${resource} cannot be masked`);
    if (action !== 'READ') throw new TypeError('only what is read can be masked');
    if (unless !== undefined) assertTrusted(unless, resource);
    if (unlessHolding !== undefined && !isPermission(unlessHolding)) throw new TypeError('it names no permission');
  },
} satisfies Record<Obligation['kind'], unknown>;

/** Filters that were found portable, with the resources they were found so for: a policy mostly gives the same one. */
const trusted = new WeakMap<object, Set<ResourceName>>();

/** Frozen once it is checked, so that a policy cannot change it afterwards. */
function assertTrusted(filter: unknown, resource: ResourceName): void {
  const known = trusted.get(filter as object);
  if (known?.has(resource)) return;
  assertPortable(filter, columnsOf(resource));
  // An instant can be changed even in a frozen filter: such a filter is checked each time.
  if (known) known.add(resource);
  else if (freeze(filter)) trusted.set(filter, new Set([resource]));
}

/** @returns false where something in it stays changeable. */
function freeze(part: unknown): boolean {
  if (part instanceof Date) return false;
  if (typeof part !== 'object' || part === null) return true;
  Object.freeze(part);
  return Object.values(part).map(freeze).every(Boolean);
}

/** Whatever can be waited for, also what is no promise of the language's own. */
const isThenable = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

/** Tells whether a look-up of the engine's own is on its way. */
function watch(look: LookUps): { watched: LookUps; isWaiting: () => boolean } {
  let waiting = 0;
  const watched = new Proxy(look, {
    get: (own, name) => {
      const ask = Reflect.get(own, name) as (...args: unknown[]) => unknown;
      return async (...args: unknown[]) => {
        waiting += 1;
        try {
          return await ask.apply(own, args);
        } finally {
          waiting -= 1;
        }
      };
    },
  });
  return { watched, isWaiting: () => waiting > 0 };
}

/** The time of a policy's own work: waiting for the database, or for a lock there, ends with the request's time. */
async function withinTime<T>(work: Promise<T>, milliseconds: number, isWaiting: () => boolean): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const look = (): void => {
      if (isWaiting()) timer = setTimeout(look, milliseconds);
      else reject(new Error(`its review took more than ${milliseconds} ms`));
    };
    timer = setTimeout(look, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
