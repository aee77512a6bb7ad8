import type { GroupRule } from '../../config.ts';

/** Claims of a person at a provider. */
export type Claims = Readonly<Record<string, unknown>>;

/** The rules of a provider, as the claims of one person answer them. */
export interface GroupReading {
  /** Rules that apply: the person has the group at the provider. */
  readonly given: readonly GroupRule[];
  /** Rules without an answer: the claim is missing or unreadable. Their groups stay as they are. */
  readonly open: readonly GroupRule[];
  /** Undefined if every claim has an answer. OVERAGE: the provider sends a link in place of too many groups. */
  readonly fault: 'MISSING' | 'UNREADABLE' | 'OVERAGE' | undefined;
}

function valueAt(claims: Claims, path: readonly string[]): unknown {
  let value: unknown = claims;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Claims)[name];
  }
  return value;
}

/** Entra names the claim in `_claim_names`, or sets `hasgroups`, if a person has too many groups for a token. */
function isOverage(claims: Claims, [name]: readonly string[]): boolean {
  const names = claims['_claim_names'];
  if (typeof names === 'object' && names !== null && Object.hasOwn(names, name!)) return true;
  return name === 'groups' && (claims['hasgroups'] === true || claims['hasgroups'] === 'true');
}

/** Returns the groups of a claim; a fault if the claim does not say which. A missing claim is no empty list. */
function groupsAt(claims: Claims, path: readonly string[]): ReadonlySet<string> | NonNullable<GroupReading['fault']> {
  // With an overage, a list in the token is incomplete.
  if (isOverage(claims, path)) return 'OVERAGE';
  const value = valueAt(claims, path);
  if (value === undefined || value === null) return 'MISSING';
  if (typeof value === 'string') return new Set([value]);
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return new Set(value as string[]);
  return 'UNREADABLE';
}

const faults = ['OVERAGE', 'UNREADABLE', 'MISSING'] as const;

/** Applies the rules of a provider to the claims of one person. */
export function readGroups(rules: readonly GroupRule[], claims: Claims): GroupReading {
  const byPath = new Map<string, ReturnType<typeof groupsAt>>();
  const answerOf = ({ claim }: GroupRule) => {
    const key = JSON.stringify(claim);
    const known = byPath.get(key) ?? groupsAt(claims, claim);
    byPath.set(key, known);
    return known;
  };
  const given: GroupRule[] = [];
  const open: GroupRule[] = [];
  for (const rule of rules) {
    const answer = answerOf(rule);
    if (typeof answer === 'string') open.push(rule);
    else if (answer.has(rule.value)) given.push(rule);
  }
  const seen = new Set(byPath.values());
  return { given, open, fault: faults.find((fault) => seen.has(fault)) };
}
