import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { deriveKeys } from '../../src/auth/keys.ts';
import { base32, newRecoveryCodes, recoveryHash, stepAt, stepOf, totpCode } from '../../src/auth/totp.ts';
import { resetSecrets } from '../../src/bootstrap/lost-key.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { openSecret, sealSecret } from '../../src/resources/identity/second-factor/code.ts';
import { resealSecondFactors } from '../../src/resources/identity/second-factor/service.ts';
import { beginSession, byPassword } from '../../src/resources/identity/session/sign-in.ts';
import { Browser } from '../support/browser.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, masterKey, World } from '../support/world.ts';
import { from, signedIn } from './tools.ts';

const secret = 'a phrase that this person knows';
const minute = 60_000;
const refused = ['UNAUTHENTICATED'];

describe('codes by time', () => {
  it('are those of RFC 6238, for an interval and its neighbours', () => {
    const key = Buffer.from('12345678901234567890');
    // Appendix B, with six of the eight digits.
    const vectors: [number, string][] = [
      [59, '287082'],
      [1_111_111_109, '081804'],
      [1_111_111_111, '050471'],
      [1_234_567_890, '005924'],
      [2_000_000_000, '279037'],
      [20_000_000_000, '353130'],
    ];
    for (const [seconds, code] of vectors) {
      const now = new Date(seconds * 1_000);
      expect(totpCode(key, stepAt(now))).toBe(code);
      for (const apart of seconds > 60 ? [-30_000, 0, 30_000] : [0, 30_000])
        expect(stepOf(key, code, new Date(now.getTime() + apart))).toBe(stepAt(now));
      for (const apart of seconds > 100 ? [-61_000, 61_000] : [61_000])
        expect(stepOf(key, code, new Date(now.getTime() + apart))).toBeUndefined();
    }
    const now = new Date();
    const right = totpCode(key, stepAt(now));
    for (const text of ['', right.slice(1), `${right}0`, ` ${right}`, 'abcdef', '１２３４５６'])
      expect(stepOf(key, text, now)).toBeUndefined();
    // RFC 4648.
    expect(['', 'f', 'fo', 'foo', 'foobar'].map((text) => base32(Buffer.from(text)))).toEqual([
      '',
      'MY',
      'MZXQ',
      'MZXW6',
      'MZXW6YTBOI',
    ]);
    const codes = newRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/);
    expect(recoveryHash('a', codes[0]!.toLowerCase().replaceAll('-', ' '))).toBe(recoveryHash('a', codes[0]!));
    expect(recoveryHash('b', codes[0]!)).not.toBe(recoveryHash('a', codes[0]!));
  });
});

