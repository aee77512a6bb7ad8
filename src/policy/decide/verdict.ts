import { isPermission, type ResourceName } from '../../access/catalog.ts';
import { resourceDefinition } from '../../access/resource.ts';
import type { AccessRequest, Obligation, StepUp, Verdict } from '../contract.ts';
import { columnsOf } from '../filter/columns.ts';
import { assertPortable } from '../filter/portable.ts';
import type { LoadedPolicy } from '../load/load.ts';
import { type Step, toStep } from './combine.ts';

/** Returns the text of a thrown value. Even converting the value to text can throw. */
export function causeOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return 'it threw a value without a readable text';
  }
}

/** Policies are synchronous, so a promise is an invalid verdict. Its later rejection must not be unhandled. */
function ignoreRejection(verdict: unknown): void {
  if (verdict instanceof Promise) verdict.catch(() => undefined);
}

/** Evaluates a policy without trusting its result. An invalid verdict becomes an error, and an error refuses. */
export function ask({ name, mode, shadow, policy }: LoadedPolicy, request: AccessRequest): Step {
  let step: Step;
  try {
    const verdict = policy.evaluate(request);
    ignoreRejection(verdict);
    step = toStep(name, mode, checked(verdict, mode, request));
  } catch (error) {
    step = { policy: name, mode, effect: 'error', cause: causeOf(error) };
  }
  return shadow ? { ...step, shadow } : step;
}

function checked(verdict: Verdict | undefined, mode: 'guard' | 'grant', request: AccessRequest): Verdict {
  if (typeof verdict !== 'object' || verdict === null) throw new TypeError('it returned no verdict');
  const { effect } = verdict;
  if (effect !== 'allow' && effect !== 'deny' && effect !== 'abstain')
    throw new TypeError('it returned an unknown effect');
  if (effect === 'allow' && mode === 'guard') throw new TypeError('a guard cannot allow');
  if (effect === 'deny' && mode === 'grant') throw new TypeError('a grant cannot deny');
  const filterName = effect === 'allow' ? 'when' : 'unless';
  if (effect !== 'abstain' && filterName in verdict) {
    assertTrusted((verdict as Record<string, unknown>)[filterName], request.resource);
  }
  if (verdict.until !== undefined && !(verdict.until instanceof Date)) throw new TypeError('until is not a Date');
  if (effect === 'deny' && verdict.stepUp !== undefined) assertStepUp(verdict.stepUp);
  if (effect !== 'deny') {
    for (const obligation of verdict.obligations ?? []) {
      if (!Object.hasOwn(obligationRules, String(obligation?.kind)))
        throw new TypeError('it returned an unknown obligation');
      obligationRules[obligation.kind](obligation as never, request);
    }
  }
  return verdict;
}

function assertStepUp({ secondFactor, maxAgeSeconds }: StepUp): void {
  if (typeof secondFactor !== 'boolean') throw new TypeError('stepUp.secondFactor is not a boolean');
  if (maxAgeSeconds !== undefined && typeof maxAgeSeconds !== 'number')
    throw new TypeError('stepUp.maxAgeSeconds is not a number');
}

/** Validates obligations by kind. */
const obligationRules = {
  audit({ note }: Extract<Obligation, { kind: 'audit' }>) {
    if (typeof note !== 'string') throw new TypeError('note is not a string');
  },
  mask({ fields, unless, unlessHolding }: Extract<Obligation, { kind: 'mask' }>, { resource, action }: AccessRequest) {
    const maskable = resourceDefinition(resource)?.maskable ?? [];
    const other = [...fields].find((field) => !maskable.includes(field));
    if (other !== undefined) throw new TypeError(`${other} of ${resource} cannot be masked`);
    if (action !== 'READ') throw new TypeError('mask is allowed for READ only');
    if (unless !== undefined) assertTrusted(unless, resource);
    if (unlessHolding !== undefined && !isPermission(unlessHolding))
      throw new TypeError('unlessHolding is not a permission');
  },
} satisfies Record<Obligation['kind'], unknown>;

/**
 * Filters that passed the portability check, with the resources they were checked for. Policies usually return the same
 * filter object again.
 */
const trusted = new WeakMap<object, Set<ResourceName>>();

/** Freezes a filter once it is checked, so that a policy cannot change it afterwards. */
function assertTrusted(filter: unknown, resource: ResourceName): void {
  const known = trusted.get(filter as object);
  if (known?.has(resource)) return;
  assertPortable(filter, columnsOf(resource));
  // A Date stays mutable in a frozen filter, so a filter with a Date is checked every time.
  if (known) known.add(resource);
  else if (freeze(filter)) trusted.set(filter, new Set([resource]));
}

/** @returns false if a part stays mutable. */
function freeze(part: unknown): boolean {
  if (part instanceof Date) return false;
  if (typeof part !== 'object' || part === null) return true;
  Object.freeze(part);
  return Object.values(part).map(freeze).every(Boolean);
}
