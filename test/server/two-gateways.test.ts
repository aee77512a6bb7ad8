import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Binding, Tenant, User } from '../../src/db/generated/client.ts';
import type { Wake } from '../../src/db/wake.ts';
import { Freshness } from '../../src/policy/session/freshness.ts';
import { idOf, World } from '../support/world.ts';

const deaf: Wake = { send: () => undefined, on: () => () => undefined, close: async () => undefined };
const readGroups = '{ tenant(key: "a") { groups { totalCount } } }';
const revoke =
  'mutation($ids: [ID!]!) { deleteBindings(input: { tenantKey: "a", ids: $ids }) { results { error { code } } } }';

describe.each([
  ['with LISTEN', {}],
  ['with LISTEN severed', { app: () => ({ wake: deaf }) }],
])('two gateways on one PostgreSQL, %s', (_name, options) => {
  let world: World;
  let a: Tenant;
  let user: User;
  let binding: Binding;
  let token: string;

  beforeAll(async () => {
    world = await World.create({ gateways: 2, ...options });
    a = await world.tenant('a');
    user = await world.user('reader', [a]);
    token = await world.token(user);
  });
  afterAll(() => world.close());

  const until = async (check: () => Promise<boolean>, milliseconds: number): Promise<number> => {
    const start = performance.now();
    while (!(await check())) {
      if (performance.now() - start > milliseconds) return Number.POSITIVE_INFINITY;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return performance.now() - start;
  };

  it('apply a revoked binding within 2 s, and immediately on the gateway that revokes it', async () => {
    for (let round = 0; round < 3; round += 1) {
      binding = await world.grant(a, user, ['GROUP:READ', 'AUDITLOG:READ']);
      const clients = [world.bearer(token, 0), world.bearer(token, 1)];
      for (const client of clients)
        expect(await until(async () => (await client.codes(readGroups)).length === 0, 2_000)).toBeLessThan(2_000);
      await world.root(0).ok(revoke, { ids: [idOf('Binding', binding)] });
      expect(await clients[0]!.codes(readGroups)).toEqual(['FORBIDDEN']);
      expect(await until(async () => (await clients[1]!.codes(readGroups))[0] === 'FORBIDDEN', 2_000)).toBeLessThan(
        2_000,
      );
    }
  });

  it('decide a mutation by the state in its transaction, not by the last state that the gateway saw', async () => {
    const own = await world.grant(a, user, ['GROUP:CREATE']);
    const client = world.bearer(token, 1);
    const create = (name: string) =>
      client.codes(
        'mutation($name: String!) { createGroup(input: { tenantKey: "a", name: $name }) { group { id } } }',
        {
          name,
        },
      );
    expect(await create('one')).toEqual([]);
    await world.db.binding.delete({ where: { id: own.id } });
    await world.db.accessState.updateMany({ data: { revision: { increment: 1 } } });
    expect(await create('two')).toEqual(['FORBIDDEN']);
    expect(await world.db.group.count({ where: { name: 'two' } })).toBe(0);
  });

  it('deliver events in order to a subscriber of the other gateway, and end the stream within 2 s of a revocation', async () => {
    binding = await world.grant(a, user, ['AUDITLOG:READ']);
    const client = world.bearer(token, 1);
    await until(
      async () => (await client.codes('{ tenant(key: "a") { auditEvents { totalCount } } }')).length === 0,
      2_000,
    );
    const end = new AbortController();
    const names: string[] = [];
    let ended = 0;
    let last: any;
    const following = (async () => {
      for await (const item of client.sse<any>(
        'subscription { auditEvents(tenantKey: "a", where: { resource: [GROUP] }) { cursor event { resourceKey } } }',
        {},
        end.signal,
      )) {
        last = item;
        const key = item.data?.auditEvents?.event?.resourceKey;
        if (key) names.push(key);
      }
      ended = performance.now();
    })();
    await until(async () => last !== undefined, 3_000);
    const expected = Array.from({ length: 20 }, (_, i) => `group ${_name} ${i}`);
    for (const name of expected)
      await world
        .root(0)
        .ok('mutation($name: String!) { createGroup(input: { tenantKey: "a", name: $name }) { group { id } } }', {
          name,
        });
    expect(await until(async () => names.length >= 20, 3_000)).toBeLessThan(3_000);
    expect(names).toEqual(expected);
    const at = performance.now();
    await world.root(0).ok(revoke, { ids: [idOf('Binding', binding)] });
    await Promise.race([following, new Promise((resolve) => setTimeout(resolve, 4_000))]);
    end.abort();
    expect(ended - at).toBeGreaterThan(0);
    expect(ended - at).toBeLessThan(2_000);
    expect(last.errors?.[0].extensions.code).toBe('FORBIDDEN');
  });

  it('apply a revocation to the next field of the same document', async () => {
    const manager = await world.user(`self-${_name.length}`, [a]);
    await world.grant(a, manager, ['BINDING:DELETE', 'BINDING:READ']);
    const own = await world.grant(a, manager, ['GROUP:CREATE']);
    const client = await world.as(manager, 1);
    const { data, errors } = await client.run<any>(
      `mutation($ids: [ID!]!, $name: String!) {
        before: createGroup(input: { tenantKey: "a", name: "${_name} before" }) { group { id } }
        revoke: deleteBindings(input: { tenantKey: "a", ids: $ids }) { results { error { code } } }
        after: createGroup(input: { tenantKey: "a", name: $name }) { group { id } }
      }`,
      { ids: [idOf('Binding', own)], name: `${_name} after` },
    );
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    expect(data).toMatchObject({ before: { group: expect.anything() }, after: null });
    expect(await world.db.group.count({ where: { name: `${_name} before` } })).toBe(1);
    expect(await world.db.group.count({ where: { name: `${_name} after` } })).toBe(0);
  });
});

describe('a gateway that cannot confirm its revision', () => {
  it('refuses to decide after two seconds, until it can confirm again', async () => {
    let clock = 0;
    let reachable = true;
    const read = async () => {
      if (!reachable) throw new Error('gone');
      return { revision: 1n, policySet: 'x' };
    };
    const freshness = new Freshness(read, deaf, () => clock);
    await freshness.confirm();
    expect(freshness.isFresh).toBe(true);
    reachable = false;
    clock = 1_900;
    await freshness.confirm();
    expect(freshness.isFresh).toBe(true);
    clock = 2_001;
    await freshness.confirm();
    expect(() => freshness.assertFresh()).toThrow(/cannot be confirmed/);
    reachable = true;
    await freshness.confirm();
    expect(() => freshness.assertFresh()).not.toThrow();
    freshness.close();
  });
});