describe('a second factor', () => {
  let world: World;
  let main: Tenant;
  let next = 0;
  beforeAll(async () => {
    world = await World.create({ gateways: 2, config: { trustedProxies: ['127.0.0.1', '::1'] } });
    main = await world.tenant('main');
  });
  afterEach(() => void vi.useRealTimers());
  afterAll(() => world.close());

  const begin = call('beginSecondFactor', 'secret uri');
  const confirm = call('confirmSecondFactor', 'recoveryCodes user { secondFactor { kind recoveryCodesLeft } }');
  /** Decodes the secret like an app. */
  const decoded = (text: string): Buffer => {
    const bits = [...text]
      .map((one) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(one).toString(2).padStart(5, '0'))
      .join('');
    return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  };
  interface Enrolled {
    readonly user: User;
    readonly client: Client;
    readonly key: Buffer;
    readonly recovery: readonly string[];
    /** A code that was not used: the next call has one of the next interval. */
    readonly code: () => string;
  }
  async function enrolled(): Promise<Enrolled> {
    const user = await world.user(`person${next++}`, [main], { password: secret });
    const { client } = await signedIn(world, user.username, secret);
    const { beginSecondFactor: begun } = await client.ok<any>(begin, { i: { currentPassword: secret } });
    const key = decoded(begun.secret);
    let step = stepAt(new Date()) - 1;
    const code = () => totpCode(key, step++);
    const { confirmSecondFactor: made } = await client.ok<any>(confirm, { i: { code: code() } });
    return { user, client, key, recovery: made.recoveryCodes, code };
  }
  const post = async (path: string, body: object, headers: Record<string, string> = {}, gateway = 0) => {
    const response = await fetch(`${world.urls[gateway]}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0]!);
    return { status: response.status, body: (await response.json()) as any, cookies };
  };
  const signIn = (body: object, headers: Record<string, string> = {}, gateway = 0) =>
    post('/auth/sign-in', body, headers, gateway);
  /** The first step, as a browser does it. @returns the cookie of the second one. */
  async function password({ username }: User, headers: Record<string, string> = {}): Promise<Record<string, string>> {
    const { status, body, cookies } = await signIn({ username, password: secret }, headers);
    expect([status, body.errors[0].extensions]).toEqual([
      403,
      { code: 'SECOND_FACTOR_REQUIRED', asks: ['TOTP', 'RECOVERY_CODE'] },
    ]);
    expect(cookies.map((one) => one.split('=')[0])).toEqual(['gatehouse-second-factor']);
    return { cookie: cookies[0]!, ...headers };
  }
  const clientOf = ({ cookies }: { cookies: readonly string[] }, gateway = 0) =>
    world
      .anonymous(gateway)
      .as({ cookie: cookies.find((one) => one.startsWith('gatehouse='))!, origin: world.urls[gateway]! });
  const eventsOf = async ({ username }: User, action: string) =>
    world.db.auditEvent.findMany({
      where: { action, resourceKey: { in: [username, `user:${username}`] } },
      orderBy: { ordinal: 'asc' },
    });

  it('is enrolled by its user, with the current password, and takes effect with a code', async () => {
    const user = await world.user(`person${next++}`, [main], { password: secret });
    const { client } = await signedIn(world, user.username, secret);
    expect(await client.codes(begin, { i: {} })).toEqual(['BAD_INPUT']);
    expect(await client.codes(begin, { i: { currentPassword: 'wrong' } })).toEqual(['BAD_INPUT']);
    expect(await (await world.as(user)).codes(begin, { i: { currentPassword: secret } })).toEqual(['FORBIDDEN']);
    const impersonating = world.root().as({ 'x-gatehouse-impersonate': user.username });
    expect(await impersonating.codes(begin, { i: { currentPassword: secret } })).toEqual(['FORBIDDEN']);
    const { beginSecondFactor: begun } = await client.ok<any>(begin, { i: { currentPassword: secret } });
    expect(begun.uri).toBe(`otpauth://totp/Gatehouse:${user.username}?secret=${begun.secret}&issuer=Gatehouse`);
    // Until then, the password alone signs in.
    expect((await signedIn(world, user.username, secret)).status).toBe(200);
    expect(await client.codes(confirm, { i: { code: '000000' } })).toEqual(['BAD_INPUT']);
    const key = decoded(begun.secret);
    const { confirmSecondFactor: made } = await client.ok<any>(confirm, {
      i: { code: totpCode(key, stepAt(new Date())) },
    });
    expect(made.user.secondFactor).toEqual({ kind: 'TOTP', recoveryCodesLeft: 10 });
    expect(await client.codes(begin, { i: { currentPassword: secret } })).toEqual(['CONFLICT']);
    // The session in which it was enrolled has proved it.
    const own = '{ viewer { sessions { nodes { isCurrent secondFactor } } } }';
    const current = (await client.ok<any>(own)).viewer.sessions.nodes.find((one: any) => one.isCurrent);
    expect(current.secondFactor).toBe('TOTP');
    // Basic authentication has no second factor, and says so to a person who knows the password only.
    const basic = world.basic(user.username, secret);
    const { errors } = await basic.run('{ viewer { name } }');
    expect([errors[0]!.extensions.code, errors[0]!.message]).toEqual([
      refused[0],
      expect.stringContaining('/auth/sign-in'),
    ]);
    expect((await world.basic(user.username, 'wrong').run('{ viewer { name } }')).errors[0]!.message).not.toContain(
      'second factor',
    );
    const rows = await world.db.$queryRaw<
      { row: string }[]
    >`SELECT t::text AS row FROM "SecondFactor" t UNION ALL SELECT t::text FROM "AuditEvent" t`;
    for (const shown of [begun.secret, key.toString('base64'), ...made.recoveryCodes])
      expect(rows.filter(({ row }) => row.includes(shown))).toEqual([]);
    expect((await eventsOf(user, 'user.enrol-second-factor'))[0]!.patch).toEqual([
      { op: 'replace', path: '/secondFactor', value: 'TOTP' },
    ]);
  });

  it('is asked for after the password; each code counts once, on all gateways', async () => {
    const { user, code } = await enrolled();
    const first = await password(user);
    const given = code();
    const answers = await Promise.all([0, 1, 0, 1].map((gateway) => signIn({ code: given }, first, gateway)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    const done = answers.find(({ status }) => status === 200)!;
    expect(done.body).toMatchObject({ user: { name: user.username } });
    expect(done.cookies).toContain('gatehouse-second-factor=');
    const { viewer } = await clientOf(done).ok<any>(
      '{ viewer { name credential sessions { nodes { method secondFactor secondFactorAt provedAt } } } }',
    );
    expect(viewer.sessions.nodes).toContainEqual({
      method: 'PASSWORD',
      secondFactor: 'TOTP',
      secondFactorAt: expect.any(String),
      provedAt: expect.any(String),
    });
    expect((await eventsOf(user, 'session.login')).at(-1)!.details).toMatchObject({
      method: 'PASSWORD',
      secondFactor: 'TOTP',
    });
  });

  it('needs the password of the same minutes, which still holds', async () => {
    const { user, code } = await enrolled();
    expect((await signIn({ code: code() })).status).toBe(401);
    expect((await signIn({ code: '123456' }, { cookie: 'gatehouse-second-factor=forged' })).status).toBe(401);
    const late = await password(user);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * minute });
    expect((await signIn({ code: code() }, late)).body.errors[0].message).toContain('took too long');
    vi.useRealTimers();
    const changed = await password(user);
    await world.root().ok(call('setUserPassword', 'user { id }'), {
      i: { id: idOf('User', user), password: 'set by an administrator' },
    });
    const factor = await world.db.secondFactor.findUniqueOrThrow({ where: { userId: user.id } });
    const key = openSecret(world.app.services.keys, factor);
    expect((await signIn({ code: totpCode(key, stepAt(new Date()) + 1) }, changed)).status).toBe(401);
    expect((await signIn({ username: 'x', password: 'y', code: '1' })).status).toBe(400);
    expect((await signIn([] as never)).status).toBe(400);
  });

  it('ends a sign-in by password alone that began before it was enrolled', async () => {
    const { user } = await enrolled();
    const { store, freshness, config, services } = world.app;
    const { sessionTimes: times, keys } = services;
    const begun = (withCode: boolean) =>
      beginSession(
        { store, freshness, keys, times, perUser: config.limits.sessionsPerUser },
        { kind: 'USER', id: user.id, name: user.username, requestId: 'r' },
        byPassword(user, withCode),
        { userAgent: undefined, former: undefined },
      );
    await expect(begun(false)).rejects.toThrow(/Sign in/);
    expect((await begun(true)).cookie).toMatch(/./);
  });

  it('is locked by the same count of failures as the password, also if the password is right each time', async () => {
    const { user, key } = await enrolled();
    const headers = from('192.0.2.77');
    const step = stepAt(new Date());
    const isLocked = async () => (await eventsOf(user, 'user.locked')).length === 1;
    // The right password does not clear the count: each round would begin at one.
    let wrong = 0;
    for (; wrong < 20 && !(await isLocked()); wrong += 1)
      expect((await signIn({ code: '000000' }, await password(user, headers))).status).toBe(401);
    // Password and codes: ten failures.
    expect(wrong).toBe(9);
    const pending = await password(user, from('192.0.2.78'));
    expect((await signIn({ code: totpCode(key, step + 1) }, { ...pending, ...headers })).status).toBe(401);
    expect((await eventsOf(user, 'user.locked')).length).toBe(1);
    // Another address is not locked, and a success clears its count.
    expect((await signIn({ code: totpCode(key, step + 1) }, pending)).status).toBe(200);
    expect(
      await world.db.signInFailure.count({
        where: { account: user.usernameKey, address: '192.0.2.78', recent: { isEmpty: false } },
      }),
    ).toBe(0);
  });

  it('is replaced by a recovery code once each, and new codes end the former ones', async () => {
    const { user, recovery, code } = await enrolled();
    const [one, two] = recovery as [string, string];
    const done = await signIn({ code: one.toLowerCase() }, await password(user));
    expect(done.status).toBe(200);
    expect((await signIn({ code: one }, await password(user))).status).toBe(401);
    const client = clientOf(done);
    const left = '{ viewer { user { secondFactor { recoveryCodesLeft } } } }';
    expect((await client.ok<any>(left)).viewer.user.secondFactor.recoveryCodesLeft).toBe(9);
    const renew = call('createRecoveryCodes', 'recoveryCodes');
    const { createRecoveryCodes: renewed } = await client.ok<any>(renew, { i: { code: code() } });
    expect(renewed.recoveryCodes).toHaveLength(10);
    expect((await signIn({ code: two }, await password(user))).status).toBe(401);
    expect((await signIn({ code: renewed.recoveryCodes[0] }, await password(user))).status).toBe(200);
  });

  it('is removed by its user with a code, or by an administrator, and then the password suffices', async () => {
    const { user, client, code } = await enrolled();
    const remove = call('removeMySecondFactor', 'user { id }');
    expect(await client.codes(remove, { i: { code: '000000' } })).toEqual(['BAD_INPUT']);
    await client.ok(remove, { i: { code: code() } });
    expect((await signedIn(world, user.username, secret)).status).toBe(200);
    const other = await enrolled();
    const id = idOf('User', other.user);
    expect(await client.codes(call('removeSecondFactor', 'user { id }'), { i: { id } })).toEqual(['NOT_FOUND']);
    expect(await other.client.codes(call('removeSecondFactor', 'user { id }'), { i: { id } })).toEqual(['FORBIDDEN']);
    await world.root().ok(call('removeSecondFactor', 'user { id }'), { i: { id } });
    expect((await signedIn(world, other.user.username, secret)).status).toBe(200);
    expect((await eventsOf(other.user, 'user.remove-second-factor'))[0]).toMatchObject({ actorName: 'root' });
    expect(await world.root().codes(call('removeSecondFactor', 'user { id }'), { i: { id } })).toEqual(['NOT_FOUND']);
  });

  it('has a page without scripts', async () => {
    const { user, code } = await enrolled();
    const browser = new Browser();
    const target = `${world.urls[0]}/auth/sign-in`;
    const asked = await browser.submit(target, { username: user.username, password: secret, next: '/auth/providers' });
    expect([
      asked.status,
      asked.text.includes('name="code"'),
      asked.text.includes('autocomplete="one-time-code"'),
    ]).toEqual([403, true, true]);
    expect(asked.text).not.toContain(secret);
    const wrong = await browser.submit(target, { code: '000000', next: '/auth/providers' });
    expect([wrong.status, wrong.text.includes('name="code"'), wrong.text.includes('role="alert"')]).toEqual([
      401,
      true,
      true,
    ]);
    const done = await browser.submit(target, { code: code(), next: '/auth/providers' });
    expect([done.status, done.url]).toEqual([200, `${world.urls[0]}/auth/providers`]);
    expect(browser.cookie('gatehouse-second-factor')).toBeUndefined();
    // Without the first step, it begins again.
    const again = await new Browser().submit(target, { code: '000000' });
    expect([again.status, again.text.includes('name="password"')]).toEqual([401, true]);
  });

  it('survives a new master key, and is removed if the key is lost', async () => {
    const { user, key } = await enrolled();
    const own = deriveKeys(masterKey);
    const renewed = deriveKeys('another master key of 32 characters', [masterKey]);
    const row = () => world.db.secondFactor.findUniqueOrThrow({ where: { userId: user.id } });
    expect(openSecret(renewed, await row())).toEqual(key);
    await resealSecondFactors(world.app.store, renewed);
    expect(openSecret(deriveKeys('another master key of 32 characters'), await row())).toEqual(key);
    const { sealed } = await row();
    expect(() => openSecret(renewed, { userId: 'another', sealed })).toThrow();
    await world.db.secondFactor.update({ where: { userId: user.id }, data: { sealed: sealSecret(own, user.id, key) } });
    const lost = await World.create();
    try {
      const person = await lost.user('person');
      const data = {
        userId: person.id,
        sealed: 'x',
        recoveryHashes: [],
        createdAt: new Date(),
        confirmedAt: new Date(),
      };
      await lost.db.secondFactor.create({ data });
      await resetSecrets(lost.app.store, lost.app.services.keys);
      expect(await lost.db.secondFactor.count()).toBe(0);
      expect(
        await lost.db.auditEvent.count({
          where: { action: 'user.remove-second-factor', reason: 'the master key was lost' },
        }),
      ).toBe(1);
    } finally {
      await lost.close();
    }
  });

  describe('a step-up', () => {
    const stepUp = (client: Client, body: object, gateway = 0) =>
      post('/auth/step-up', body, { ...client.headers, origin: world.urls[gateway]! }, gateway);

    it('proves again who the person is, by password or code, and every gateway knows', async () => {
      const { user, client, code, recovery } = await enrolled();
      const row = () => world.db.session.findFirstOrThrow({ where: { principalId: user.id } });
      const before = await row();
      const byPassword = await stepUp(client, { password: secret });
      expect([byPassword.status, byPassword.body.provedAt]).toEqual([200, (await row()).provedAt.toISOString()]);
      expect((await row()).provedAt > before.provedAt).toBe(true);
      expect((await row()).secondFactorAt).toEqual(before.secondFactorAt);
      const byCode = await stepUp(client, { code: code() });
      expect([byCode.status, byCode.body.secondFactorAt]).toEqual([200, (await row()).secondFactorAt!.toISOString()]);
      expect((await stepUp(client, { code: recovery[0] })).status).toBe(200);
      expect((await row()).secondFactor).toBe('RECOVERY_CODE');
      expect((await eventsOf(user, 'session.step-up')).map(({ type, details }) => [type, (details as any).by])).toEqual(
        [
          ['LOGIN', 'PASSWORD'],
          ['LOGIN', 'TOTP'],
          ['LOGIN', 'RECOVERY_CODE'],
        ],
      );
    });

    it('needs the session of an allowed page, and counts failures', async () => {
      const { user, client } = await enrolled();
      expect((await stepUp(client, { code: '000000' })).body.errors[0].extensions.code).toBe('BAD_INPUT');
      expect((await stepUp(client, { password: 'wrong' })).status).toBe(400);
      expect((await stepUp(client, { password: secret, code: '1' })).status).toBe(400);
      const failures = await world.db.signInFailure.findMany({ where: { account: user.usernameKey } });
      expect(failures.flatMap(({ recent }) => recent).length).toBe(2);
      const { origin: _origin, ...bare } = client.headers;
      expect((await post('/auth/step-up', { password: secret }, bare)).status).toBe(401);
      expect(
        (await post('/auth/step-up', { password: secret }, { ...bare, origin: 'https://evil.example' })).status,
      ).toBe(403);
      const token = { authorization: `Bearer ${await world.token(user)}` };
      expect((await post('/auth/step-up', { password: secret }, token)).status).toBe(403);
      await world.root().ok(call('revokeSessions', 'count'), { i: { user: idOf('User', user) } });
      expect((await stepUp(client, { password: secret })).status).toBe(401);
    });
  });
});
