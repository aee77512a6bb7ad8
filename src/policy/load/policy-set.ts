import { createHash } from 'node:crypto';
import { canonicalJson } from '../../lib/json.ts';
import { type LoadedPolicy, PolicyLoadError, type PolicySet } from './load.ts';

interface Described {
  readonly name: string;
  readonly mode: string;
  readonly shadow: boolean;
  readonly settings: unknown;
  readonly references?: unknown;
}

const describe = ({ name, mode, shadow, settings, references }: LoadedPolicy): Described => ({
  name,
  mode,
  shadow,
  settings,
  ...(references && { references }),
});

/** What a set of policies is, for the record: names, modes, settings, whom they name, and which are off. */
export const describeSet = (set: PolicySet) => ({
  policies: set.policies.filter((policy) => !policy.builtIn).map(describe),
  disabled: [...set.disabled],
});

/** The same text for the same rules in force: gateways with different fingerprints would answer differently. */
export const fingerprintOf = (set: PolicySet): string =>
  createHash('sha256')
    .update(canonicalJson(describeSet(set)))
    .digest('hex')
    .slice(0, 32);

const unmatchedIn = (set: PolicySet): string[] =>
  set.policies.flatMap(({ name, unmatched = [] }) => unmatched.map((what) => `${name}: ${what}`));

/** @throws {PolicyLoadError} where settings name somebody whom there is not; what is in force already may stay. */
export function assertMatched(set: PolicySet, current?: PolicySet): void {
  const known = current ? unmatchedIn(current) : [];
  const unmatched = unmatchedIn(set).filter((fault) => !known.includes(fault));
  if (unmatched.length > 0) throw new PolicyLoadError(unmatched);
}

/** @throws {PolicyLoadError} where a guard that was in force is simply gone: that must be somebody's decision. */
export function assertNoneLost(accepted: unknown, set: PolicySet): void {
  const lost = lostGuards(accepted, set);
  if (lost.length === 0) return;
  throw new PolicyLoadError(
    lost.map((name) => `${name} was in force and is gone; run \`gatehouse policy accept\` if that is meant`),
  );
}

/** Names of the guards in the accepted set that this one no longer has, not even switched off. */
export function lostGuards(accepted: unknown, set: PolicySet): string[] {
  const { policies = [], disabled = [] } = (accepted ?? {}) as { policies?: Described[]; disabled?: string[] };
  const present = new Set([...set.policies.map(({ name }) => name), ...set.disabled, ...(set.formerNames ?? [])]);
  const before = [...policies.filter(({ mode }) => mode === 'guard').map(({ name }) => name), ...disabled];
  return before.filter((name) => !present.has(name));
}
