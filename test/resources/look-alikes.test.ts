import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillLooks } from '../../src/resources/identity/user/names.ts';
import { call } from '../support/call.ts';
import { idOf, World } from '../support/world.ts';

describe('user names that look alike', () => {
  let world: World;
  let next = 0;
  beforeAll(async () => {
    world = await World.create();
    for (const name of ['alice', 'admin', 'jürgen', 'müller', '山田']) await world.user(name);
  });
  afterAll(() => world.close());

  const create = async (username: string): Promise<string | undefined> =>
    (
      await world
        .root()
        .codes(call('createUser', 'user { id }'), { i: { username, email: `mail-${next++}@people.example` } })
    )[0];

  it.each([
    ['a zero-width space', 'ali\u200bce'],
    ['a soft hyphen', 'ali\u00adce'],
    ['an override of direction', 'ali\u202ece'],
    ['an isolate of direction', '\u2066bob'],
    ['a variation selector', 'bob\ufe0f'],
    ['Latin and Cyrillic letters', 'ed\u0430'],
    ['Latin and Greek letters', '\u03c1oot'],
    ['a reserved name', 'system'],
    ['a reserved name in capitals', 'Anonymous'],
    ['what looks like a reserved name', 'gateh0use'],
  ])('refuses %s', async (_what, username) => {
    expect(await create(username)).toBe('BAD_INPUT');
  });

  it.each([
    ['a capital I for an l', 'aIice'],
    ['a digit for a letter', 'a1ice'],
    ['two letters for one', 'adrnin'],
    ['a whole name in Cyrillic letters', '\u0441\u043e\u0440\u0430'],
    ['letters for mathematics', '\ud835\udc1a\ud835\udc25\ud835\udc22\ud835\udc1c\ud835\udc1e'],
  ])('refuses %s if that name exists', async (what, username) => {
    if (what.includes('Cyrillic')) await world.user('copa');
    expect(await create(username)).toBe('CONFLICT');
  });

  it.each(['bob', 'Ольга', 'Ζωή', 'محمد', '김철수', 'tanaka田中', 'jurgen', 'o.neil-2@people.example'])(
    'accepts %s',
    async (username) => {
      expect(await create(username)).toBeUndefined();
    },
  );

  it('are refused for new users and service accounts; the same name in another case is not a look-alike', async () => {
    const user = await world.user('carol');
    const rename = (username: string) =>
      world.root().codes(call('updateUser', 'user { id }'), { i: { id: idOf('User', user), username } });
    expect(await rename('a1ice')).toEqual(['CONFLICT']);
    expect(await rename('system')).toEqual(['BAD_INPUT']);
    expect(await rename('Carol')).toEqual([]);
    expect(await rename('caro1')).toEqual([]);
    const account = call('createServiceAccount', 'serviceAccount { id }');
    expect(await world.root().codes(account, { i: { name: 'gatehouse' } })).toEqual(['BAD_INPUT']);
  });

  it('are compared with the names of an earlier version, too', async () => {
    await world.user('eve1');
    await world.db.user.updateMany({ data: { usernameLooks: null } });
    expect(await create('evel')).toBeUndefined();
    await world.db.user.deleteMany({ where: { username: 'evel' } });
    await fillLooks(world.app.store);
    expect(await create('evel')).toBe('CONFLICT');
    expect(await world.db.user.count({ where: { usernameLooks: null } })).toBe(0);
  });

  it('are recorded in an audit event with the kind of their actor', async () => {
    const { auditEvents } = await world.root().ok<any>('{ auditEvents(first: 50) { nodes { actorKind actorName } } }');
    const kinds = new Map(auditEvents.nodes.map((one: any) => [one.actorName, one.actorKind]));
    expect([kinds.get('system'), kinds.get('root')]).toEqual(['SYSTEM', 'USER']);
  });
});
