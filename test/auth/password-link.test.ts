import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Permission } from '../../src/access/catalog.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { raw, until } from '../server/tools.ts';
import { Browser } from '../support/browser.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { MailServer } from '../support/mail-server.ts';
import { signInWith } from '../support/providers.ts';
import { idOf, password, World } from '../support/world.ts';
import { signedIn } from './tools.ts';

const secret = 'a phrase that this person knows';
const renewed = 'quite another phrase entirely';
const minute = 60_000;

describe('a link to set a new password', () => {
  let server: MailServer;
  let world: World;
  let main: Tenant;
  let next = 0;
  beforeAll(async () => {
    server = await MailServer.start();
    world = await World.create({
      config: {
        mail: { url: server.url, from: 'gate@company.example' },
        signIn: { ...signInWith([]), publicUrl: 'http://gate.example' },
      },
    });
    main = await world.tenant('main');
  });
  beforeEach(() => void server.mails.splice(0));
  afterEach(() => void vi.useRealTimers());
  afterAll(async () => {
    await world.close();
    await server.close();
  });

  const person = (more: object = {}): Promise<User> =>
    world.user(`person${next++}`, [main], { password: secret, ...more });
  const post = (body: object, headers: Record<string, string> = {}) =>
    raw(`${world.urls[0]}/auth/reset-password`, {
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const ask = async (username: string) => (await post({ username })).status;
  const tokenIn = (link: string) => link.split('token=')[1]!;
  async function mailed(user: User): Promise<string> {
    expect(await ask(user.username)).toBe(202);
    await until('the mail arrives', () => server.linkTo(user.email) !== undefined, 3_000);
    return tokenIn(server.linkTo(user.email)!);
  }
  const events = (user: { username: string }, action: string) =>
    world.db.auditEvent.findMany({ where: { resourceKey: user.username, action }, orderBy: { ordinal: 'asc' } });
  const settled = async (user: { username: string }, count: number) =>
    until(
      'the request is handled',
      async () => (await events(user, 'user.request-password-link')).length >= count,
      2_000,
    );

  it('comes by mail, works once, and ends all sessions', async () => {
    const user = await person();
    const { client } = await signedIn(world, user.username, secret);
    const token = await mailed(user);
    expect(server.mails[0]!.text).toContain(user.username);
    await client.ok('{ viewer { name } }');
    expect((await post({ token, password: 'short' })).status).toBe(400);
    expect((await post({ token, password: `${user.username} ${user.username}` })).status).toBe(400);
    const answers = await Promise.all([post({ token, password: renewed }), post({ token, password: renewed })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404]);
    expect(await client.codes('{ viewer { name } }')).toEqual(['UNAUTHENTICATED']);
    expect((await signedIn(world, user.username, secret)).status).toBe(401);
    expect((await signedIn(world, user.username, renewed)).status).toBe(200);
    expect((await events(user, 'user.reset-password'))[0]).toMatchObject({
      actorName: user.username,
      reason: 'by a link in a mail',
    });
    expect((await events(user, 'user.request-password-link'))[0]).toMatchObject({
      actorName: 'anonymous',
      outcome: 'SUCCESS',
    });
    const rows = await world.db.$queryRaw<{ row: string }[]>`SELECT t::text AS row FROM "PasswordLink" t
      UNION ALL SELECT t::text FROM "AuditEvent" t UNION ALL SELECT t::text FROM "Mail" t`;
    expect(rows.filter(({ row }) => row.includes(token.slice(0, 40)))).toEqual([]);
  });

  it('works for an hour, until the password is changed otherwise, and while its user may sign in by password', async () => {
    const user = await person();
    const token = await mailed(user);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60 * minute });
    expect((await post({ token, password: renewed })).status).toBe(404);
    vi.useRealTimers();
    const root = world.root();
    const id = idOf('User', user);
    await root.ok(call('setAuthMethods', 'user { id }'), { i: { id, methods: ['API_TOKEN'] } });
    expect((await post({ token, password: renewed })).status).toBe(404);
    await root.ok(call('setAuthMethods', 'user { id }'), { i: { id, methods: ['PASSWORD'] } });
    await root.ok(call('setUserDisabled', 'user { id }'), { i: { id, disabled: true } });
    expect((await post({ token, password: renewed })).status).toBe(404);
    await root.ok(call('setUserDisabled', 'user { id }'), { i: { id, disabled: false } });
    await root.ok(call('setUserPassword', 'user { id }'), { i: { id, password: 'set by an administrator' } });
    expect((await post({ token, password: renewed })).status).toBe(404);
    // The control: nothing of this ends a link of its own.
    const [link] = await Promise.all([root.ok<any>(call('createPasswordLink', 'link'), { i: { id } })]);
    expect((await post({ token: tokenIn(link.createPasswordLink.link), password: renewed })).status).toBe(204);
  });

  it('is sent at most once in 5 minutes and 10 times an hour, by name or address', async () => {
    const user = await person();
    const start = Date.now();
    await Promise.all([ask(user.username), ask(user.email.toUpperCase()), ask(user.username)]);
    await settled(user, 2);
    expect((await events(user, 'user.request-password-link')).map(({ outcome }) => outcome).sort()).toEqual([
      'DENIED',
      'SUCCESS',
    ]);
    const requests = Array.from({ length: 10 }, (_, i) => new Date(start - (55 - 5 * i) * minute));
    await world.db.passwordLink.update({ where: { userId: user.id }, data: { requests } });
    const { requestPasswordLink } = await import('../../src/resources/identity/password-link/request.ts');
    const again = () => requestPasswordLink(world.app.services, user.username, { requestId: 'r' });
    const sent = () => world.db.passwordLink.findUniqueOrThrow({ where: { userId: user.id } });
    const before = await sent();
    await again();
    expect(await sent()).toEqual(before);
    await world.db.passwordLink.update({ where: { userId: user.id }, data: { requests: requests.slice(1) } });
    await again();
    const after = await sent();
    expect([after.requests.length, after.hash === before.hash]).toEqual([10, false]);
    // The newest link replaces the one before, sent or not.
    expect(await world.db.mail.count({ where: { id: before.id } })).toBe(0);
  });

  it('looks and takes the same for known and unknown names, and is sent to no one else', async () => {
    const user = await person();
    const oidc = await person();
    await world.db.user.update({ where: { id: oidc.id }, data: { authMethods: ['OIDC:x'] } });
    const disabled = await person();
    await world.db.user.update({ where: { id: disabled.id }, data: { disabled: true } });
    const seen = async (username: string) => {
      const { status, headers, text } = await post({ username });
      const { date: _date, 'x-request-id': _id, ...rest } = headers;
      return JSON.stringify([status, rest, text]);
    };
    // It answers before it looks the name up: also while no user can be read.
    const known = await world.db.$transaction(async (tx) => {
      await tx.$executeRaw`LOCK TABLE "User" IN ACCESS EXCLUSIVE MODE`;
      return seen(user.username);
    });
    for (const name of ['no.such.user', oidc.username, disabled.email, '\0', 'x'.repeat(2_000)])
      expect(await seen(name)).toBe(known);
    await until('the mail arrives', () => server.linkTo(user.email) !== undefined, 3_000);
    await until(
      'the others are refused',
      async () =>
        (await world.db.auditEvent.count({ where: { action: 'user.request-password-link', outcome: 'DENIED' } })) > 0,
    );
    const others = [oidc, disabled].map(({ email }) => email);
    expect(server.mails.filter(({ to }) => others.includes(to))).toEqual([]);
    expect((await post({ username: user.username }, { origin: 'https://evil.example' })).status).toBe(403);
  });

  it('has pages without scripts', async () => {
    const user = await person();
    const browser = new Browser();
    const gate = world.urls[0]!;
    expect((await browser.visit(`${gate}/auth/sign-in`)).text).toContain('href="/auth/reset-password"');
    expect((await browser.visit(`${gate}/auth/reset-password`)).text).toContain('name="username"');
    const [known, unknown] = [user.username, 'unknown'].map((username) =>
      browser.submit(`${gate}/auth/reset-password`, { username }),
    );
    expect((await known!).text).toBe((await unknown!).text);
    await until('the mail arrives', () => server.linkTo(user.email) !== undefined, 3_000);
    const token = tokenIn(server.linkTo(user.email)!);
    const page = await browser.visit(`${gate}/auth/reset-password?token=${token}`);
    expect([page.status, page.text.includes(`value="${user.username}"`), page.text.includes('<script')]).toEqual([
      200,
      true,
      false,
    ]);
    const short = await browser.submit(`${gate}/auth/reset-password`, { token, password: 'short' });
    expect([short.status, short.text.includes('role="alert"')]).toEqual([400, true]);
    const done = await browser.submit(`${gate}/auth/reset-password`, { token, password: renewed });
    expect([done.status, done.url]).toEqual([200, `${gate}/auth/sign-in`]);
    expect((await browser.visit(`${gate}/auth/reset-password?token=${token}`)).status).toBe(404);
  });

  describe('of an administrator', () => {
    const held: readonly Permission[] = ['FLOW:READ', 'GROUP:READ'];
    async function administrator() {
      const user = await world.user(`admin${next++}`, [main], { password });
      const { roleId } = await world.grant(main, user, held);
      await world.grant(null, user, ['USER:READ', 'USER:UPDATE']);
      return { user, roleId, client: world.basic(user.username) };
    }
    const create = call('createPasswordLink', 'link expiresAt user { id }');
    const linkFor = async (user: User, client: Client) =>
      tokenIn((await client.ok<any>(create, { i: { id: idOf('User', user) } })).createPasswordLink.link);

    it('who holds what the user holds is shown once, and is decided again when it is used', async () => {
      const { client, roleId, user: admin } = await administrator();
      const user = await person();
      await world.grant(main, user, ['FLOW:READ']);
      const token = await linkFor(user, client);
      expect((await events(user, 'user.create-password-link'))[0]).toMatchObject({ actorName: admin.username });
      // The user gets more than the administrator holds.
      await world.grant(main, user, ['SECRET:READ']);
      expect((await post({ token, password: renewed })).status).toBe(404);
      const [refused] = await events(user, 'user.update');
      expect(refused).toMatchObject({ outcome: 'DENIED', actorName: 'anonymous' });
      expect(await client.codes(create, { i: { id: idOf('User', user) } })).toEqual(['FORBIDDEN']);
      await world.write((tx) =>
        tx.role.update({ where: { id: roleId }, data: { permissions: [...held, 'SECRET:READ'] } }),
      );
      await world.write((tx) => tx.accessState.updateMany({ data: { revision: { increment: 1 } } }));
      expect((await post({ token, password: renewed })).status).toBe(204);
      expect((await signedIn(world, user.username, renewed)).status).toBe(200);
    });

    it('is not for themselves, not by an API token, and not for a user without a password', async () => {
      const { client, user: admin } = await administrator();
      const user = await person();
      expect(await client.codes(create, { i: { id: idOf('User', admin) } })).toEqual(['FORBIDDEN']);
      expect(await (await world.as(admin)).codes(create, { i: { id: idOf('User', user) } })).toEqual(['FORBIDDEN']);
      await world.write((tx) => tx.user.update({ where: { id: user.id }, data: { authMethods: ['OIDC:x'] } }));
      expect(await client.codes(create, { i: { id: idOf('User', user) } })).toEqual(['CONFLICT']);
      expect(await client.codes(create, { i: { id: idOf('User', user), dryRun: true } })).toEqual(['CONFLICT']);
    });
  });
});
