import { isPermission, type ResourceName } from '../../access/catalog.ts';
import { resourceDefinition } from '../../access/resource.ts';
import type { AccessRequest, Obligation, Verdict } from '../contract.ts';
import { columnsOf } from '../filter/columns.ts';
import { assertPortable } from '../filter/portable.ts';
import type { LoadedPolicy } from '../load/load.ts';
import { type Step, toStep } from './combine.ts';

/** What was thrown may itself be nonsense, down to the text of it. */
export function causeOf(error: unknown): string {
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
export function ask({ name, mode, shadow, policy }: LoadedPolicy, request: AccessRequest): Step {
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
