import type { Actor, Credential } from '../../src/access/actor.ts';
import { type Permission, resourceNames, split } from '../../src/access/catalog.ts';
import type { Row } from '../../src/access/grant.ts';
import type { Where } from '../../src/access/where.ts';
import type { Verdict } from '../../src/policy/contract.ts';
import { Engine } from '../../src/policy/decide/engine.ts';
import type { LoadedPolicy } from '../../src/policy/load/load.ts';
import type { Holding, Principal } from '../../src/policy/principals/principal.ts';

/** A seeded random generator (mulberry32). */
export class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
  below = (n: number): number => Math.floor(this.next() * n);
  pick = <T>(list: readonly T[]): T => list[this.below(list.length)]!;
  some = <T>(list: readonly T[], most: number): T[] =>
    Array.from({ length: 1 + this.below(most) }, () => this.pick(list));
  coin = (p = 0.5): boolean => this.next() < p;
}

/** Values that implementations of a filter could interpret differently. */
export const namespaces = [
  '',
  'a',
  'a.b',
  'a.b.c',
  'a-b',
  'a_b',
  'axb',
  'a%b',
  'a.',
  'a/',
  'ab',
  'A',
  'A.b',
  'é',
  '\u{1F600}',
  '\uffee',
  'a\\b',
  "a'b",
  'b',
  'b.a',
];
export const tenantIds = ['t1', 't2', 't_1'];
const ips = [null, '10.0.0.1', '10.0.0.10', '', 'A', '_', '%'];
export const instants = [
  '2026-01-01T00:00:00.000Z',
  '2026-01-01T00:00:00.001Z',
  '2026-03-29T01:30:00.000Z',
  '1999-12-31T23:59:59.999Z',
].map((text) => new Date(text));

/** Creates rows of audit events, which have text, a namespace, a nullable column, instants and big integers. */
export function rows(chance: Chance, count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `row-${i}`,
    tenantId: chance.pick(tenantIds),
    namespace: chance.pick(namespaces),
    ip: chance.pick(ips),
    at: chance.pick(instants),
    seq: BigInt(i),
    outcome: chance.pick(['SUCCESS', 'DENIED']),
  }));
}

const texts: Record<string, readonly unknown[]> = {
  namespace: namespaces,
  ip: ips,
  tenantId: tenantIds,
  outcome: ['SUCCESS', 'DENIED'],
  at: instants,
  seq: [0n, 5n, 100n, 9_007_199_254_740_993n],
};

/** Creates a random portable filter. Ranges cover columns that are not nullable only. */
export function filter(chance: Chance, depth = 2): Where {
  if (depth > 0 && chance.coin(0.4)) {
    const parts = Array.from({ length: 1 + chance.below(3) }, () => filter(chance, depth - 1));
    return chance.coin() ? { AND: parts } : { OR: parts };
  }
  const column = chance.pick(['namespace', 'namespace', 'namespace', 'ip', 'tenantId', 'outcome', 'at', 'seq']);
  const value = () => chance.pick(texts[column]!);
  const kind = chance.below(4);
  if (kind === 0) return { [column]: value() } as Where;
  if (kind === 1)
    return { [column]: { in: chance.some(texts[column]!, 4).filter((v) => v !== null) } } as unknown as Where;
  if (kind === 2 || column === 'ip') return { [column]: { equals: value() } } as Where;
  const low = chance.pick(['gt', 'gte']);
  const high = chance.pick(['lt', 'lte']);
  return {
    [column]: chance.coin() ? { [low]: value(), [high]: value() } : { [chance.pick([low, high])]: value() },
  } as Where;
}

