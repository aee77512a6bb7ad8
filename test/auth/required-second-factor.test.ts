import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stepAt, totpCode } from '../../src/auth/totp.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { setRequiredSecondFactor } from '../../src/resources/identity/second-factor/required.ts';
import { until } from '../server/tools.ts';
import { Authenticator } from '../support/authenticator.ts';
import { Browser } from '../support/browser.ts';
import { call } from '../support/call.ts';
import { idOf, password as rootPassword, World } from '../support/world.ts';
import { signedIn } from './tools.ts';

const secret = 'a phrase that this person knows';
const who = '{ viewer { name } }';

describe('a required second factor', () => {
  let world: World;
  let strict: Tenant;
  let next = 0;
  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    strict = await world.tenant('strict');
    world.apps[1]!.services.links.origin = world.app.services.links.origin;
    await require(true);
  });
  afterAll(() => world.close());

  const update = call('updateTenant', 'tenant { requireSecondFactor }');
  const require = (requireSecondFactor: boolean) =>
    world.root().ok<any>(update, { i: { id: idOf('Tenant', strict), requireSecondFactor } });
  const person = (tenants: readonly Tenant[] = [strict]) =>
    world.user(`person${next++}`, tenants, { password: secret });
  const post = async (path: string, body: object, headers: Record<string, string> = {}, gateway = 0) => {
    const response = await fetch(`${world.urls[gateway]}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0]!);
    return { status: response.status, body: (await response.json()) as any, cookies };
  };
  const clientOf = ({ cookies }: { cookies: readonly string[] }, gateway = 0) =>
    world
      .anonymous(gateway)
      .as({ cookie: cookies.find((one) => one.startsWith('gatehouse='))!, origin: world.urls[gateway]! });
  /** Signs in by password. @returns the cookie of the enrolment. */
  async function asked({ username }: Pick<User, 'username'>, own = secret) {
    const { status, body, cookies } = await post('/auth/sign-in', { username, password: own });
    expect([status, body.errors[0].extensions]).toEqual([403, { code: 'SECOND_FACTOR_REQUIRED', asks: ['ENROL'] }]);
    expect(cookies.map((one) => one.split('=')[0])).toEqual(['gatehouse-second-factor']);
    return { cookie: cookies[0]! };
  }
  /** Decodes the secret like an app. */
  const decoded = (text: string): Buffer => {
    const bits = [...text]
      .map((one) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(one).toString(2).padStart(5, '0'))
      .join('');
    return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  };

  it('is set up at the sign-in, before anything else is permitted', async () => {
    const user = await person();
    const enrolling = await asked(user);
    // The cookie of the enrolment gives access to nothing.
    expect(
      await world
        .anonymous()
        .as({ ...enrolling, origin: world.urls[0]! })
        .codes(who),
    ).toEqual(['UNAUTHENTICATED']);
    const { status, body: begun } = await post('/auth/enrol', {}, enrolling, 1);
    expect([status, begun.uri]).toEqual([
      200,
      `otpauth://totp/Gatehouse:${user.username}?secret=${begun.secret}&issuer=Gatehouse`,
    ]);
    const code = totpCode(decoded(begun.secret), stepAt(new Date()));
    // A factor that is not confirmed does not sign in.
    expect((await post('/auth/sign-in', { code }, enrolling)).status).toBe(401);
    expect((await post('/auth/enrol', { code: '000000' }, enrolling)).status).toBe(400);
    const done = await post('/auth/enrol', { code }, enrolling);
    expect([done.status, done.body.user.name, done.body.recoveryCodes.length]).toEqual([200, user.username, 10]);
    expect(done.cookies).toContain('gatehouse-second-factor=');
    const { viewer } = await clientOf(done).ok<any>('{ viewer { sessions { nodes { method secondFactor } } } }');
    expect(viewer.sessions.nodes).toEqual([{ method: 'PASSWORD', secondFactor: 'TOTP' }]);
    // The enrolment ends with it, and the next sign-in asks for a code.
    expect((await post('/auth/enrol', {}, enrolling)).status).toBe(409);
    const again = await post('/auth/sign-in', { username: user.username, password: secret });
    expect(again.body.errors[0].extensions.asks).toEqual(['TOTP', 'RECOVERY_CODE']);
    const events = await world.db.auditEvent.findMany({
      where: { resourceKey: user.username, outcome: 'SUCCESS' },
      orderBy: { ordinal: 'asc' },
    });
    expect(events.map(({ action, actorName }) => [action, actorName]).slice(-2)).toEqual([
      ['user.begin-second-factor', user.username],
      ['user.enrol-second-factor', user.username],
    ]);
  });

  it('can be a passkey', async () => {
    const user = await person();
    const enrolling = await asked(user);
    const { body: options } = await post('/auth/passkey', { for: 'enrol' }, enrolling);
    const authenticator = new Authenticator(world.app.services.links.origin!);
    const passkey = authenticator.create(options);
    const other = await asked(await person());
    expect((await post('/auth/enrol', { name: 'Key', passkey }, other)).status).toBe(400);
    const done = await post('/auth/enrol', { name: 'Key', passkey }, enrolling);
    expect([done.status, done.body.recoveryCodes]).toEqual([200, undefined]);
    await clientOf(done).ok(who);
    expect((await post('/auth/passkey', { for: 'enrol' }, enrolling)).status).toBe(200);
    expect((await post('/auth/enrol', { name: 'Key', passkey }, enrolling)).status).toBe(409);
  });

  it('has pages without scripts', async () => {
    const user = await person();
    const browser = new Browser();
    const at = (path: string) => `${world.urls[0]}${path}`;
    const choice = await browser.submit(at('/auth/sign-in'), {
      username: user.username,
      password: secret,
      next: '/auth/providers',
    });
    expect([choice.status, choice.url]).toEqual([200, at('/auth/enrol?next=%2Fauth%2Fproviders')]);
    expect(choice.text).toContain('Use an authenticator app');
    const app = await browser.submit(at('/auth/enrol'), { next: '/auth/providers' });
    const [, uri = ''] = /href="(otpauth:[^"]+)"/.exec(app.text)!;
    expect(app.text).toContain('<svg');
    const key = decoded(new URL(uri.replaceAll('&amp;', '&')).searchParams.get('secret')!);
    const wrong = await browser.submit(at('/auth/enrol'), { code: '000000', next: '/auth/providers' });
    expect([wrong.status, wrong.text.includes('role="alert"'), wrong.text.includes(uri)]).toEqual([400, true, true]);
    const code = totpCode(key, stepAt(new Date()));
    const done = await browser.submit(at('/auth/enrol'), { code, next: 'https://evil.example' });
    expect([done.status, done.text.match(/<li>/g)?.length, done.text.includes('href="/"')]).toEqual([200, 10, true]);
    expect(browser.cookie('gatehouse')).toBeDefined();
    expect((await browser.visit(at('/auth/enrol'))).url).toContain('/auth/sign-in');
    const form = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' };
    const foreign = await browser.request(at('/auth/enrol'), { method: 'POST', headers: form, body: 'next=/' });
    expect(foreign.status).toBe(403);
  });

  it('refuses sessions by password that began before, Basic authentication, and their streams', async () => {
    const lax = await world.tenant('lax');
    const user = await person([lax]);
    const { client, at } = await signedIn(world, user.username, secret);
    await client.ok(who);
    const laxly = (requireSecondFactor: boolean) =>
      world.root().ok(update, { i: { id: idOf('Tenant', lax), requireSecondFactor } });
    await laxly(true);
    const basic = world.basic(user.username, secret);
    for (const caller of [client, basic]) {
      const { errors } = await caller.run(who);
      expect([errors[0]!.extensions.code, errors[0]!.extensions['asks']]).toEqual([
        'SECOND_FACTOR_REQUIRED',
        ['ENROL'],
      ]);
    }
    await until('the other gateway knows', async () => (await at(1).codes(who))[0] === 'SECOND_FACTOR_REQUIRED', 2_000);
    expect(await world.basic(user.username, 'wrong').codes(who)).toEqual(['UNAUTHENTICATED']);
    // API tokens are not sign-ins by password.
    await (await world.as(user)).ok(who);
    await laxly(false);
    await client.ok(who);
    await basic.ok(who);
    expect((await signedIn(world, user.username, secret)).status).toBe(200);
  });

  it('is asked of a new user who accepts an invitation', async () => {
    const invite = call('createInvitation', 'link');
    const accepted = async (username: string) => {
      const { link } = (
        await world.root().ok<any>(invite, { i: { tenantKey: 'strict', email: `${username}@people.example` } })
      ).createInvitation;
      return new URL(link).searchParams.get('token')!;
    };
    const done = await post('/auth/accept', {
      token: await accepted('newcomer'),
      username: 'newcomer',
      password: secret,
    });
    expect([done.status, done.body]).toEqual([
      200,
      { user: { name: 'newcomer' }, tenant: { key: 'strict', name: 'strict' }, asks: ['ENROL'] },
    ]);
    expect((await post('/auth/enrol', {}, { cookie: done.cookies[0]! })).status).toBe(200);
    const browser = new Browser();
    const fields = { token: await accepted('second'), username: 'second', password: secret };
    expect((await browser.submit(`${world.urls[0]}/auth/accept`, fields)).url).toContain('/auth/enrol');
  });

  it('can be required of everyone by the host, with an event; the super admin sets one up by password', async () => {
    await setRequiredSecondFactor(world.app.store, true);
    await setRequiredSecondFactor(world.app.store, true);
    await Promise.all(world.apps.map((app) => app.freshness.confirm()));
    expect(await world.root().codes(who)).toEqual(['SECOND_FACTOR_REQUIRED']);
    await asked(await person([]));
    const enrolling = await asked({ username: 'root' }, rootPassword);
    const { body: begun } = await post('/auth/enrol', {}, enrolling);
    const code = totpCode(decoded(begun.secret), stepAt(new Date()));
    const done = await post('/auth/enrol', { code }, enrolling);
    expect(done.status).toBe(200);
    const events = await clientOf(done).ok<any>(
      '{ auditEvents(where: { action: "user.require-second-factor" }) { nodes { actorName details } } }',
    );
    expect(events.auditEvents.nodes).toEqual([
      { actorName: 'system', details: { requireSecondFactor: true, setting: 'GATEHOUSE_REQUIRE_SECOND_FACTOR' } },
    ]);
    await setRequiredSecondFactor(world.app.store, false);
  });
});
