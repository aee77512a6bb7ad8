import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import type { Client } from '../support/client.ts';
import { World } from '../support/world.ts';

/** Sizes of the two stores: the first is the base of all ratios. */
const small = { triggers: 1_000, namespaces: 200 };
const large = { triggers: 1_000_000, namespaces: 20_000 };

const page = (args: string) =>
  `{ tenant(key: "main") { triggers(${args}) { nodes { id triggerId disabled flow { id revision } } pageInfo { endCursor hasNextPage } } } }`;

interface Grown {
  readonly world: World;
  readonly clients: Readonly<Record<string, Client>>;
}

async function grow({ triggers, namespaces }: typeof small): Promise<Grown> {
  const world = await World.create({ limits: { requestMs: 60_000 } });
  const main = await world.tenant('main');
  const { db } = world;
  await db.$executeRaw`
    INSERT INTO "Namespace" (id, "tenantId", namespace, parent) SELECT 'n' || lpad(n::text, 8, '0'), ${main.id}, 'team' || n, '' FROM generate_series(0, ${namespaces}::int - 1) n`;
  await db.$executeRaw`
    INSERT INTO "Namespace" (id, "tenantId", namespace, parent) SELECT 'e' || lpad(n::text, 8, '0'), ${main.id}, 'empty' || n, '' FROM generate_series(0, 9) n`;
  await db.$executeRaw`
    INSERT INTO "Flow" (id, "tenantId", namespace, "flowId", revision, source, disabled, "declaredDisabled", "labelTexts", "taskCount")
    SELECT 'f' || lpad(n::text, 8, '0'), ${main.id}, 'team' || n, 'flow' || n, 1, 'id: flow' || n, false, false, '{}', 1
    FROM generate_series(0, ${namespaces}::int - 1) n`;
  await db.$executeRaw`
    INSERT INTO "Trigger" (id, "tenantId", namespace, "flowId", "triggerId", "flowKey", type, kind, definition, disabled,
      "declaredDisabled", "stateAt", "flowDisabled", "nextExecutionAt", "stopAfter")
    SELECT 't' || lpad(n::text, 8, '0'), ${main.id}, 'team' || n % ${namespaces}::int, 'flow' || n % ${namespaces}::int, 't' || n,
      'f' || lpad((n % ${namespaces}::int)::text, 8, '0'), 'io.kestra.plugin.core.trigger.Schedule', 'SCHEDULE', '{"cron":"0 6 * * *"}',
      n % 10 = 0, false, now(), false, now(), '{}'
    FROM generate_series(0, ${triggers}::int - 1) n`;
  const role = await world.role(main, 'Reader', ['TRIGGER:READ', 'FLOW:READ', 'NAMESPACE:READ']);
  const clients: Record<string, Client> = {};
  const reader = async (name: string, names: readonly string[]) => {
    const user = await world.user(name, [main]);
    await bindMany(world, main, user.id, role.id, names);
    clients[name] = await world.as(user);
  };
  const teams = (count: number) =>
    Array.from({ length: count }, (_, i) => `team${i * Math.floor(namespaces / count) || i}`);
  await reader('ten', teams(10));
  await reader(
    'sparse',
    Array.from({ length: 10 }, (_, i) => `empty${i}`),
  );
  if (namespaces >= 10_000) {
    await reader('thousand', teams(1_000));
    await reader('tenThousand', teams(10_000));
  }
  await world.app.database.pool.query('VACUUM ANALYZE');
  return { world, clients };
}

async function bindMany(world: World, { id }: Tenant, principalId: string, roleId: string, names: readonly string[]) {
  await world.write(async (tx) => {
    await tx.binding.createMany({
      data: names.map((namespace) => ({ id: newId(), tenantId: id, principalId, roleId, namespace })),
    });
    await tx.accessState.updateMany({ data: { revision: { increment: 1 } } });
  });
}

interface Sent {
  readonly text: string;
  readonly values: unknown[];
}

/** The statements of some work that read triggers. */
async function sentBy(world: World, work: () => Promise<unknown>): Promise<Sent[]> {
  const { pool } = world.app.database;
  const own = pool.query;
  const sent: Sent[] = [];
  pool.query = ((query: Sent, ...rest: unknown[]) => {
    if (typeof query.text === 'string' && query.text.includes('"Trigger"')) sent.push(query);
    return (own as (...args: unknown[]) => unknown).apply(pool, [query, ...rest]);
  }) as typeof pool.query;
  try {
    await work();
  } finally {
    pool.query = own;
  }
  return sent;
}

/** The number of rows that a plan reads from tables and indexes. */
function rowsRead(plan: any): number {
  const own =
    /Scan/.test(plan['Node Type']) && plan['Relation Name']
      ? (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops']
      : 0;
  return own + (plan.Plans ?? []).reduce((sum: number, part: unknown) => sum + rowsRead(part), 0);
}

async function plansOf(world: World, sent: readonly Sent[]): Promise<number[]> {
  const counts: number[] = [];
  for (const { text, values } of sent) {
    const { rows } = await world.app.database.pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values);
    counts.push(rowsRead(rows[0]['QUERY PLAN'][0].Plan));
  }
  return counts;
}

async function median(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 40; i += 1) {
    const before = performance.now();
    await work();
    if (i >= 10) times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

describe('growth', () => {
  let before: Grown;
  let after: Grown;
  beforeAll(async () => {
    before = await grow(small);
    after = await grow(large);
  }, 600_000);
  afterAll(() => Promise.all([before.world.close(), after.world.close()]));

  const shapes: readonly [name: string, who: string, args: string][] = [
    ['the first page', 'ten', 'first: 20'],
    ['the last page', 'ten', 'last: 20'],
    ['a page with a filter', 'ten', 'first: 20, where: { disabled: true }'],
    ['a page with a text', 'ten', 'first: 20, where: { text: "t1" }'],
    ['a page of a sparse reach', 'sparse', 'first: 20'],
    ['a page of 1,000 bindings', 'thousand', 'first: 20'],
    ['a page of 10,000 bindings', 'tenThousand', 'first: 20'],
  ];
  it.each(shapes)('%s', async (_name, who, args) => {
    const base = before.clients[who] ?? before.clients['ten']!;
    const work = () => after.clients[who]!.ok(page(args));
    const [one, two] = [await median(() => base.ok(page(args))), await median(work)];
    const read = await plansOf(after.world, await sentBy(after.world, work));
    console.log(_name, one.toFixed(2), two.toFixed(2), (two / one).toFixed(2), read);
    expect(Math.max(...read)).toBeLessThan(5_000);
  });
  it.each([
    ['ten', 1_000],
    ['sparse', 1_000],
    ['thousand', 60_000],
  ])('the number of rows within the reach of %s', async (who, most) => {
    const count = '{ tenant(key: "main") { triggers { totalCount } } }';
    const work = () => after.clients[who]!.ok(count);
    const one = await median(() => before.clients['ten']!.ok(count));
    const two = await median(work);
    const [read] = await plansOf(after.world, await sentBy(after.world, work));
    console.log('totalCount', who, one.toFixed(2), two.toFixed(2), read);
    expect(read).toBeLessThan(most);
  });
});
