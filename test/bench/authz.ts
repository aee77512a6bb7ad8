/**
 * Measures the cost of one access check, next to other engines with the same rules, in one run.
 * npm run bench:authz
 * The rules: one principal can read flows in N namespaces of one tenant. Each check is about a row in one of them.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { createMongoAbility, subject } from '@casl/ability';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import '../../src/resources/index.ts';
import { gateway } from './authz-gateway.ts';

interface Contender {
  readonly name: string;
  /** Runs one check. The index selects the row. */
  readonly check: (i: number) => boolean;
}

/** Another engine, from the packages that `npm run bench:authz` installs into this folder. */
const packaged = (name: string): Promise<any> => import(name);

const tenant = 't1';
const namespacesOf = (n: number) => Array.from({ length: n }, (_, i) => `company.team${i}`);

/** @param packages false: omits the engines that only the benchmark installs. */
async function contenders(n: number, packages: boolean): Promise<Contender[]> {
  const namespaces = namespacesOf(n);
  // Checked in an order that is neither that of the rules nor its reverse.
  const order = namespaces.map((_, i) => (i * 7919) % n);
  const rows = order.map((i) => ({ tenantId: tenant, namespace: namespaces[i]! }));
  const at = (i: number) => rows[i % n]!;

  const { session, decideAnew } = await gateway(tenant, namespaces, 'plain');
  const guarded = await gateway(tenant, namespaces, 'guarded');
  const list: Contender[] = [
    { name: 'gatehouse, one check', check: (i) => session.can('FLOW:READ', at(i), { tenantId: tenant }) },
    {
      name: 'gatehouse, one check, nine guards',
      check: (i) => guarded.session.can('FLOW:READ', at(i), { tenantId: tenant }),
    },
    { name: 'gatehouse, full decision', check: (i) => decideAnew(at(i)) },
    { name: 'gatehouse, full decision, nine guards', check: (i) => guarded.decideAnew(at(i)) },
  ];

  const casl = createMongoAbility(
    namespaces.map((namespace) => ({ action: 'READ', subject: 'FLOW', conditions: { namespace } })),
  );
  const subjects = rows.map((row) => subject('FLOW', { ...row }));
  list.push({ name: 'CASL 7', check: (i) => casl.can('READ', subjects[i % n] as never) });

  if (!packages) return list;
  const { AccessControl } = await packaged('accesscontrol');
  const { newEnforcer, newModelFromString, StringAdapter } = await packaged('casbin');
  if (n <= 1_000) {
    const model = newModelFromString(`
[request_definition]
r = sub, dom, obj, act
[policy_definition]
p = sub, dom, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.dom == p.dom && r.obj == p.obj && r.act == p.act`);
    const lines = namespaces.map((namespace) => `p, alice, ${tenant}, ${namespace}, READ`).join('\n');
    const casbin = await newEnforcer(model, new StringAdapter(lines));
    list.push({ name: 'casbin 5', check: (i) => casbin.enforceSync('alice', tenant, at(i).namespace, 'READ') });

    const text = namespaces
      .map(
        (namespace) =>
          `permit(principal == User::"alice", action == Action::"READ", resource) when { resource.tenantId == "${tenant}" && resource.namespace == "${namespace}" };`,
      )
      .join('\n');
    const parsed = cedar.preparsePolicySet('bench', { staticPolicies: text });
    if (parsed.type !== 'success') throw new Error('cedar refused the policies');
    list.push({
      name: 'cedar-wasm 4',
      check: (i) => {
        const answer = cedar.statefulIsAuthorized({
          principal: { type: 'User', id: 'alice' },
          action: { type: 'Action', id: 'READ' },
          resource: { type: 'Flow', id: 'x' },
          context: {},
          preparsedPolicySetId: 'bench',
          entities: [{ uid: { type: 'Flow', id: 'x' }, attrs: { ...at(i) }, parents: [] }],
        } as never);
        return answer.type === 'success' && answer.response.decision === 'allow';
      },
    });
  }

  const roles = new AccessControl();
  for (const namespace of namespaces) roles.grant('alice').readAny(`${tenant}/${namespace}`.replaceAll('.', '-'));
  const names = rows.map(({ namespace }) => `${tenant}/${namespace}`.replaceAll('.', '-'));
  list.push({ name: 'accesscontrol 3', check: (i) => roles.can('alice').readAny(names[i % n]!).granted });
  return list;
}

/** Returns the microseconds per check, over as many checks as fit into the time. */
async function microseconds({ name, check }: Contender, milliseconds: number): Promise<number> {
  // Lets the gateway confirm the revision of access, as it does continuously.
  await pause(1);
  let count = 0;
  let batch = 1;
  const end = performance.now() + milliseconds;
  const start = performance.now();
  while (performance.now() < end) {
    for (let i = 0; i < batch; i += 1) if (!check(count + i)) throw new Error(`${name} refused what its rules allow`);
    count += batch;
    if (batch < 256) batch *= 2;
  }
  return ((performance.now() - start) * 1_000) / count;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Returns the median of interleaved rounds, for each size and contender. */
export async function measure(
  sizes: readonly number[],
  { rounds = 5, milliseconds = 120, packages = true } = {},
): Promise<Map<number, Map<string, number>>> {
  const all = new Map<number, Map<string, number>>();
  for (const n of sizes) {
    const list = await contenders(n, packages);
    const times = new Map<string, number[]>(list.map(({ name }) => [name, []]));
    for (const contender of list) await microseconds(contender, milliseconds / 2);
    for (let round = 0; round < rounds; round += 1) {
      for (const contender of round % 2 ? [...list].reverse() : list)
        times.get(contender.name)!.push(await microseconds(contender, milliseconds));
    }
    all.set(n, new Map([...times].map(([name, values]) => [name, median(values)])));
  }
  return all;
}

if (import.meta.main) {
  const sizes = [10, 100, 1_000, 10_000];
  const measured = await measure(sizes);
  const names = [...measured.get(sizes[0]!)!.keys()];
  console.log('microseconds for one answer (in brackets: as a multiple of CASL 7 on the same rules)\n');
  console.log(`| engine | ${sizes.map((n) => `${n.toLocaleString('en')} rules`).join(' | ')} |`);
  console.log(`|---|${sizes.map(() => '---').join('|')}|`);
  for (const name of names) {
    const cells = sizes.map((n) => {
      const time = measured.get(n)!.get(name);
      if (time === undefined) return 'not asked';
      const ratio = time / measured.get(n)!.get('CASL 7')!;
      return `${time.toFixed(2)} (${Number(ratio.toPrecision(2))})`;
    });
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}
