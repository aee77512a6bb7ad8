import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { expireKeyValues } from '../../src/resources/orchestration/key-value/service.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { World } from '../support/world.ts';

const set = call('setKeyValue', 'keyValue { id key value kind description expiresAt }');
const remove = call('deleteKeyValue', 'deletedId');

describe('key-value pairs', () => {
  let world: World;
  let main: Tenant;
  let editor: Client;

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    for (const name of ['company', 'company.x', 'company.x.deep', 'other']) await world.namespace(main, name);
    const user = await world.user('editor', [main]);
    await world.bind(main, { principal: user }, await world.managed(main, 'Editor'));
    editor = await world.as(user);
  });
  afterAll(() => world.close());

  const put = async (key: string, value: unknown, rest: object = {}, client = editor) =>
    (await client.ok<any>(set, { i: { tenantKey: 'main', namespaceName: 'company.x', key, value, ...rest } }))
      .setKeyValue.keyValue;
  const codes = (i: object, client = editor) =>
    client.codes(call('setKeyValue', 'keyValue { id }'), {
      i: { tenantKey: 'main', namespaceName: 'company.x', key: 'k', value: 1, ...i },
    });
  const read = async (field: string, namespace = 'company.x', client = editor) => {
    const document = `query($n: String!) { tenant(key: "main") { namespace(name: $n) { ${field} } } }`;
    return Object.values((await client.ok<any>(document, { n: namespace })).tenant.namespace)[0] as any;
  };
  const shown = async (namespace: string, client = editor) =>
    Object.fromEntries(
      (await read('inheritedKeyValues { key value }', namespace, client)).map(({ key, value }: any) => [key, value]),
    );

  it('keep the type of their value, or check it against a given one', async () => {
    for (const [value, kind] of [
      ['text', 'STRING'],
      [1.5, 'NUMBER'],
      [true, 'BOOLEAN'],
      [{ a: [1] }, 'JSON'],
      [[], 'JSON'],
    ] as const)
      expect(await put(`typed-${kind}`, value)).toMatchObject({ value, kind });
    expect(await put('day', '2026-01-31', { kind: 'DATE' })).toMatchObject({ kind: 'DATE' });
    const wrong = { NUMBER: 'x', BOOLEAN: 1, DATE: '2026-02-30', DATETIME: '2026-01-01', DURATION: 'x', STRING: 1 };
    for (const [kind, value] of Object.entries(wrong))
      expect(await codes({ kind, value }), kind).toEqual(['BAD_INPUT']);
    for (const key of ['', '-x', 'a b', 'x'.repeat(257), 'a\n']) expect(await codes({ key })).toEqual(['BAD_INPUT']);
    expect(await codes({ value: 'x'.repeat(270_000) })).toEqual(['BAD_INPUT']);
    expect(await codes({ expiresIn: 'PT0S' })).toEqual(['BAD_INPUT']);
    expect(await codes({ namespaceName: 'nowhere' })).toEqual(['CONFLICT']);
  });

  it('are replaced under the same key, with an event that has no value', async () => {
    const first = await put('counter', 'one-secret-value', { description: 'How many' });
    const second = await put('counter', 2);
    expect(second).toMatchObject({ id: first.id, value: 2, kind: 'NUMBER', description: 'How many' });
    const events = await world.db.auditEvent.findMany({
      where: { resource: 'KVSTORE', resourceKey: 'company.x/counter' },
    });
    expect(events.map(({ action }) => action)).toEqual(['kvstore.create', 'kvstore.update']);
    expect(JSON.stringify(events, (_k, v) => (typeof v === 'bigint' ? String(v) : v))).not.toContain(
      'one-secret-value',
    );
    const decisions = JSON.stringify(await world.db.decision.findMany());
    expect(decisions).not.toContain('one-secret-value');
    expect(await editor.ok(remove, { i: { id: first.id } })).toEqual({ deleteKeyValue: { deletedId: first.id } });
    expect(await editor.codes(remove, { i: { id: first.id } })).toEqual(['NOT_FOUND']);
  });

  it('are inherited: the nearest one is in effect, as far as the viewer can read', async () => {
    await put('a', 'company', { namespaceName: 'company' });
    await put('b', 'company', { namespaceName: 'company' });
    await put('b', 'deep', { namespaceName: 'company.x.deep' });
    expect(await shown('company.x.deep')).toMatchObject({ a: 'company', b: 'deep' });
    expect(await shown('company.x')).toMatchObject({ b: 'company' });
    expect(await shown('other')).toEqual({});
    const user = await world.user('narrow', [main]);
    await world.grant(main, user, ['NAMESPACE:READ', 'KVSTORE:READ'], 'company.x.deep');
    expect(await shown('company.x.deep', await world.as(user))).toEqual({ b: 'deep' });
  });

  it('are gone once they have expired, for every way to read them, and are deleted later with an event', async () => {
    const { id, expiresAt } = await put('brief', 1, { expiresIn: 'PT1H' });
    expect(new Date(expiresAt).getTime()).toBeGreaterThan(Date.now() + 3_500_000);
    expect(await shown('company.x')).toHaveProperty('brief');
    await world.db.keyValue.updateMany({ where: { key: 'brief' }, data: { expiresAt: new Date(Date.now() - 1) } });
    expect(await shown('company.x')).not.toHaveProperty('brief');
    expect((await read('keyValues(where: { key: "brief" }) { totalCount nodes { id } }')).totalCount).toBe(0);
    expect(await editor.ok('query($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null });
    expect(await editor.codes(remove, { i: { id } })).toEqual(['NOT_FOUND']);
    // A new value under the key is a new pair.
    const again = await put('brief', 2, { expiresIn: 'PT1H' });
    expect(again.id).not.toBe(id);
    await world.db.keyValue.updateMany({ where: { key: 'brief' }, data: { expiresAt: new Date(Date.now() - 1) } });
    await expireKeyValues(world.app.services.store);
    expect(await world.db.keyValue.count({ where: { key: 'brief' } })).toBe(0);
    const [event] = await world.db.auditEvent.findMany({ where: { action: 'kvstore.expire' } });
    expect(event).toMatchObject({ actorKind: 'SYSTEM', resourceKey: 'company.x/brief' });
  });

  it('are created and replaced with separate permissions; a pair that a caller cannot read is not revealed', async () => {
    await put('present', 1);
    const creator = await world.user('creator', [main]);
    await world.grant(main, creator, ['KVSTORE:CREATE'], 'company.x');
    const client = await world.as(creator);
    expect(await codes({ key: 'fresh' }, client)).toEqual([]);
    expect(await codes({ key: 'present', value: 2 }, client)).toEqual(['CONFLICT']);
    const updater = await world.user('updater', [main]);
    await world.grant(main, updater, ['KVSTORE:UPDATE', 'KVSTORE:READ'], 'company.x');
    expect(await codes({ key: 'present', value: 3 }, await world.as(updater))).toEqual([]);
    expect(await codes({ key: 'absent' }, await world.as(updater))).toEqual(['FORBIDDEN']);
    expect(await codes({ key: 'present', namespaceName: 'other' }, client)).toEqual(['FORBIDDEN']);
  });

  it('keep their namespace from being deleted', async () => {
    await put('last', 1, { namespaceName: 'other' });
    const { tenant } = await editor.ok<any>('{ tenant(key: "main") { namespace(name: "other") { id } } }');
    const { errors } = await world.root().run(call('deleteNamespace', 'deletedId'), { i: { id: tenant.namespace.id } });
    expect(['CONFLICT', 'FORBIDDEN', 'NOT_FOUND']).toContain(errors[0]!.extensions.code);
    const admin = await world.user('admin', [main]);
    await world.bind(main, { principal: admin }, await world.managed(main, 'Admin'));
    expect(
      await (await world.as(admin)).codes(call('deleteNamespace', 'deletedId'), { i: { id: tenant.namespace.id } }),
    ).toEqual(['CONFLICT']);
  });
});
