import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roles } from '../../src/policy/decide/built-in-grants/roles.ts';
import { matcherOf } from '../../src/policy/filter/matcher.ts';
import { asSystem } from '../../src/policy/session/system.ts';
import { updateNamespace } from '../../src/resources/orchestration/namespace/service.ts';
import { bindingReaches, Chance, holdings, principal, rows, tenantIds } from '../properties/generate.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { idOf, password, World } from '../support/world.ts';

const path = temporaryFolder('caches');
const guard = (name: string, resource: string, action: string, reads: string, when: string) =>
  writeFileSync(
    join(path, `${name}.mjs`),
    `export default { name: '${name}', description: '${name}', resources: ['${resource}'], actions: ['${action}'], reads: [${reads}],
      create: () => ({ evaluate: ({ actor, env }) => (${when} ? { effect: 'deny', reason: '${name}' } : { effect: 'abstain' }) }) };`,
  );

const groups = '{ tenant(key: "main") { groups { totalCount } } }';
const update = call('updateNamespace', 'namespace { id }');

/** Reports whether a statement loads that principal. */
const isLoadOf = (id: string, statement: readonly unknown[]): boolean => {
  const text = JSON.stringify(statement);
  return text.includes('FROM \\"Principal\\" p') && text.includes(id);
};

