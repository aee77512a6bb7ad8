import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../support/client.ts';
import { DatabaseProxy } from '../support/database-proxy.ts';
import { GatewayProgram } from '../support/program.ts';
import { masterKey, World } from '../support/world.ts';

// 200 kills in the long form, or 7.
const isSoak = process.env['SOAK'] === '1';
const killsOf = isSoak ? { gateway: 40, PostgreSQL: 40 } : { gateway: 1, PostgreSQL: 1 };
const killsAtEachPoint = isSoak ? 40 : 1;
const password = 'a long enough passphrase';
const create =
  'mutation($tenant: String!, $name: String!) { createNamespace(input: { tenantKey: $tenant, name: $name }) { namespace { id } } }';

interface Event {
  seq: string;
  action: string;
  resourceKey: string;
  prevHash: string;
  hash: string;
  patch: unknown;
}

/** Every event of the tenant from the first, read page by page. */
async function allEvents(client: Client): Promise<Event[]> {
  const events: Event[] = [];
  let before: string | null = null;
  for (;;) {
    const page: any = await client.ok(
      'query($before: String) { tenant(key: "main") { auditEvents(last: 100, before: $before) { edges { cursor node { seq action resourceKey prevHash hash patch } } pageInfo { hasPreviousPage startCursor } } } }',
      { before },
    );
    const { edges, pageInfo } = page.tenant.auditEvents;
    events.unshift(...edges.map((edge: any) => edge.node));
    if (!pageInfo.hasPreviousPage) return events.sort((a, b) => Number(BigInt(a.seq) - BigInt(b.seq)));
    before = pageInfo.startCursor;
  }
}

async function allNamespaces(client: Client): Promise<string[]> {
  const names: string[] = [];
  let after: string | null = null;
  for (;;) {
    const page: any = await client.ok(
      'query($after: String) { tenant(key: "main") { namespaces(first: 100, after: $after, where: { declared: true }) { nodes { name } pageInfo { hasNextPage endCursor } } } }',
      { after },
    );
    names.push(...page.tenant.namespaces.nodes.map((n: any) => n.name));
    if (!page.tenant.namespaces.pageInfo.hasNextPage) return names;
    after = page.tenant.namespaces.pageInfo.endCursor;
  }
}

describe.each(Object.entries(killsOf) as ['gateway' | 'PostgreSQL', number][])(
  'kill -9 of the %s in the middle of mutations, %i times',
  (victim, kills) => {
    let program: GatewayProgram;
    beforeAll(async () => {
      program = await GatewayProgram.create({ GATEHOUSE_ADMIN_USERNAME: 'root', GATEHOUSE_ADMIN_PASSWORD: password });
      await program.start();
      const root = program.client('root', password);
      await root.ok('mutation { createTenant(input: { key: "main" }) { tenant { id } } }');
      // A super admin has no permissions on namespaces: bind their own account.
      const { viewer } = await root.ok<any>('{ viewer { user { id } } }');
      await root.ok('mutation { grantTenantAccess(input: { tenantKey: "main", username: "root" }) { user { id } } }');
      const { tenant } = await root.ok<any>(
        '{ tenant(key: "main") { roles(where: { name: "Admin" }) { nodes { id } } } }',
      );
      await root.ok(
        'mutation($b: [BindingInput!]!) { createBindings(input: { tenantKey: "main", bindings: $b }) { results { error { code } } } }',
        {
          b: [{ subject: viewer.user.id, role: tenant.roles.nodes[0].id }],
        },
      );
    }, 60_000);
    afterAll(() => program.remove());

    it('keeps every acknowledged mutation with its event, and no event without its change', async () => {
      const acknowledged = new Set<string>();
      let tried = 0;
      for (let round = 0; round < kills; round += 1) {
        const client = program.client('root', password);
        let over = false;
        const writers = Array.from({ length: 6 }, async (_, writer) => {
          for (let i = 0; !over; i += 1) {
            const name = `r${round}.w${writer}-${i}`;
            tried += 1;
            try {
              const { errors, data } = await client.run<any>(create, { tenant: 'main', name });
              if (errors.length === 0 && data?.createNamespace) acknowledged.add(name);
            } catch {
              return;
            }
          }
        });
        await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 500));
        if (victim === 'gateway') await program.end('SIGKILL');
        else {
          process.kill(program.postmaster!, 'SIGKILL');
          await program.ended();
        }
        over = true;
        await Promise.all(writers);
        await program.start();
      }
      const client = program.client('root', password);
      const events = await allEvents(client);
      const names = new Set(await allNamespaces(client));
      const created = events
        .filter(({ action }) => action === 'namespace.create')
        .map(({ resourceKey }) => resourceKey);
      console.log(
        `kill -9 of the ${victim}: ${kills} kills, ${tried} mutations tried, ${acknowledged.size} acknowledged, ${names.size} there`,
      );
      expect(acknowledged.size).toBeGreaterThan(kills * 5);
      expect([...acknowledged].filter((name) => !names.has(name))).toEqual([]);
      expect([...names].sort()).toEqual([...created].sort());
      // The chain has no gap and no fork.
      events.forEach((event, i) => {
        expect(event.seq).toBe(String(i + 1));
        if (i > 0) expect(event.prevHash).toBe(events[i - 1]!.hash);
      });
    }, 1_500_000);
  },
);

