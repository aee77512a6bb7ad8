import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOf, World } from '../support/world.ts';
import { statements, who } from './tools.ts';

describe('sign-in by user name or e-mail address, and password', () => {
  let world: World;
  const secret = 'a phrase that ada knows';
  const refused = ['UNAUTHENTICATED'];

  beforeAll(async () => {
    world = await World.create();
    await world.user('Ada', [], { password: secret });
  });
  afterAll(() => world.close());

  it('accepts the correct password, whatever the case of the name', async () => {
    for (const name of ['Ada', 'ada', 'ADA', 'Ａda'])
      expect((await world.basic(name, secret).ok(who)).viewer.name).toBe('Ada');
  });

  it.each([
    ['a wrong password', 'Ada', `${secret}!`],
    ['another case', 'Ada', secret.toUpperCase()],
    ['an empty password', 'Ada', ''],
    ['an unknown user', 'nobody', secret],
    ['no user', '', secret],
    ['an unknown e-mail address', 'unknown@people.example', secret],
    ['an e-mail address with a wrong password', 'Ada@people.example', `${secret}!`],
    ['a part of the e-mail address', 'Ada@', secret],
    ['a password cut short', 'Ada', secret.slice(0, -1)],
    ['a password that is too long', 'Ada', 'x'.repeat(3_000)],
    ['a NUL', 'Ada\u0000', secret],
    ['a lone surrogate', '\ud800', secret],
  ])('refuses %s', async (_what, name, given) => {
    const { status, errors } = await world.basic(name, given).run(who);
    expect([status, errors.map(({ extensions }) => extensions.code)]).toEqual([401, refused]);
  });

  it.each([
    'Basic',
    'Basic %%%',
    `Basic ${Buffer.from('nocolon').toString('base64')}`,
    'Basic a b',
    `Digest ${Buffer.from(`Ada:${secret}`).toString('base64')}`,
  ])('refuses the header %j', async (authorization) => {
    expect(await world.anonymous().as({ authorization }).codes(who)).toEqual(refused);
  });

  it('accepts the e-mail address, whatever its case, and with the name of another user that name', async () => {
    for (const address of ['Ada@people.example', 'ADA@PEOPLE.example'])
      expect((await world.basic(address, secret).ok(who)).viewer.name).toBe('Ada');
    const other = 'a phrase that the other one knows';
    await world.user('ben', [], { password: secret });
    await world.user('ben@people.example', [], { password: other, email: 'other@people.example' });
    expect((await world.basic('ben@people.example', other).ok(who)).viewer.name).toBe('ben@people.example');
    expect(await world.basic('ben@people.example', secret).codes(who)).toEqual(refused);
    expect((await world.basic('ben', secret).ok(who)).viewer.name).toBe('ben');
  });

  it('ends a cached sign-in by e-mail address immediately when the address changes or becomes the name of another', async () => {
    const [kim, lee] = [
      await world.user('kim', [], { password: secret }),
      await world.user('lee', [], { password: secret }),
    ];
    const [byAddress, byName, second] = ['kim@people.example', 'kim', 'lee@people.example'].map((name) =>
      world.basic(name, secret),
    );
    for (const client of [byAddress!, byName!, second!]) await client.ok(who);
    const update = 'mutation($i: UpdateUserInput!) { updateUser(input: $i) { user { id } } }';
    await world.root().ok(update, { i: { id: idOf('User', kim), email: 'kim.moved@people.example' } });
    expect(await byAddress!.codes(who)).toEqual(refused);
    await byName!.ok(who);
    expect((await world.basic('kim.moved@people.example', secret).ok(who)).viewer.name).toBe('kim');
    await second!.ok(who);
    await world.root().ok(update, { i: { id: idOf('User', kim), username: 'lee@people.example' } });
    expect((await second!.ok(who)).viewer.name).toBe('lee@people.example');
    expect((await world.basic('lee', secret).ok(who)).viewer.name).toBe(lee.username);
  });

  it('refuses a disabled user, and accepts the user again when enabled', async () => {
    const user = await world.user('dora', [], { password: secret });
    const client = world.basic('dora', secret);
    await client.ok(who);
    const set =
      'mutation($id: ID!, $d: Boolean!) { setUserDisabled(input: { id: $id, disabled: $d }) { user { disabled } } }';
    await world.root().ok(set, { id: idOf('User', user), d: true });
    expect(await client.codes(who)).toEqual(refused);
    await world.root().ok(set, { id: idOf('User', user), d: false });
    await client.ok(who);
  });

  it('refuses a user without PASSWORD as a method or without a password', async () => {
    const user = await world.user('tom', [], { password: secret });
    const token = world.bearer(await world.token(user));
    const client = world.basic('tom', secret);
    await client.ok(who);
    const set =
      'mutation($id: ID!, $m: [AuthMethod!]!) { setAuthMethods(input: { id: $id, methods: $m }) { user { authMethods } } }';
    await world.root().ok(set, { id: idOf('User', user), m: ['API_TOKEN'] });
    expect(await client.codes(who)).toEqual(refused);
    await token.ok(who);
    await world.user('new');
    expect(await world.basic('new', '').codes(who)).toEqual(refused);
    expect(await world.basic('new', secret).codes(who)).toEqual(refused);
  });

  it('hashes once for many requests, also for concurrent ones', async () => {
    await world.user('eve', [], { password: secret });
    const verified = async (work: () => Promise<unknown>) =>
      (await statements(work)).filter((text) => /INSERT INTO "SignInFailure" AS f/.test(text)).length;
    const client = world.basic('eve', secret);
    expect(await verified(() => Promise.all(Array.from({ length: 20 }, () => client.ok(who))))).toBe(1);
    expect(await verified(() => client.ok(who))).toBe(0);
    // The control: without the cache, each request hashes.
    expect(
      await verified(async () => {
        for (let i = 0; i < 3; i += 1) await world.basic('eve', 'wrong').codes(who);
      }),
    ).toBe(3);
  });

  it('ends every cached sign-in immediately when the password changes', async () => {
    const user = await world.user('zoe', [], { password: secret });
    const old = world.basic('zoe', secret);
    await old.ok(who);
    const next = 'another phrase of zoe alone';
    const change =
      'mutation($c: String!, $n: String!) { changeMyPassword(input: { currentPassword: $c, newPassword: $n }) { user { username } } }';
    expect(await old.codes(change, { c: 'not this one', n: next })).toEqual(['BAD_INPUT']);
    await old.ok(change, { c: secret, n: next });
    expect(await old.codes(who)).toEqual(refused);
    await world.basic('zoe', next).ok(who);
    const set =
      'mutation($id: ID!, $p: String!) { setUserPassword(input: { id: $id, password: $p }) { user { username } } }';
    // The first password again: a cached refusal of it must not apply.
    await world.root().ok(set, { id: idOf('User', user), p: secret });
    expect(await world.basic('zoe', next).codes(who)).toEqual(refused);
    await world.basic('zoe', secret).ok(who);
  });

  it('hashes again if the stored hash has weaker parameters', async () => {
    const { argon2Sync, randomBytes } = await import('node:crypto');
    const user = await world.user('ron', [], { password: secret });
    const nonce = randomBytes(16);
    const tag = argon2Sync('argon2id', {
      message: secret,
      nonce,
      memory: 8_192,
      passes: 1,
      parallelism: 1,
      tagLength: 32,
    });
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replaceAll('=', '');
    const weak = `$argon2id$v=19$m=8192,t=1,p=1$${text(nonce)}$${text(tag)}`;
    await world.db.user.update({ where: { id: user.id }, data: { passwordHash: weak } });
    await world.basic('ron', secret).ok(who);
    const { passwordHash } = await world.db.user.findUniqueOrThrow({ where: { id: user.id } });
    expect(passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await world.basic('ron', `${secret}?`).codes(who)).toEqual(refused);
  });

  it('does not delay other callers while a hundred sign in at once', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `crowd${i}`);
    const crowd = Promise.all(names.map((name) => world.basic(name, 'whatever it is').run(who)));
    const times: number[] = [];
    for (let i = 0; i < 30; i += 1) {
      const started = performance.now();
      await world.anonymous().ok('{ __typename }');
      times.push(performance.now() - started);
    }
    const codes = (await crowd).map(({ errors }) => errors[0]!.extensions.code);
    expect(codes.every((code) => code === 'UNAUTHENTICATED' || code === 'UNAVAILABLE')).toBe(true);
    expect(times.sort((a, b) => a - b)[14]).toBeLessThan(100);
  });
});