/** Each test covers a published class of fault in the caches of an authorization engine. */
describe('caches, against published faults of other engines', () => {
  let world: World;
  let main: Awaited<ReturnType<World['tenant']>>;
  let next = 0;
  const fresh = async (permissions: Parameters<World['grant']>[2] = [], namespace = '') => {
    const user = await world.user(`person-${next++}`, [main], { password });
    if (permissions.length > 0) await world.grant(main, user, permissions, namespace);
    return user;
  };
  const soon = (client: Client, document: string, codes: string[]) =>
    expect.poll(() => client.codes(document), { timeout: 2_000, interval: 20 }).toEqual(codes);

  beforeAll(async () => {
    guard('by-password', 'GROUP', 'READ', `'credential'`, `actor.credential.kind === 'api-token'`);
    guard('in-person', 'BINDING', 'READ', '', `actor.impersonator !== undefined`);
    guard('with-reason', 'NAMESPACE', 'UPDATE', `'reason'`, `env.reason !== 'because'`);
    world = await World.create({ gateways: 2, config: { policyFolders: [path] } });
    main = await world.tenant('main');
  }, 60_000);
  afterAll(async () => {
    rmSync(path, { recursive: true });
    await world.close();
  });

  it('CVE-2024-56323: keeps cached answers apart by credential and impersonation (contextual tuples)', async () => {
    const user = await fresh(['GROUP:READ', 'BINDING:READ']);
    const helper = await world.user('helper', [main]);
    await world.grant(main, helper, ['IMPERSONATE:READ', 'GROUP:READ', 'BINDING:READ']);
    const bindings = '{ tenant(key: "main") { bindings { totalCount } } }';
    const ways: [Client, string, string[]][] = [
      [world.basic(user.username), groups, []],
      [await world.as(user), groups, ['FORBIDDEN']],
      [await world.as(user), bindings, []],
      [(await world.as(helper)).as({ 'x-gatehouse-impersonate': user.username }), bindings, ['FORBIDDEN']],
      [await world.as(helper), bindings, []],
    ];
    for (let round = 0; round < 4; round += 1) {
      const order = round % 2 === 0 ? ways : [...ways].reverse();
      const answers = await Promise.all(order.map(([client, document]) => client.codes(document)));
      expect(answers).toEqual(order.map(([, , codes]) => codes));
    }
  });

  it('CVE-2026-33729: decides each field of a document by its own circumstances', async () => {
    const user = await fresh(['NAMESPACE:READ', 'NAMESPACE:UPDATE']);
    const namespace = idOf('Namespace', await world.namespace(main, 'reasons'));
    const client = await world.as(user);
    const field = (alias: string, reason: string) =>
      `${alias}: updateNamespace(input: { id: "${namespace}", description: "${alias}"${reason} }) { namespace { description } }`;
    const because = ', reason: "because"';
    // A refusal ends the document.
    for (const [document, refused] of [
      [`mutation { ${field('a', because)} ${field('b', '')} }`, 'b'],
      [`mutation { ${field('a', because)} ${field('b', ', reason: "why not"')} }`, 'b'],
      [`mutation { ${field('a', '')} ${field('b', because)} }`, 'a'],
      [`mutation { ${field('a', because)} ${field('b', because)} }`, undefined],
    ] as const) {
      const { errors } = await client.run(document);
      expect(errors.map((error) => [error.path?.[0], error.extensions['policy']])).toEqual(
        refused ? [[refused, 'with-reason']] : [],
      );
    }
  });

  it('CVE-2026-34972: answers each field of a batch by its own arguments', async () => {
    const client = await world.as(await fresh(['NAMESPACE:READ', 'ROLE:READ', 'TENANT_ACCESS:READ']));
    for (const name of ['one', 'two', 'one-two']) await world.namespace(main, `batch.${name}`);
    const wheres = [
      'under: "batch.one"',
      'under: "batch.two"',
      'under: "batch"',
      'text: "batch.one"',
      'text: "batch.one,batch.two"',
      'text: "batch.one-two"',
      'under: "batch", text: "two"',
      'under: "batch.two", text: "batch"',
    ];
    const wanted = [
      ['one'],
      ['two'],
      ['one', 'two', 'one-two'],
      ['one', 'one-two'],
      [],
      ['one-two'],
      ['two', 'one-two'],
      ['two'],
    ];
    const fields = wheres.map((where, i) => `a${i}: namespaces(where: { ${where} }) { totalCount nodes { name } }`);
    const { tenant } = await client.ok<any>(
      `{ tenant(key: "main") { ${fields.join(' ')} first: namespaces(where: { under: "batch" }, first: 1) { nodes { name } } } }`,
    );
    for (const [i, names] of wanted.entries()) {
      const { nodes, totalCount } = tenant[`a${i}`];
      const found = nodes.map(({ name }: { name: string }) => name).filter((name: string) => name !== 'batch');
      const others = nodes.length - found.length;
      expect([wheres[i], found.sort(), totalCount - others]).toEqual([
        wheres[i],
        names.map((name) => `batch.${name}`).sort(),
        names.length,
      ]);
    }
    expect(tenant.first.nodes).toHaveLength(1);
    // Pages of several parents are read in one statement: the same field under two aliases counts twice.
    const group = await world.group(main, 'Batch');
    for (const membership of ['OWNER', 'MEMBER', 'MEMBER'] as const)
      await world.member(main, group, await fresh(), membership);
    const asked = `members(first: 1) { totalCount nodes { membership } } all: members { totalCount nodes { membership } } last: members(last: 2) { nodes { membership } }`;
    const found = await world.root().ok<any>(`{ node(id: "${idOf('Group', group)}") { ... on Group { ${asked} } } }`);
    expect([found.node.members.nodes.length, found.node.all.nodes.length, found.node.last.nodes.length]).toEqual([
      1, 3, 2,
    ]);
  });

  it('CVE-2026-41131: gives different holdings different cache keys, whatever characters their names contain', async () => {
    // Abilities are shared by content: each of thousands is compared with its own bindings.
    const chance = new Chance(41_131);
    const sample = rows(chance, 60);
    let given = 0;
    for (let i = 0; i < 3_000; i += 1) {
      const tenant = chance.pick(tenantIds);
      const who = principal({ holdings: holdings(chance, 'AUDITLOG:READ') });
      const verdict = roles.evaluate(who, {
        action: 'READ',
        resource: 'AUDITLOG',
        scope: { tenantId: tenant },
        actor: {} as never,
        env: {} as never,
      });
      for (const row of sample) {
        const wanted = who.holdings.some((holding) => bindingReaches(holding, 'AUDITLOG:READ', tenant, row));
        const found = verdict.effect === 'allow' && (verdict.when === undefined || matcherOf(verdict.when)(row));
        if (found !== wanted) expect({ found, row, holdings: who.holdings }).toMatchObject({ found: wanted });
        if (wanted) given += 1;
      }
    }
    expect(given).toBeGreaterThan(3_000);
    // Some names cannot be stored: the key must not rely on validation.
    for (const names of [['x', 'y'], ['x,y'], ['x","y'], ['x'], [''], ['x,AUDITLOG:READ,y']]) {
      const bound = names.map((namespace, i) => ({
        ...holdings(new Chance(1), 'AUDITLOG:READ')[0]!,
        bindingId: String(i),
        tenantId: 't1',
        permissions: ['AUDITLOG:READ' as const],
        namespace,
      }));
      const verdict = roles.evaluate(principal({ holdings: bound }), {
        action: 'READ',
        resource: 'AUDITLOG',
        scope: { tenantId: 't1' },
        actor: {} as never,
        env: {} as never,
      });
      const reaches = (namespace: string) => {
        const row = { id: 'r', tenantId: 't1', namespace };
        return verdict.effect === 'allow' && (verdict.when === undefined || matcherOf(verdict.when)(row));
      };
      for (const namespace of ['x', 'y', 'x,y', 'x","y', 'z'])
        expect([names, namespace, reaches(namespace)]).toEqual([
          names,
          namespace,
          names.includes(namespace) || names.includes(''),
        ]);
    }
    // Sign-ins are cached by name and password: the boundary between them is part of the key.
    const secret = `${password}:x`;
    const [short, long] = [`s${next++}`, `s${next++}:`];
    await world.user(short, [main], { password: secret });
    expect(await world.basic(short, secret).codes('{ viewer { __typename } }')).toEqual([]);
    expect(await world.basic(long, secret.slice(1)).codes('{ viewer { __typename } }')).toEqual(['UNAUTHENTICATED']);
    expect(await world.basic(`${short}${secret[0]}`, secret.slice(1)).codes('{ viewer { __typename } }')).toEqual([
      'UNAUTHENTICATED',
    ]);
  });

  it('CVE-2026-48096: gives the same answer in lists, checks, nodes and whoCan after every change (separate caches)', async () => {
    const user = await fresh();
    const client = await world.as(user);
    const namespace = await world.namespace(main, `agree.x`);
    const role = await world.role(main, 'Agree', ['NAMESPACE:READ']);
    const asked = `{ tenant(key: "main") { namespaces(first: 100) { nodes { name } } namespace(name: "agree.x") { id } } node(id: "${idOf('Namespace', namespace)}") { id } }`;
    for (let round = 0; round < 6; round += 1) {
      const held = round % 2 === 0;
      if (held) await world.bind(main, { principal: user }, role, round % 4 === 0 ? 'agree' : 'agree.x');
      else {
        const all = await world.db.binding.findMany({ where: { principalId: user.id } });
        await world.root().ok(call('deleteBindings', 'results { error { code } }'), {
          i: { tenantKey: 'main', ids: all.map((one) => idOf('Binding', one)) },
        });
      }
      for (const gateway of [0, 1]) {
        const other = client.as({});
        const here = gateway === 0 ? other : world.bearer(client.headers['authorization']!.slice(7), 1);
        if (gateway === 1) await world.apps[1]!.freshness.confirm();
        const { data } = await here.run<any>(asked);
        const found = await world
          .root(gateway)
          .ok<any>(
            '{ tenant(key: "main") { whoCan(permission: { resource: NAMESPACE, actions: [READ] }, namespaceName: "agree.x", first: 100) { nodes { id } } } }',
          );
        expect([
          (data.tenant.namespaces?.nodes ?? []).some(({ name }: { name: string }) => name === 'agree.x'),
          Boolean(data.tenant.namespace),
          Boolean(data.node),
          found.tenant.whoCan.nodes.some(({ id }: { id: string }) => id === idOf('User', user)),
        ]).toEqual([held, held, held, held]);
      }
    }
  });

  it('openfga #3155: never answers from what was loaded before a write', async () => {
    const user = await fresh();
    const client = await world.as(user);
    const reading = new AbortController();
    const readers = Array.from({ length: 4 }, async () => {
      while (!reading.signal.aborted) await client.codes(groups).catch(() => undefined);
    });
    const withPassword = world.basic(user.username);
    try {
      for (let round = 0; round < 12; round += 1) {
        const binding = await world.grant(main, user, ['GROUP:READ']);
        // A grant takes effect immediately on its own gateway: a cached refusal does not outlive it.
        expect(await withPassword.codes(groups)).toEqual([]);
        await world.root().ok(call('deleteBindings', 'results { error { code } }'), {
          i: { tenantKey: 'main', ids: [idOf('Binding', binding)] },
        });
        expect(await withPassword.codes(groups)).toEqual(['FORBIDDEN']);
        await soon(world.basic(user.username, password, 1), groups, ['FORBIDDEN']);
      }
    } finally {
      reading.abort();
      await Promise.all(readers);
    }
  }, 60_000);

  it('openfga #3155: does not join a load that began before a revocation', async () => {
    const user = await fresh();
    const client = await world.as(user);
    const { pool } = world.app.database;
    const own = pool.query;
    let held = 0;
    for (let round = 0; round < 3; round += 1) {
      const binding = await world.grant(main, user, ['GROUP:READ']);
      const begun = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      pool.query = (async (...args: unknown[]) => {
        const answer = await (own as (...rest: unknown[]) => Promise<unknown>).apply(pool, args);
        if (isLoadOf(user.id, args)) {
          begun.resolve();
          held += 1;
          await release.promise;
        }
        return answer;
      }) as typeof pool.query;
      try {
        const before = client.codes(groups);
        await begun.promise;
        pool.query = own;
        await world.root().ok(call('deleteBindings', 'results { error { code } }'), {
          i: { tenantKey: 'main', ids: [idOf('Binding', binding)] },
        });
        const after = client.codes(groups);
        await sleep(200);
        release.resolve();
        await before;
        expect(await after).toEqual(['FORBIDDEN']);
        expect(await client.codes(groups)).toEqual(['FORBIDDEN']);
      } finally {
        pool.query = own;
      }
    }
    expect(held).toBe(3);
  });

  it('openfga #3125: caches nothing for a request that ends while it loads, and answers the requests that joined it', async () => {
    const impatient = await World.create({ limits: { requestMs: 500 } });
    const tenant = await impatient.tenant('main');
    const user = await impatient.user('reader', [tenant]);
    await impatient.grant(tenant, user, ['ROLE:READ']);
    const client = await impatient.as(user);
    const document = '{ tenant(key: "main") { roles { totalCount } } }';
    const { pool } = impatient.app.database;
    const own = pool.query as (...rest: unknown[]) => Promise<unknown>;
    try {
      expect(await client.codes(document)).toEqual([]);
      for (let round = 0; round < 3; round += 1) {
        // A change of access invalidates all principals, and the next load is slow.
        await impatient.user(`other-${round}`, [tenant]);
        let loads = 0;
        pool.query = (async (...args: unknown[]) => {
          if (isLoadOf(user.id, args)) {
            loads += 1;
            await own.call(pool, 'SELECT pg_sleep(0.7)');
          }
          return own.apply(pool, args);
        }) as typeof pool.query;
        const late = client.codes(document);
        await sleep(350);
        const joined = client.codes(document);
        expect(await late).toEqual(['TIMEOUT']);
        expect(await joined).toEqual([]);
        expect(loads).toBe(1);
        pool.query = own as typeof pool.query;
        expect(await client.codes(document)).toEqual([]);
      }
    } finally {
      await impatient.close();
    }
  }, 30_000);

  it('CVE-2026-55170: gives another case, or a new object under a former name, another key', async () => {
    // Names of namespaces and tenants are case-sensitive: a binding in one does not apply to the other.
    const user = await fresh(['NAMESPACE:READ'], 'case');
    const client = await world.as(user);
    for (const name of ['Case', 'CASE', 'case ', 'cáse'])
      expect(
        await client.run<any>('query($n: String!) { tenant(key: "main") { namespace(name: $n) { id } } }', { n: name }),
      ).toMatchObject({
        data: { tenant: { namespace: null } },
      });
    expect((await client.run<any>('{ tenant(key: "MAIN") { key } }')).data.tenant).toBeNull();
    // Tokens are case-sensitive, user names are not.
    const token = client.headers['authorization']!.slice(7);
    const swapped = token.replace(/[a-zA-Z]/g, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    );
    expect(await world.bearer(`gth_${swapped.slice(4)}`).codes('{ viewer { __typename } }')).toEqual([
      'UNAUTHENTICATED',
    ]);

    // The key, the names and the password are reused: nothing of the deleted tenant, user or group remains.
    const again = async () => {
      const tenant = await world.tenant('phoenix');
      return { tenant, member: await world.user('phoenix', [tenant], { password }) };
    };
    const first = await again();
    const group = await world.group(first.tenant, 'Owners');
    await world.member(first.tenant, group, first.member);
    await world.bind(first.tenant, { group }, await world.role(first.tenant, 'R', ['ROLE:READ']));
    const asked = '{ tenant(key: "phoenix") { roles { totalCount } } }';
    const [old, signedIn] = [await world.as(first.member), world.basic('phoenix')];
    for (const one of [old, signedIn, world.basic('phoenix', password, 1)]) expect(await one.codes(asked)).toEqual([]);
    const root = world.root();
    await root.ok(call('deleteTenant', 'clientMutationId: __typename'), { i: { id: idOf('Tenant', first.tenant) } });
    await root.ok(call('deleteUser', 'clientMutationId: __typename'), { i: { id: idOf('User', first.member) } });
    const second = await again();
    await world.group(second.tenant, 'Owners');
    await world.role(second.tenant, 'R', ['ROLE:READ']);
    expect(await old.codes(asked)).toEqual(['UNAUTHENTICATED']);
    for (const gateway of [0, 1]) await soon(world.basic('phoenix', password, gateway), asked, ['FORBIDDEN']);
    // A cached refusal does not outlive a new grant.
    await world.grant(second.tenant, second.member, ['ROLE:READ']);
    for (const gateway of [0, 1]) await soon(world.basic('phoenix', password, gateway), asked, []);
  });

  it('uses no decision, filter or parsed document of an earlier policy version', async () => {
    const user = await fresh(['NAMESPACE:READ', 'NAMESPACE:UPDATE']);
    const namespace = idOf('Namespace', await world.namespace(main, 'versions'));
    const clients = [await world.as(user), await world.as(user, 1)];
    const put = (policies: object) =>
      world.root().ok(call('setPolicyConfiguration', 'policies { name }'), { i: { policies } });
    const change = (client: Client) =>
      client.codes(update, { i: { id: namespace, description: `${next++}`, reason: 'because' } });
    for (let round = 0; round < 3; round += 1) {
      expect(await change(clients[0]!)).toEqual([]);
      await expect.poll(() => change(clients[1]!), { timeout: 2_000 }).toEqual([]);
      await put({ 'frozen-namespaces': { frozen: ['versions'] } });
      expect(await change(clients[0]!)).toEqual(['FORBIDDEN']);
      await expect.poll(() => change(clients[1]!), { timeout: 2_000 }).toEqual(['FORBIDDEN']);
      await put({});
    }
  });

  it("shows events of a running stream by the viewer's current permissions", async () => {
    // A super admin sees all events, but their patches only with READ on the object.
    const chief = await world.user('chief', [main], { superAdmin: true });
    const client = await world.as(chief);
    const namespace = await world.namespace(main, 'stream');
    const stop = new AbortController();
    const stream = client.sse<any>(
      'subscription { auditEvents(tenantKey: "main", where: { resource: NAMESPACE }) { event { patch } } }',
      {},
      stop.signal,
    );
    const change = () =>
      world.write((tx) =>
        updateNamespace(tx, asSystem('NAMESPACE:UPDATE', 'test', main.id), main, namespace.id, {
          description: `${next++}`,
        }),
      );
    const shown = async () => {
      await change();
      for (;;) {
        const { value } = await stream.next();
        if (value?.data?.auditEvents?.event) return value.data.auditEvents.event.patch !== null;
      }
    };
    await stream.next();
    try {
      for (let round = 0; round < 2; round += 1) {
        expect(await shown()).toBe(false);
        const binding = await world.grant(main, chief, ['NAMESPACE:READ'], 'stream');
        expect(await shown()).toBe(true);
        await world.root().ok(call('deleteBindings', 'results { error { code } }'), {
          i: { tenantKey: 'main', ids: [idOf('Binding', binding)] },
        });
      }
    } finally {
      stop.abort();
    }
  });
});