describe('kill -9 of a gateway at a point of a mutation', () => {
  let world: World;
  let proxy: DatabaseProxy;
  let program: GatewayProgram;
  let client: Client;
  beforeAll(async () => {
    world = await World.create();
    proxy = await DatabaseProxy.start(world.connection.host);
    const main = await world.tenant('main');
    const user = await world.user('writer', [main]);
    await world.grant(main, user, ['NAMESPACE:CREATE']);
    program = await GatewayProgram.create({
      DATABASE_URL: proxy.connection(world).connectionString,
      GATEHOUSE_MASTER_KEY: masterKey,
    });
    client = new Client(program.url, (await world.as(user)).headers);
    await program.start();
  }, 60_000);
  afterAll(async () => {
    await program.remove();
    proxy.close();
    await world.close();
  });

  const createOnce =
    'mutation($name: String!) { createNamespace(input: { tenantKey: "main", name: $name, idempotencyKey: $name }) { namespace { id name } } }';
  const isThere = async (namespace: string) => (await world.db.namespace.count({ where: { namespace } })) === 1;
  const events = (resourceKey: string) =>
    world.db.auditEvent.count({ where: { action: 'namespace.create', resourceKey } });

  it.each([
    ['before COMMIT', false],
    ['after COMMIT', true],
    ['answered', true],
  ] as const)('%s: a second request with the same key returns the result of the first', async (point, isDone) => {
    for (let round = 0; round < killsAtEachPoint; round += 1) {
      const name = `${point.replaceAll(' ', '-').toLowerCase()}.r${round}`;
      const others = Array.from({ length: 4 }, (_, i) => `${name}-concurrent${i}`);
      const cut = point === 'answered' ? undefined : proxy.cutAt(point, `"resourceKey":"${name}"`);
      const concurrent = others.map((other) => client.run(createOnce, { name: other }).catch(() => undefined));
      const asked = client.run(createOnce, { name }).then(
        ({ data }) => data,
        () => undefined,
      );
      const first = cut ? await Promise.race([cut, asked]) : await asked;
      expect(first === undefined).toBe(point !== 'answered');
      await program.end('SIGKILL');
      expect(await asked).toEqual(first);
      await Promise.all(concurrent);
      expect([await isThere(name), await events(name)]).toEqual(isDone ? [true, 1] : [false, 0]);
      await program.start();
      const again = await client.ok(createOnce, { name });
      if (first) expect(again).toEqual(first);
      for (const one of [name, ...others]) {
        expect((await client.ok(createOnce, { name: one })).createNamespace.namespace.name).toBe(one);
        expect([await isThere(one), await events(one)]).toEqual([true, 1]);
      }
    }
    const chain = await world.db.auditEvent.findMany({ where: { tenantKey: 'main' }, orderBy: { seq: 'asc' } });
    chain.forEach(({ seq, prevHash }, i) => {
      expect(seq).toBe(BigInt(i + 1));
      if (i > 0) expect(prevHash).toBe(chain[i - 1]!.hash);
    });
  });
});
