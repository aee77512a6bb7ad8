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

/** Describes a policy set for storage: names, modes, settings, references, and disabled guards. */
export const describeSet = (set: PolicySet) => ({
  policies: set.policies.filter(({ builtIn, isInert }) => !builtIn && !isInert).map(describe),
  disabled: [...set.disabled],
});

/** Returns a fingerprint of a policy set. Gateways with different fingerprints could decide differently. */
export const fingerprintOf = (set: PolicySet): string =>
  createHash('sha256')
    .update(canonicalJson(describeSet(set)))
    .digest('hex')
    .slice(0, 32);

const unmatchedIn = (set: PolicySet): string[] =>
  set.policies.flatMap(({ name, unmatched = [] }) => unmatched.map((what) => `${name}: ${what}`));

/**
 * @throws {PolicyLoadError} if settings name a service account that does not exist, unless the current settings do too.
 */
export function assertMatched(set: PolicySet, current?: PolicySet): void {
  const known = current ? unmatchedIn(current) : [];
  const unmatched = unmatchedIn(set).filter((fault) => !known.includes(fault));
  if (unmatched.length > 0) throw new PolicyLoadError(unmatched);
}

/** @throws {PolicyLoadError} if a guard in force is missing. Removing a guard requires an explicit decision. */
export function assertNoneLost(accepted: unknown, set: PolicySet): void {
  const lost = lostGuards(accepted, set);
  if (lost.length === 0) return;
  throw new PolicyLoadError(
    lost.map(
      (name) =>
        `${name} was in force and is missing; restore it, or run \`gatehouse policy accept\` to accept its removal`,
    ),
  );
}

/** Returns the names of guards in the accepted set that are missing from this set, not even disabled. */
export function lostGuards(accepted: unknown, set: PolicySet): string[] {
  const { policies = [], disabled = [] } = (accepted ?? {}) as { policies?: Described[]; disabled?: string[] };
  const present = new Set([...set.policies.map(({ name }) => name), ...set.disabled, ...(set.formerNames ?? [])]);
  const before = [...policies.filter(({ mode }) => mode === 'guard').map(({ name }) => name), ...disabled];
  return before.filter((name) => !present.has(name));
}
