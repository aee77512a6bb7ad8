import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { pruneIdempotencyKeys } from '../../src/graphql/mutation/idempotency.ts';
import { createLog } from '../../src/lib/log.ts';
import { asSystem } from '../../src/policy/session/system.ts';
import { deleteBinding } from '../../src/resources/identity/binding/service.ts';
import { createNamespace as makeNamespace } from '../../src/resources/orchestration/namespace/service.ts';
import { Client } from '../support/client.ts';
import { idOf, masterKey, World } from '../support/world.ts';

const createGroup =
  'mutation($name: String!, $key: String, $dry: Boolean) { createGroup(input: { tenantKey: "a", name: $name, idempotencyKey: $key, dryRun: $dry }) { group { id name description } } }';
const createNamespace =
  'mutation($name: String!, $key: String) { createNamespace(input: { tenantKey: "a", name: $name, idempotencyKey: $key }) { namespace { id name } } }';

describe('an idempotencyKey', () => {
  let world: World;
  let a: Tenant;
  let next = 0;
  const fresh = (prefix = 'k') => `${prefix}-${next++}`;
  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    a = await world.tenant('a');
  });
  afterAll(() => world.close());

  const all = ['GROUP:CREATE', 'GROUP:UPDATE', 'GROUP:DELETE', 'NAMESPACE:CREATE', 'NAMESPACE:DELETE'] as const;
  async function person(namespace = ''): Promise<{ user: User; client: Client; bindingId: string }> {
    const user = await world.user(fresh('person'), [a]);
    const { id } = await world.grant(a, user, all, namespace);
    return { user, client: await world.as(user), bindingId: id };
  }
  const events = (actorId: string, outcome = 'SUCCESS') => world.db.auditEvent.count({ where: { actorId, outcome } });
  const takeAway = (id: string) => world.write((tx) => deleteBinding(tx, asSystem('BINDING:DELETE', 'test'), a, id));

  it('control: without one, the second request takes effect again', async () => {
    const { client, user } = await person();
    const create = 'mutation { createGroup(input: { tenantKey: "a", name: "Twice" }) { group { id } } }';
    expect(await client.codes(create)).toEqual([]);
    expect(await client.codes(create)).toEqual(['CONFLICT']);
    expect(await events(user.id)).toBe(1);
  });

  it.each([
    ['a change of access', createGroup, 'group'],
    ['another one', createNamespace, 'namespace'],
  ] as const)(
    'lets one of many concurrent requests take effect, on two gateways; the others return the same: %s',
    async (_what, document, model) => {
      const { user } = await person();
      const clients = await Promise.all([world.as(user, 0), world.as(user, 1)]);
      const variables = { name: fresh('n'), key: fresh() };
      const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => clients[i % 2]!.ok(document, variables)));
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      const where = model === 'group' ? { name: variables.name } : { namespace: variables.name };
      expect(await (world.db[model].count as (args: object) => Promise<number>)({ where })).toBe(1);
      expect(await events(user.id)).toBe(1);
    },
  );

  it('held by another mutation is awaited without the access lock, which blocks all others', async () => {
    const { client, user } = await person();
    const [name, key] = [fresh('slow'), fresh()];
    const gate = Promise.withResolvers<void>();
    // The first request with the key waits in its transaction for a name that another one is about to use.
    const holder = inTransaction(world.app.store, async (tx) => {
      await makeNamespace(tx, asSystem('NAMESPACE:CREATE', 'test'), a, { name });
      await gate.promise;
    });
    await sleep(100);
    const first = client.codes(createNamespace, { name, key });
    await sleep(200);
    const second = [0, 1].map((gateway) =>
      new Client(world.urls[gateway]!, client.headers).codes(createGroup, { name, key }),
    );
    await sleep(200);
    const started = performance.now();
    const other = await world.root(1).codes(createGroup, { name: fresh('other') });
    const took = performance.now() - started;
    gate.resolve();
    await holder;
    expect(other).toEqual([]);
    expect(took).toBeLessThan(1_000);
    expect(await first).toEqual(['CONFLICT']);
    // The first one failed and left the key free: one of these uses it, and the other has its result.
    expect(await Promise.all(second)).toEqual([[], []]);
    expect(await world.db.auditEvent.count({ where: { actorId: user.id, action: 'group.create' } })).toBe(1);
  });

  it('is known over a WebSocket and on another gateway', async () => {
    const { user, client } = await person();
    const variables = { name: fresh('Group'), key: fresh() };
    const socket = (await world.as(user, 1)).socket();
    const first = await new Promise((resolve, reject) =>
      socket.subscribe({ query: createGroup, variables }, { next: resolve, error: reject, complete: () => undefined }),
    );
    await socket.dispose();
    expect({ data: await client.ok(createGroup, variables) }).toEqual(first);
    expect(await events(user.id)).toBe(1);
  });

  it('returns the object in its current state, and NOT_FOUND if it was deleted', async () => {
    const { client, user } = await person();
    await world.grant(a, user, ['GROUP:READ']);
    const variables = { name: fresh('Group'), key: fresh() };
    const { id } = (await client.ok(createGroup, variables)).createGroup.group;
    await client.ok('mutation($id: ID!) { updateGroup(input: { id: $id, description: "later" }) { group { id } } }', {
      id,
    });
    expect((await client.ok(createGroup, variables)).createGroup.group.description).toBe('later');
    const remove =
      'mutation($id: ID!, $key: String) { deleteGroup(input: { id: $id, idempotencyKey: $key }) { deletedId } }';
    const key = fresh();
    expect((await client.ok(remove, { id, key })).deleteGroup.deletedId).toBe(id);
    expect((await client.ok(remove, { id, key })).deleteGroup.deletedId).toBe(id);
    expect(await client.codes(remove, { id, key: fresh() })).toEqual(['NOT_FOUND']);
    const { errors } = await client.run(createGroup, variables);
    expect(errors).toMatchObject([
      {
        message: expect.stringMatching(/first request.*not found/),
        path: ['createGroup', 'group'],
        extensions: { code: 'NOT_FOUND' },
      },
    ]);
    expect(await events(user.id)).toBe(3);
  });

  it('belongs to one request: another input, field or principal is a different request', async () => {
    const [one, other] = [await person(), await person()];
    const variables = { name: fresh('n'), key: fresh() };
    await one.client.ok(createGroup, variables);
    expect(await one.client.codes(createGroup, { ...variables, name: fresh('n') })).toEqual(['CONFLICT']);
    expect(await one.client.codes(createNamespace, variables)).toEqual(['CONFLICT']);
    expect((await other.client.run(createNamespace, variables)).errors).toEqual([]);
    expect([await events(one.user.id), await events(other.user.id)]).toEqual([1, 1]);
    const rows = await world.db.idempotencyKey.findMany({ where: { key: variables.key } });
    // Equal input of two users is stored differently, so that it cannot be searched for.
    expect(new Set(rows.map(({ asked }) => asked)).size).toBe(2);
  });

  it('of an impersonator belongs to them and the user they act as', async () => {
    const { user } = await person();
    const boss = await world.user(fresh('boss'), [a]);
    await world.grant(a, boss, ['IMPERSONATE:READ', ...all]);
    const variables = { name: fresh('n'), key: fresh() };
    const acting = (await world.as(boss)).as({ 'x-gatehouse-impersonate': user.username });
    await acting.ok(createGroup, variables);
    await acting.ok(createGroup, variables);
    expect(await (await world.as(user)).codes(createGroup, variables)).toEqual(['CONFLICT']);
    expect(await world.db.idempotencyKey.findFirst({ where: { key: variables.key } })).toMatchObject({
      principalId: user.id,
      impersonatorId: boss.id,
    });
  });

  it('decides again: a caller without the permission is refused, on record, and learns nothing of the first result', async () => {
    const { client, user, bindingId } = await person();
    const variables = { name: fresh('Group'), key: fresh() };
    await client.ok(createGroup, variables);
    await takeAway(bindingId);
    const { data, errors } = await client.run<any>(createGroup, variables);
    expect(data?.createGroup ?? null).toBeNull();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    expect([await events(user.id), await events(user.id, 'DENIED')]).toEqual([1, 1]);
  });

  it('of a deletion is decided by the deleted row', async () => {
    const { client, user, bindingId } = await person('company.x');
    await world.namespace(a, 'company.y');
    const row = await world.namespace(a, 'company.x.gone');
    const remove =
      'mutation($id: ID!, $key: String) { deleteNamespace(input: { id: $id, idempotencyKey: $key }) { deletedId } }';
    const variables = { id: idOf('Namespace', row), key: fresh() };
    await client.ok(remove, variables);
    await client.ok(remove, variables);
    // They can now delete elsewhere, and no longer where it was.
    await takeAway(bindingId);
    await world.grant(a, user, all, 'company.y');
    expect(await client.codes(remove, variables)).toEqual(['NOT_FOUND']);
    expect(await events(user.id, 'DENIED')).toBe(1);
  });

  it('of a failed mutation is free', async () => {
    const { client, user } = await person();
    const variables = { name: fresh('Group'), key: fresh() };
    const taken = await world.group(a, variables.name);
    expect(await client.codes(createGroup, variables)).toEqual(['CONFLICT']);
    expect(await world.db.idempotencyKey.count({ where: { key: variables.key } })).toBe(0);
    await world.db.group.delete({ where: { id: taken.id } });
    await client.ok(createGroup, variables);
    expect(await events(user.id)).toBe(1);
  });

  it('of a list returns the same results, including refusals, which are not recorded again', async () => {
    const { client, user } = await person();
    await world.grant(a, user, ['BINDING:CREATE']);
    const weak = await world.role(a, fresh('Weak'), ['GROUP:CREATE']);
    const strong = await world.role(a, fresh('Strong'), ['SECRET:UPDATE']);
    const bindings = [weak, strong].map((role) => ({ subject: idOf('User', user), role: idOf('Role', role) }));
    const bind =
      'mutation($b: [BindingInput!]!, $key: String) { createBindings(input: { tenantKey: "a", bindings: $b, idempotencyKey: $key }) { results { binding { id } error { code message details } } } }';
    const variables = { b: bindings, key: fresh() };
    const first = await client.ok(bind, variables);
    expect(first.createBindings.results.map((r: any) => r.error?.code)).toEqual([undefined, 'FORBIDDEN']);
    expect(await client.ok(bind, variables)).toEqual(first);
    expect([await events(user.id), await events(user.id, 'DENIED')]).toEqual([1, 1]);
  });

  it('does not store a token', async () => {
    const user = await world.user(fresh('owner'), [a]);
    await world.grant(null, user, ['API_TOKEN:CREATE']);
    const client = await world.as(user);
    const mint =
      'mutation($key: String) { createApiToken(input: { name: "ci", idempotencyKey: $key }) { apiToken { id } fullToken } }';
    const variables = { key: fresh() };
    const first = (await client.ok(mint, variables)).createApiToken;
    const again = (await client.ok(mint, variables)).createApiToken;
    expect(first.fullToken).toMatch(/^gth_/);
    expect(again).toEqual({ ...first, fullToken: null });
    expect(await world.db.apiToken.count({ where: { principalId: user.id } })).toBe(2);
  });

  it('has 1 to 200 printable characters, and requires an authenticated request that takes effect', async () => {
    const { client } = await person();
    for (const key of ['', 'x'.repeat(201), 'a\nb']) {
      const { errors } = await client.run(createGroup, { name: fresh('n'), key });
      expect(errors).toMatchObject([
        { extensions: { code: 'BAD_INPUT', issues: [{ path: ['input', 'idempotencyKey'] }] } },
      ]);
    }
    expect(await client.codes(createGroup, { name: fresh('n'), key: fresh(), dry: true })).toEqual(['BAD_INPUT']);
    await client.ok(createGroup, { name: fresh('n'), key: `${'é'.repeat(199)} ` });
    expect(await world.anonymous().codes(createGroup, { name: fresh('n'), key: fresh() })).toEqual(['UNAUTHENTICATED']);
  });

  it('survives a change of the master key while the former one is configured', async () => {
    const variables = { name: fresh('Group'), key: fresh() };
    const first = await world.root().ok(createGroup, variables);
    const renewed = { ...world.app.config, masterKey: 'another master key, of enough characters', port: 0 };
    for (const [formerMasterKeys, codes] of [
      [[masterKey], []],
      [[], ['CONFLICT']],
    ] as const) {
      const app = await createApp({ ...renewed, formerMasterKeys }, world.connection, createLog('error'));
      await app.freshness.confirm();
      const answer = await new Client(await app.listen(), world.root().headers).run(createGroup, variables);
      expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual(codes);
      if (codes.length === 0) expect(answer.data).toEqual(first);
      await app.close();
    }
  });

  it('expires after a day', async () => {
    const { client, user } = await person();
    const variables = { name: fresh('Group'), key: fresh() };
    await client.ok(createGroup, variables);
    const age = (hours: number) =>
      world.db.idempotencyKey.updateMany({
        where: { key: variables.key },
        data: { createdAt: new Date(Date.now() - hours * 3_600_000) },
      });
    await age(23.9);
    await pruneIdempotencyKeys(world.db);
    expect(await client.codes(createGroup, variables)).toEqual([]);
    await age(24.1);
    // Also if it was not pruned yet: then the first one still uses the name.
    expect(await client.codes(createGroup, variables)).toEqual(['CONFLICT']);
    expect(await client.codes(createGroup, { ...variables, name: fresh('Group') })).toEqual([]);
    await age(24.1);
    await pruneIdempotencyKeys(world.db);
    expect(await world.db.idempotencyKey.count({ where: { key: variables.key } })).toBe(0);
    expect(await events(user.id)).toBe(2);
  });
});
