import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { enrolled } from '../matrix/cells/second-factor.ts';
import { raw } from '../server/tools.ts';
import { Browser } from '../support/browser.ts';
import { call } from '../support/call.ts';
import { idOf, World } from '../support/world.ts';
import { signedIn } from './tools.ts';

const secret = 'a phrase that this person knows';
const day = 86_400_000;
const minute = 60_000;

describe('what a person does in a session', () => {
  let world: World;
  let strict: World;
  let main: Tenant;
  let next = 0;
  beforeAll(async () => {
    [world, strict] = await Promise.all([
      World.create({ limits: { invitationsPerHour: 3 } }),
      World.create({ limits: { userTokenDays: 30 } }),
    ]);
    main = await world.tenant('main');
  });
  afterAll(() => Promise.all([world.close(), strict.close()]));

  const person = (of = world) => of.user(`person${next++}`, of === world ? [main] : [], { password: secret });
  const mint = call('createApiToken', 'fullToken apiToken { id expiresAt createdAt }');
  const rotate = call('rotateApiToken', 'apiToken { expiresAt createdAt }');
  const daysOf = ({ expiresAt, createdAt }: { expiresAt: string | null; createdAt: string }) =>
    expiresAt === null ? null : (Date.parse(expiresAt) - Date.parse(createdAt)) / day;

  it('creates API tokens that expire after 90 days, unless they say when', async () => {
    const user = await person();
    const { client } = await signedIn(world, user.username, secret);
    const made = async (i: object) => (await client.ok<any>(mint, { i })).createApiToken.apiToken;
    expect(daysOf(await made({ name: 'usual' }))).toBe(90);
    expect(daysOf(await made({ name: 'long', maxAge: 'P400D' }))).toBe(400);
    // A password that is sent with each request, and a service account, are not limited.
    const basic = (await world.basic(user.username, secret).ok<any>(mint, { i: { name: 'kept' } })).createApiToken
      .apiToken;
    expect(daysOf(basic)).toBeNull();
    expect(daysOf((await client.ok<any>(rotate, { i: { id: basic.id } })).rotateApiToken.apiToken)).toBe(90);
    await world.grant(main, user, ['API_TOKEN:CREATE', 'API_TOKEN:READ', 'SERVICE_ACCOUNT:READ']);
    const account = await world.account(main, 'ci');
    expect(daysOf(await made({ name: 'ci', owner: idOf('ServiceAccount', account) }))).toBeNull();
  });

  it('cannot create tokens that live longer than the setting allows, with any credential', async () => {
    const user = await person(strict);
    const { client } = await signedIn(strict, user.username, secret);
    for (const caller of [client, strict.basic(user.username, secret)]) {
      const made = async (i: object) => (await caller.ok<any>(mint, { i })).createApiToken.apiToken;
      expect(daysOf(await made({ name: 'usual' }))).toBe(30);
      expect(daysOf(await made({ name: 'short', maxAge: 'P1D' }))).toBe(1);
      expect(await caller.codes(mint, { i: { name: 'long', maxAge: 'P31D' } })).toEqual(['BAD_INPUT']);
      expect(
        await caller.codes(mint, { i: { name: 'x', maxAge: 'P1D', extended: true, maxLifetime: 'P31D' } }),
      ).toEqual(['BAD_INPUT']);
      await made({ name: 'extended', maxAge: 'P1D', extended: true });
    }
    const rows = await strict.db.apiToken.findMany({ where: { principalId: user.id, extended: true } });
    expect(rows.map((row) => (row.maxExpiresAt!.getTime() - row.createdAt.getTime()) / day)).toEqual([30, 30]);
    // One that is older than the setting is replaced by one within it.
    const old = await strict.token(user);
    const { id } = await strict.db.apiToken.findFirstOrThrow({ where: { name: 'test' } });
    expect(
      daysOf((await client.ok<any>(rotate, { i: { id: idOf('ApiToken', { id }) } })).rotateApiToken.apiToken),
    ).toBe(30);
    expect(old).toMatch(/^gth_/);
  });

  it('is recorded with the session and its method, also when it is refused', async () => {
    const user = await person();
    const { client } = await signedIn(world, user.username, secret);
    const { id } = await world.db.session.findFirstOrThrow({ where: { principalId: user.id } });
    await client.ok(mint, { i: { name: 'recorded' } });
    const create = call('createGroup', 'group { id }');
    expect(await client.codes(create, { i: { tenantKey: 'main', name: 'Refused' } })).toEqual(['FORBIDDEN']);
    await world.basic(user.username, secret).ok(mint, { i: { name: 'by password' } });
    const events = await world.db.auditEvent.findMany({
      where: { actorId: user.id, action: { in: ['api-token.create', 'group.create'] } },
      orderBy: { at: 'asc' },
    });
    const session = { id, method: 'PASSWORD' };
    expect(events.map(({ action, outcome, details }) => [action, outcome, (details as any)?.session])).toEqual([
      ['api-token.create', 'SUCCESS', session],
      ['group.create', 'DENIED', session],
      ['api-token.create', 'SUCCESS', undefined],
    ]);
  });

  it('mails a limited number of invitations an hour, to one address fewer', async () => {
    const user = await person();
    await world.grant(main, user, ['INVITATION:CREATE', 'INVITATION:DELETE', 'TENANT_ACCESS:CREATE']);
    const { services } = world.app;
    // Mails are only queued: nothing delivers them here.
    Object.defineProperty(services.links, 'areSent', { value: true, configurable: true });
    try {
      const client = world.basic(user.username, secret);
      const invite = (email: string, caller = client) =>
        caller.run<any>(call('createInvitation', 'link invitation { id }'), {
          i: { tenantKey: 'main', email, withDefaultRole: false },
        });
      for (const name of ['a', 'b', 'c']) expect((await invite(`${name}@people.example`)).errors).toEqual([]);
      const { errors } = await invite('d@people.example');
      expect(errors[0]!.message).toMatch(/mailed 3 invitations in the last hour.*Try again in 60 minutes/);
      const { retryAfter, ...details } = errors[0]!.extensions;
      expect(details).toEqual({ code: 'LIMIT_EXCEEDED', limit: 'invitationsPerHour', allowed: 3 });
      expect(retryAfter).toBeGreaterThan(3_590);
      expect(await world.db.invitation.count({ where: { email: 'd@people.example' } })).toBe(0);
      // A withdrawn one counts.
      const to = 'often@people.example';
      for (let i = 0; i < 5; i += 1) {
        const other = await person();
        await world.grant(main, other, ['INVITATION:CREATE', 'TENANT_ACCESS:CREATE']);
        expect((await invite(to, world.basic(other.username, secret))).errors).toEqual([]);
        await world.db.invitation.deleteMany({ where: { email: to } });
      }
      const more = await invite(to, world.root());
      expect(more.errors[0]!.extensions['limit']).toBe('invitationsPerAddress');
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61 * minute });
      expect((await invite(to, world.root())).errors).toEqual([]);
      expect((await invite('d@people.example')).errors).toEqual([]);
    } finally {
      vi.useRealTimers();
      Object.defineProperty(services.links, 'areSent', { value: false, configurable: true });
    }
  });

  describe('by the link of the start', () => {
    const link = async (user: User) => (await world.app.startLink.prepare(world.app, user.id))?.(world.urls[0]!);

    it('signs in once, within ten minutes, on this machine only', async () => {
      const user = await person();
      const url = (await link(user))!;
      expect((await raw(url, { method: 'GET', headers: { 'x-forwarded-proto': 'https' } })).status).toBe(401);
      expect((await raw(url, { method: 'GET', headers: { host: 'gate.example' } })).status).toBe(401);
      expect((await raw(`${url}x`, { method: 'GET' })).status).toBe(401);
      const browser = new Browser();
      const first = await browser.request(url);
      expect([first.status, first.headers.get('location'), first.headers.get('cache-control')]).toEqual([
        303,
        '/',
        'no-store',
      ]);
      const client = world.anonymous().as({
        cookie: `gatehouse=${browser.cookie('gatehouse', '127.0.0.1') ?? browser.cookie('gatehouse')}`,
        origin: world.urls[0]!,
      });
      expect((await client.ok('{ viewer { name } }')).viewer.name).toBe(user.username);
      const again = await raw(url, { method: 'GET' });
      expect([again.status, again.text.includes('was used or has expired')]).toEqual([401, true]);
      const event = await world.db.auditEvent.findFirstOrThrow({
        where: { action: 'session.login', actorId: user.id },
      });
      expect((event.details as any).cause).toBe('START_LINK');
      const late = (await link(user))!;
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * minute });
      expect((await raw(late, { method: 'GET' })).status).toBe(401);
      vi.useRealTimers();
    });

    it('does not go around a second factor', async () => {
      const user = await person();
      await enrolled(world, user.id);
      expect(await link(user)).toBeUndefined();
    });
  });
});
