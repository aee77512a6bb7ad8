import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mergeSettings } from '../../src/resources/identity/user/settings.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, password, World } from '../support/world.ts';

const update = call('updateMySettings', 'settings');

describe('own settings', () => {
  let world: World;
  let ann: Client;
  beforeAll(async () => {
    world = await World.create();
    await world.user('ann', [], { password });
    ann = world.basic('ann');
  });
  afterAll(() => world.close());

  const set = async (settings: unknown, client = ann) =>
    (await client.ok<any>(update, { i: { settings } })).updateMySettings.settings;
  const mine = async (client = ann) => (await client.ok<any>('{ viewer { settings } }')).viewer.settings;
  const events = () =>
    world.db.auditEvent.findMany({ where: { action: 'user.update-settings' }, orderBy: { seq: 'asc' } });

  it('are empty first, then as set: by key, null clears a value', async () => {
    expect(await mine()).toEqual({});
    await set({ theme: 'dark', timeZone: 'Europe/Berlin', editor: { fontSize: 14, wordWrap: true } });
    expect(await set({ language: 'de-AT', editor: { fontSize: null, theme: 'same' }, theme: null })).toEqual({
      timeZone: 'Europe/Berlin',
      language: 'de-AT',
      editor: { wordWrap: true, theme: 'same' },
    });
    expect(await set({ editor: null })).toEqual({ timeZone: 'Europe/Berlin', language: 'de-AT' });
    expect(await mine()).toEqual({ timeZone: 'Europe/Berlin', language: 'de-AT' });
    expect(await set({})).toEqual(await mine());
  });

  it('keep named views of a frontend: a path of it and its parameters', async () => {
    const view = { path: '/t/main/roles', search: { text: 'edit' } };
    await set({ views: { mine: view } });
    expect((await mine()).views).toEqual({ mine: view });
    const wrong = [{ path: 'https://elsewhere.example' }, { path: '//elsewhere.example' }, { path: '/x', more: 1 }];
    for (const one of wrong)
      expect(await ann.codes(update, { i: { settings: { views: { one } } } })).toEqual(['BAD_INPUT']);
    await set({ views: { mine: null } });
    expect((await mine()).views).toBeUndefined();
  });

  it('are audited, one event for each change and none without a change, and invalidate no decision', async () => {
    const before = (await events()).length;
    const { revision } = world.app.freshness.state;
    await set({ logLevel: 'WARN' });
    await set({ logLevel: 'WARN' });
    const added = (await events()).slice(before);
    expect(added).toMatchObject([
      {
        actorName: 'ann',
        resourceKey: 'ann',
        tenantId: '',
        patch: [{ op: 'add', path: '/settings/logLevel', value: 'WARN' }],
      },
    ]);
    expect((await world.db.accessState.findFirstOrThrow()).revision).toBe(revision);
  });

  it.each([
    [{ thema: 'dark' }, ['thema']],
    [{ editor: { fontSize: 12, tabs: 4 } }, ['editor', 'tabs']],
    [{ theme: 'pink' }, ['theme']],
    [{ timeZone: 'Europe/Atlantis' }, ['timeZone']],
    [{ timeZone: '+02:00' }, ['timeZone']],
    [{ language: 'no such language' }, ['language']],
    [{ pageSize: 0 }, ['pageSize']],
    [{ pageSize: 101 }, ['pageSize']],
    [{ pageSize: '20' }, ['pageSize']],
    [{ dateFormat: 'x'.repeat(51) }, ['dateFormat']],
    [{ dateFormat: 'a\nb' }, ['dateFormat']],
    [{ defaultNamespace: 'a..b' }, ['defaultNamespace']],
    [{ defaultTenant: 'A B' }, ['defaultTenant']],
    [{ logLevel: 'LOUD' }, ['logLevel']],
    [{ editor: 'vi' }, ['editor']],
    [[], []],
    ['dark', []],
  ])('refuse %j with its path, and store nothing of it', async (settings, path) => {
    const before = await mine();
    const { errors } = await ann.run(update, { i: { settings } });
    expect(errors[0]?.extensions).toMatchObject({
      code: 'BAD_INPUT',
      issues: [{ path: ['input', 'settings', ...path] }],
    });
    expect(await mine()).toEqual(before);
  });

  it('report every fault at once', async () => {
    const { errors } = await ann.run(update, { i: { settings: { theme: 1, a: 1, b: 2 } } });
    expect((errors[0]!.extensions['issues'] as any[]).map(({ path }) => path.at(-1)).sort()).toEqual([
      'a',
      'b',
      'theme',
    ]);
  });

  it('belong to one user: not to an impersonator, not to a service account', async () => {
    const acting = world.root().as({ 'x-gatehouse-impersonate': 'ann' });
    expect(await mine(acting)).toEqual(await mine());
    expect(await acting.codes(update, { i: { settings: { theme: 'light' } } })).toEqual(['FORBIDDEN']);
    const account = await world.account(null, 'robot');
    const robot = await world.as(account);
    expect(await robot.codes(update, { i: { settings: { theme: 'light' } } })).toEqual(['FORBIDDEN']);
    await world.grant(null, account, ['USER:READ']);
    expect(await robot.codes(update, { i: { settings: { theme: 'light' } } })).toEqual(['NOT_FOUND']);
    expect(await mine(robot)).toEqual({});
    await set({ theme: 'light' }, world.root());
    expect(await mine()).not.toHaveProperty('theme');
    expect(await world.anonymous().codes(update, { i: { settings: {} } })).toEqual(['UNAUTHENTICATED']);
  });

  it('keep all concurrent changes', async () => {
    const keys = { theme: 'dark', pageSize: 50, dateFormat: 'DD.MM.', logDisplay: 'failed', refreshSeconds: 30 };
    await Promise.all(Object.entries(keys).map(([key, value]) => set({ [key]: value })));
    expect(await mine()).toMatchObject(keys);
  });

  it('merge like a map of keys, for any values', () => {
    const value = fc.oneof(fc.constant(null), fc.integer(), fc.boolean());
    const change = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.oneof(value, fc.dictionary(fc.constantFrom('x', 'y'), value, { noNullPrototype: true })),
      { noNullPrototype: true },
    );
    const flat = (map: object, at = ''): [string, unknown][] =>
      Object.entries(map).flatMap(([key, v]) =>
        typeof v === 'object' && v !== null ? flat(v, `${at}${key}.`) : [[at + key, v] as [string, unknown]],
      );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
        const merged = changes.reduce<Record<string, any>>(mergeSettings, {});
        const expected = new Map<string, unknown>();
        for (const one of changes) {
          for (const [key, v] of Object.entries(one)) {
            const isMap = typeof v === 'object' && v !== null;
            // A plain value replaces a map, null clears it.
            for (const known of [...expected.keys()])
              if (known === key || (!isMap && known.startsWith(`${key}.`))) expected.delete(known);
            for (const [path, inner] of flat({ [key]: v }))
              if (inner === null) expected.delete(path);
              else expected.set(path, inner);
          }
        }
        expect(new Map(flat(merged))).toEqual(expected);
      }),
    );
  });

  it('are deleted with their user', async () => {
    const user = await world.user('leaver', [], { password });
    await set({ theme: 'dark' }, world.basic('leaver'));
    await world.root().ok(call('deleteUser', 'deletedId'), { i: { id: idOf('User', user) } });
    expect(await world.db.userSettings.count({ where: { userId: user.id } })).toBe(0);
  });
});