/** Evaluates a filter independently of the engine. Text is ordered by its UTF-8 bytes. */
export function oracle(where: Where, row: Row): boolean {
  const rank = (value: unknown): number | bigint | Buffer =>
    value instanceof Date ? value.getTime() : typeof value === 'string' ? Buffer.from(value) : (value as bigint);
  const order = (a: unknown, b: unknown): number => {
    const [x, y] = [rank(a), rank(b)];
    if (Buffer.isBuffer(x) && Buffer.isBuffer(y)) return Buffer.compare(x, y);
    return x < y ? -1 : x > y ? 1 : 0;
  };
  const equal = (a: unknown, b: unknown) => (a === null || b === null ? a === b : order(a, b) === 0);
  return Object.entries(where).every(([key, wanted]) => {
    if (key === 'AND') return (wanted as Where[]).every((part) => oracle(part, row));
    if (key === 'OR') return (wanted as Where[]).some((part) => oracle(part, row));
    const own = row[key];
    if (wanted === null || typeof wanted !== 'object' || wanted instanceof Date) return equal(own, wanted);
    return Object.entries(wanted).every(([operator, value]) => {
      if (operator === 'in') return own !== null && (value as unknown[]).some((v) => equal(own, v));
      if (operator === 'equals') return equal(own, value);
      if (own === null) return false;
      const sign = order(own, value);
      return { lt: sign < 0, lte: sign <= 0, gt: sign > 0, gte: sign >= 0 }[operator]!;
    });
  });
}

export function holdings(chance: Chance, permission: Permission, most = 4): Holding[] {
  return Array.from({ length: chance.below(most + 1) }, (_, i) => ({
    tenantId: chance.coin(0.9) ? chance.pick(tenantIds) : null,
    namespace: chance.coin(0.3) ? '' : chance.pick(namespaces.filter((name) => name !== '')),
    permissions: chance.coin(0.8) ? [permission] : [],
    bindingId: `b${i}`,
    roleId: `r${i}`,
    groupId: null,
  }));
}

export const principal = (own: Partial<Principal>): Principal => ({
  revision: 1n,
  id: 'p',
  kind: 'USER',
  name: 'p',
  superAdmin: false,
  disabled: false,
  authMethods: ['PASSWORD'],
  passwordChangedAt: null,
  homeTenantId: null,
  tenants: new Map(),
  memberships: [],
  holdings: [],
  namespaces: new Map(),
  ...own,
});

const credential: Credential = { kind: 'basic' };
export const actor: Actor = { kind: 'USER', id: 'p', name: 'p', groups: [], credential, isIn: () => false };
export const env = { now: new Date('2026-06-01T00:00:00Z'), requestId: 'test' };

export const policy = (name: string, mode: 'guard' | 'grant', evaluate: () => Verdict): LoadedPolicy => ({
  name,
  description: name,
  mode,
  shadow: false,
  resources: new Set(resourceNames),
  actions: new Set(['CREATE', 'READ', 'UPDATE', 'DELETE'] as const),
  reads: [],
  settings: {},
  builtIn: false,
  policy: { evaluate },
});

export const engineOf = (policies: readonly LoadedPolicy[]): Engine =>
  new Engine({ policies, disabled: [], exceptedGroups: new Set() }, 'test', 50);

export const decide = (engine: Engine, who: Principal, permission: Permission, tenantId: string) =>
  engine.decide({ principal: who, actor, env, permission, scope: { tenantId } });

/**
 * Reports whether a binding reaches a row, independently of the engine: by the dots of namespaces, at the level of the
 * binding.
 */
export const bindingReaches = (
  { tenantId, namespace, permissions }: Holding,
  permission: Permission,
  scopeTenant: string,
  row: Row,
): boolean =>
  permissions.includes(permission) &&
  tenantId === scopeTenant &&
  row['tenantId'] === tenantId &&
  split(permission)[0] === 'AUDITLOG' &&
  (namespace === '' || row['namespace'] === namespace || String(row['namespace']).startsWith(`${namespace}.`));

export function guards(chance: Chance, most = 3): { policy: LoadedPolicy; verdict: Verdict }[] {
  return Array.from({ length: chance.below(most + 1) }, (_, i) => {
    const verdict: Verdict = chance.coin(0.3)
      ? { effect: 'abstain' }
      : chance.coin(0.05)
        ? { effect: 'deny', reason: 'all' }
        : { effect: 'deny', reason: 'some', unless: filter(chance) as never };
    return { policy: policy(`guard-${i}`, 'guard', () => verdict), verdict };
  });
}
export function grants(chance: Chance, most = 2): { policy: LoadedPolicy; verdict: Verdict }[] {
  return Array.from({ length: chance.below(most + 1) }, (_, i) => {
    const verdict: Verdict = chance.coin(0.1)
      ? { effect: 'allow', reason: 'all' }
      : { effect: 'allow', reason: 'some', when: filter(chance) as never };
    return { policy: policy(`grant-${i}`, 'grant', () => verdict), verdict };
  });
}
