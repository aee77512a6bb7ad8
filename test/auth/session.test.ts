import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { deriveKeys } from '../../src/auth/keys.ts';
import { newSessionCookie, sessionHash } from '../../src/auth/session-cookie.ts';
import { Sessions } from '../../src/auth/sessions.ts';
import type { Session, Tenant, User } from '../../src/db/generated/client.ts';
import { expireSessions } from '../../src/resources/identity/session/sign-in.ts';
import { until } from '../server/tools.ts';
import type { Client } from '../support/client.ts';
import { idOf, masterKey, World } from '../support/world.ts';
import { from, signedIn, statements, who } from './tools.ts';

const secret = 'a phrase that this person knows';
const refused = ['UNAUTHENTICATED'];
const minute = 60_000;
const hour = 60 * minute;
const own = '{ viewer { sessions { nodes { id isCurrent } } } }';

describe('a session', () => {
  let world: World;
  let main: Tenant;
  let count = 0;
  beforeAll(async () => {
    world = await World.create({
      gateways: 2,
      config: { trustedProxies: ['127.0.0.1', '::1'] },
      limits: { sessionsPerUser: 4 },
    });
    main = await world.tenant('main');
  });
  afterEach(() => void vi.useRealTimers());
  afterAll(() => world.close());

  const person = (tenants: readonly Tenant[] = []): Promise<User> =>
    world.user(`person${count++}`, tenants, { password: secret });
  /** Only the clock of dates: timers and the database go on. */
  const at = (time: number | Date) => vi.useFakeTimers({ toFake: ['Date'], now: time });
  const rowsOf = (user: User) =>
    world.db.session.findMany({ where: { principalId: user.id }, orderBy: { createdAt: 'asc' } });
  const rowOf = async (user: User): Promise<Session> => (await rowsOf(user))[0]!;
  const eventsOf = async (user: User) =>
    (
      await world.db.auditEvent.findMany({
        where: { resource: 'SESSION', resourceKey: `user:${user.username}` },
        orderBy: { seq: 'asc' },
      })
    ).map(({ type, action, outcome, details }) => [type, action, outcome, (details as any)?.cause]);

  it('has a cookie of 264 random bits with a checksum that only the gateways of the store can compute', () => {
    const keys = deriveKeys(masterKey);
    const cookies = Array.from({ length: 1_000 }, () => newSessionCookie(keys));
    expect(new Set(cookies).size).toBe(1_000);
    for (const cookie of cookies) expect(sessionHash(keys, cookie)).toMatch(/^[0-9a-f]{64}$/);
    const [cookie] = cookies as [string];
    const other = (character: string) => (character === 'A' ? 'B' : 'A');
    for (let i = 0; i < cookie.length; i += 1)
      expect(sessionHash(keys, cookie.slice(0, i) + other(cookie[i]!) + cookie.slice(i + 1))).toBeUndefined();
    for (const text of ['', cookie.slice(1), `${cookie}=`, `${cookie} `, cookie.repeat(2), 'x'.repeat(60)])
      expect(sessionHash(keys, text)).toBeUndefined();
    expect(sessionHash(deriveKeys('another master key of 32 characters'), cookie)).toBeUndefined();
  });

  it('costs no query if its cookie is forged: ten thousand of them', async () => {
    const keys = deriveKeys(masterKey);
    const times = { idleMs: hour, lifetimeMs: hour };
    const nothing = new Proxy({} as never, {
      get: (_target, name) => {
        throw new Error(`${String(name)} is used`);
      },
    });
    const { freshness } = world.app;
    const sessions = new Sessions({
      keys,
      times,
      freshness,
      store: nothing,
      principals: nothing,
      providers: new Map(),
    });
    const foreign = deriveKeys('another master key of 32 characters');
    for (let i = 0; i < 10_000; i += 1)
      await expect(sessions.identifier(i % 2 ? newSessionCookie(foreign) : `garbage ${i}`)()).rejects.toThrow(
        /Sign in/,
      );
    // The same through the gateway. The control: a cookie that could be one is looked up.
    const client = (cookie: string) => world.anonymous().as({ cookie: `gatehouse=${cookie}`, origin: world.urls[0]! });
    const looks = async (cookie: string) =>
      (await statements(async () => expect(await client(cookie).codes(who)).toEqual(refused))).filter((text) =>
        text.includes('"Session"'),
      ).length;
    expect(await looks(newSessionCookie(foreign))).toBe(0);
    expect(await looks('x'.repeat(8_000))).toBe(0);
    expect(await looks(newSessionCookie(keys))).toBe(1);
    const oversized = await fetch(`${world.urls[0]}/graphql`, {
      headers: { cookie: `gatehouse=${'x'.repeat(20_000)}` },
    });
    expect(oversized.status).toBe(431);
  });

  it('begins with a new ID: one that was set before the sign-in gives access to nothing', async () => {
    const user = await person();
    const planted = newSessionCookie(world.app.services.keys);
    const first = await signedIn(world, user.username, secret, { cookie: `gatehouse=${planted}` });
    expect([first.status, first.body]).toEqual([
      200,
      { user: { name: user.username }, expiresAt: (await rowOf(user)).expiresAt.toISOString() },
    ]);
    expect(first.cookie).toMatch(/^gatehouse=[\w-]{60}$/);
    expect(first.cookie).not.toContain(planted);
    expect(await first.client.as({ cookie: `gatehouse=${planted}` }).codes(who)).toEqual(refused);
    expect((await first.client.ok('{ viewer { name credential } }')).viewer).toEqual({
      name: user.username,
      credential: 'SESSION',
    });
    // A second sign-in in the same browser ends the first session, on every gateway.
    const second = await signedIn(world, user.username, secret, { cookie: first.cookie });
    expect(await first.client.codes(who)).toEqual(refused);
    await until('the other gateway knows', async () => (await first.at(1).codes(who))[0] === 'UNAUTHENTICATED', 2_000);
    await second.client.ok(who);
    expect(await eventsOf(user)).toEqual([
      ['LOGIN', 'session.login', 'SUCCESS', undefined],
      ['LOGIN', 'session.login', 'SUCCESS', undefined],
      ['LOGOUT', 'session.logout', 'SUCCESS', 'NEW_SIGN_IN'],
    ]);
  });

  it('is stored without its cookie, with its address and browser', async () => {
    const user = await person();
    const headers = { ...from('192.0.2.9'), 'user-agent': `Browser/1 ${'x'.repeat(400)}` };
    const { cookie, client } = await signedIn(world, user.username, secret, headers);
    const row = await rowOf(user);
    expect(row).toMatchObject({ method: 'PASSWORD', provider: null, ip: '192.0.2.9' });
    expect(row.userAgent).toHaveLength(300);
    const id = cookie.split('=')[1]!;
    const all = await world.db.$queryRaw<{ row: string }[]>`SELECT t::text AS row FROM "Session" t
      UNION ALL SELECT t::text FROM "AuditEvent" t UNION ALL SELECT t::text FROM "Decision" t`;
    expect(all.filter((one) => one.row.includes(id) || one.row.includes(row.hash)).length).toBe(1);
    expect(
      (await client.ok('{ viewer { sessions { nodes { ip userAgent method isCurrent user { username } } } } }')).viewer
        .sessions.nodes,
    ).toEqual([
      {
        ip: '192.0.2.9',
        userAgent: row.userAgent,
        method: 'PASSWORD',
        isCurrent: true,
        user: { username: user.username },
      },
    ]);
  });

  it('expires after 30 minutes without a request, and after 12 hours in any case', async () => {
    const user = await person();
    const { client } = await signedIn(world, user.username, secret);
    const begun = (await rowOf(user)).createdAt.getTime();
    at(begun + 30 * minute - 1);
    await client.ok(who);
    at(begun + 60 * minute - 2);
    await client.ok(who);
    const { lastSeenAt } = await rowOf(user);
    expect(lastSeenAt.getTime()).toBe(begun + 60 * minute - 2);
    at(lastSeenAt.getTime() + 30 * minute);
    expect(await client.codes(who)).toEqual(refused);
    await world.db.session.updateMany({
      where: { principalId: user.id },
      data: { lastSeenAt: new Date(begun + 12 * hour) },
    });
    at(begun + 12 * hour - 1);
    await client.ok(who);
    at(begun + 12 * hour);
    expect(await client.codes(who)).toEqual(refused);
  });

  it('writes its last use once a minute at most, and a refused request is no use', async () => {
    const user = await person();
    const { client } = await signedIn(world, user.username, secret);
    const { createdAt } = await rowOf(user);
    const writes = async (work: () => Promise<unknown>) =>
      (await statements(work)).filter((text) => text.includes('UPDATE "Session"')).length;
    at(createdAt.getTime() + 59_000);
    expect(await writes(() => Promise.all([client.ok(who), client.ok(who)]))).toBe(0);
    at(createdAt.getTime() + 61_000);
    expect(await writes(() => client.codes('{ policies { name } }'))).toBe(0);
    expect(await writes(() => client.ok(who))).toBe(1);
    expect(await writes(() => Promise.all([client.ok(who), client.ok(who)]))).toBe(0);
  });

  it('expires although a page follows something: a running stream is no use', async () => {
    const user = await person([main]);
    await world.grant(main, user, ['AUDITLOG:READ']);
    const { client } = await signedIn(world, user.username, secret);
    const begun = (await rowOf(user)).createdAt.getTime();
    at(begun + 2 * minute);
    const query = 'subscription { auditEvents(tenantKey: "main") { event { resourceKey } } }';
    const stream = client.sse(query, {}, new AbortController().signal);
    expect((await stream.next()).value?.data).toHaveProperty('auditEvents');
    await until('the use is written', async () => (await rowOf(user)).lastSeenAt.getTime() === begun + 2 * minute);
    // The stream authenticates again every minute, and with every change of access.
    at(begun + 20 * minute);
    const seen = `seen.by.${user.username}`;
    await world.namespace(main, seen);
    for (let key = ''; key !== seen; ) key = (await stream.next()).value?.data?.auditEvents.event?.resourceKey;
    expect((await rowOf(user)).lastSeenAt.getTime()).toBe(begun + 2 * minute);
    at(begun + 32 * minute);
    await world.namespace(main, `un${seen}`);
    const rest = [];
    for await (const { data, errors } of stream)
      rest.push(data ? data.auditEvents.event?.resourceKey : errors?.[0]?.extensions.code);
    expect(rest).toEqual(refused);
  });

  const end: Record<string, [(user: User, client: Client) => Promise<unknown>, string[]]> = {
    'its owner signs out': [
      async (_user, client) => {
        const response = await fetch(`${client.url}/auth/sign-out`, { method: 'POST', headers: client.headers });
        expect([response.status, response.headers.get('set-cookie')]).toEqual([
          204,
          'gatehouse=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0',
        ]);
      },
      ['LOGOUT', 'session.logout', 'SIGN_OUT'],
    ],
    'its owner signs out everywhere': [
      (_user, client) => client.ok('mutation { revokeSessions(input: {}) { count } }'),
      ['DELETE', 'session.revoke', ''],
    ],
    'an administrator ends it': [
      async (user) =>
        world
          .root()
          .ok(`mutation { revokeSession(input: { id: "${idOf('Session', await rowOf(user))}" }) { deletedId } }`),
      ['DELETE', 'session.revoke', ''],
    ],
    'its owner is disabled': [
      (user) =>
        world
          .root()
          .ok(`mutation { setUserDisabled(input: { id: "${idOf('User', user)}", disabled: true }) { user { id } } }`),
      ['DELETE', 'session.end', 'USER_DISABLED'],
    ],
    'its owner changes the password': [
      (_user, client) =>
        client.ok(
          `mutation { changeMyPassword(input: { currentPassword: "${secret}", newPassword: "another phrase entirely" }) { user { id } } }`,
        ),
      ['DELETE', 'session.end', 'PASSWORD_CHANGED'],
    ],
    'an administrator sets the password': [
      (user) =>
        world
          .root()
          .ok(
            `mutation { setUserPassword(input: { id: "${idOf('User', user)}", password: "another phrase entirely" }) { user { id } } }`,
          ),
      ['DELETE', 'session.end', 'PASSWORD_CHANGED'],
    ],
    'its owner may no longer sign in by password': [
      (user) =>
        world
          .root()
          .ok(
            `mutation { setAuthMethods(input: { id: "${idOf('User', user)}", methods: [API_TOKEN] }) { user { id } } }`,
          ),
      ['DELETE', 'session.end', 'METHOD_REMOVED'],
    ],
    'its owner is deleted': [
      (user) => world.root().ok(`mutation { deleteUser(input: { id: "${idOf('User', user)}" }) { deletedId } }`),
      ['DELETE', 'session.end', 'USER_DELETED'],
    ],
  };
  it.each(Object.entries(end))(
    'ends at once when %s, on both gateways, with an event',
    async (_way, [work, [type, action, cause]]) => {
      const user = await person();
      const { client, at: on } = await signedIn(world, user.username, secret);
      await Promise.all([client.ok(who), on(1).ok(who)]);
      await work(user, client);
      expect(await client.codes(who)).toEqual(refused);
      await until('the other gateway knows', async () => (await on(1).codes(who))[0] === 'UNAUTHENTICATED', 2_000);
      expect(await rowsOf(user)).toEqual([]);
      expect(await eventsOf(user)).toEqual([
        ['LOGIN', 'session.login', 'SUCCESS', undefined],
        [type, action, 'SUCCESS', cause || undefined],
      ]);
    },
  );

  it('does not begin if the password is changed during the sign-in', async () => {
    const user = await person();
    let late: ReturnType<typeof signedIn> | undefined;
    await world.write(async (tx) => {
      await tx.user.update({ where: { id: user.id }, data: { passwordChangedAt: new Date() } });
      late = signedIn(world, user.username, secret);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await tx.$executeRaw`UPDATE "AccessState" SET revision = revision + 1`;
    });
    expect((await late!).status).toBe(401);
    expect(await rowsOf(user)).toEqual([]);
  });

  it('ends its streams within two seconds when another gateway revokes it', async () => {
    const user = await person([main]);
    await world.grant(main, user, ['AUDITLOG:READ', 'TRIGGER:READ']);
    const { at: on } = await signedIn(world, user.username, secret);
    const audit = 'subscription { auditEvents(tenantKey: "main") { cursor } }';
    const rows = 'subscription { triggers(tenantKey: "main") { kind } }';
    const ended: [string, (string | undefined)[]][] = [];
    const begun: Promise<void>[] = [];
    for (const [over, query] of ['SSE', 'WebSocket'].flatMap((one) => [[one, audit] as const, [one, rows] as const])) {
      const first = Promise.withResolvers<void>();
      if (query === audit) begun.push(first.promise);
      const done = (errors: readonly { extensions?: { code?: string } }[]) =>
        ended.push([over, errors.map(({ extensions }) => extensions?.code)]);
      if (over === 'WebSocket')
        on(1)
          .socket()
          .subscribe(
            { query },
            { next: () => first.resolve(), error: (errors) => done(errors as []), complete: () => done([]) },
          );
      else
        void (async () => {
          const all: { extensions?: { code?: string } }[] = [];
          for await (const { data, errors } of on(1).sse(query, {}, new AbortController().signal)) {
            if (data) first.resolve();
            all.push(...(errors ?? []));
          }
          done(all);
        })();
    }
    await Promise.all(begun);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const revoked = Date.now();
    await world.root(0).ok(`mutation { revokeSessions(input: { user: "${idOf('User', user)}" }) { count } }`);
    await until('all end', () => ended.length === 4);
    expect(Date.now() - revoked).toBeLessThan(2_000);
    expect(ended.map(([, codes]) => codes)).toEqual([refused, refused, refused, refused]);
  });

  it('is kept by a sign-out of the others, and replaces the least recently used beyond the limit', async () => {
    const user = await person();
    const all = [];
    for (let i = 0; i < 5; i += 1) all.push(await signedIn(world, user.username, secret));
    expect(await all[0]!.client.codes(who)).toEqual(refused);
    const { viewer } = await all[4]!.client.ok(own);
    expect(viewer.sessions.nodes.map(({ isCurrent }: any) => isCurrent)).toEqual([false, false, false, true]);
    const keep = 'mutation { revokeSessions(input: { keepCurrent: true }) { count } }';
    expect((await all[4]!.client.ok(keep)).revokeSessions).toEqual({ count: 3 });
    expect(await all[1]!.client.codes(who)).toEqual(refused);
    expect((await all[4]!.client.ok(own)).viewer.sessions.nodes).toEqual([
      { id: idOf('Session', await rowOf(user)), isCurrent: true },
    ]);
    expect((await eventsOf(user)).filter(([, , , cause]) => cause === 'TOO_MANY_SESSIONS').length).toBe(1);
  });

  it('of another user is hidden, and only a super admin ends that of a super admin', async () => {
    const [user, other] = [await person(), await person()];
    const { client } = await signedIn(world, user.username, secret);
    await signedIn(world, other.username, secret);
    const id = idOf('Session', await rowOf(other));
    const revoke = (session: string) => `mutation { revokeSession(input: { id: "${session}" }) { deletedId } }`;
    const everywhere = (one: string) => `mutation { revokeSessions(input: { user: "${one}" }) { count } }`;
    const nowhere = idOf('Session', { id: 'none' });
    for (const [known, unknown] of [
      [revoke(id), revoke(nowhere)],
      [everywhere(idOf('User', other)), everywhere(idOf('User', { id: 'none' }))],
    ] as const) {
      const [answer, control] = [await client.run(known), await client.run(unknown)];
      expect(answer.errors[0]?.extensions.code).toBe('NOT_FOUND');
      expect(answer.errors[0]?.message).toBe(control.errors[0]?.message);
    }
    expect((await client.ok(`{ node(id: "${id}") { id } }`)).node).toBeNull();
    await world.grant(null, user, ['SESSION:DELETE', 'SESSION:READ', 'USER:READ']);
    const { viewer } = await client.ok('{ viewer { user { sessions { totalCount } } } }');
    expect(viewer.user.sessions.totalCount).toBe(1);
    await signedIn(world, 'root', 'a long enough passphrase');
    const root = await world.db.session.findFirstOrThrow({ where: { principal: { user: { username: 'root' } } } });
    expect(await client.codes(revoke(idOf('Session', root)))).toEqual(['FORBIDDEN']);
    expect(await client.codes(everywhere(idOf('User', { id: root.principalId })))).toEqual(['FORBIDDEN']);
    await client.ok(revoke(id));
    await world.root().ok(everywhere(idOf('User', { id: root.principalId })));
  });

  it('cannot be ended by an impersonator', async () => {
    const user = await person();
    await signedIn(world, user.username, secret);
    // Whatever its owner may end, by themselves.
    await world.grant(null, user, ['SESSION:DELETE']);
    const asUser = world.root().as({ 'x-gatehouse-impersonate': user.username });
    expect(await asUser.codes('mutation { revokeSessions(input: {}) { count } }')).toEqual(['FORBIDDEN']);
    expect((await rowsOf(user)).length).toBe(1);
  });

  it('cannot guess the password of its owner, nor set it without the current one', async () => {
    const user = await person();
    const { client } = await signedIn(world, user.username, secret);
    const change =
      'mutation($now: String!) { changeMyPassword(input: { currentPassword: $now, newPassword: "another long enough passphrase", dryRun: true }) { user { id } } }';
    for (let i = 0; i < 11; i += 1) expect(await client.codes(change, { now: `wrong ${i}` })).toEqual(['BAD_INPUT']);
    expect(await client.codes(change, { now: secret })).toEqual(['BAD_INPUT']);
    const events = await world.db.auditEvent.findMany({ where: { resourceKey: user.username.toLowerCase() } });
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['LOGIN_FAILURE', 'ACCOUNT_LOCKED']));
    await world.grant(null, user, ['USER:UPDATE', 'USER:READ']);
    const set =
      'mutation($id: ID!) { setUserPassword(input: { id: $id, password: "another long enough passphrase" }) { user { id } } }';
    expect(await client.codes(set, { id: idOf('User', user) })).toEqual(['FORBIDDEN']);
  });

  it('is a plan in a dry run', async () => {
    const user = await person();
    const { client } = await signedIn(world, user.username, secret);
    const { revokeSessions } = await client.ok(
      'mutation { revokeSessions(input: { dryRun: true }) { count changes { action resourceKey } } }',
    );
    expect(revokeSessions).toEqual({
      count: 1,
      changes: [{ action: 'session.revoke', resourceKey: `user:${user.username}` }],
    });
    await client.ok(who);
  });

  it('shows policies how and when the person signed in', async () => {
    const user = await person([main]);
    await world.grant(main, user, ['NAMESPACE:CREATE']);
    const { client } = await signedIn(world, user.username, secret);
    const { id, createdAt } = await rowOf(user);
    await client.ok(
      `mutation { createNamespace(input: { tenantKey: "main", name: "by.${user.username}" }) { namespace { id } } }`,
    );
    const { request } = await world.db.decision.findFirstOrThrow({
      where: { principalId: user.id, permission: 'NAMESPACE:CREATE' },
    });
    expect((request as any).credential).toMatchObject({ kind: 'session', method: 'password', id, ownerKind: 'USER' });
    expect(JSON.stringify((request as any).credential.createdAt)).toContain(createdAt.toISOString());
  });

  it('is deleted after it expired, with an event', async () => {
    const [idle, old] = [await person(), await person()];
    for (const user of [idle, old]) await signedIn(world, user.username, secret);
    const past = new Date(Date.now() - 31 * minute);
    await world.db.session.updateMany({ where: { principalId: idle.id }, data: { lastSeenAt: past } });
    await world.db.session.updateMany({ where: { principalId: old.id }, data: { expiresAt: past } });
    await expireSessions(world.app.store, world.app.config.sessions);
    expect(await rowsOf(idle)).toEqual([]);
    expect((await eventsOf(idle)).at(-1)).toEqual(['DELETE', 'session.expire', 'SUCCESS', 'IDLE']);
    expect((await eventsOf(old)).at(-1)).toEqual(['DELETE', 'session.expire', 'SUCCESS', 'LIFETIME']);
  });

  it('yields to an Authorization header', async () => {
    const [user, other] = [await person(), await person()];
    const { client } = await signedIn(world, user.username, secret);
    const token = `Bearer ${await world.token(other)}`;
    expect((await client.as({ authorization: token }).ok(who)).viewer.name).toBe(other.username);
    expect(await client.as({ authorization: 'Bearer gth_wrong' }).codes(who)).toEqual(refused);
  });
});
