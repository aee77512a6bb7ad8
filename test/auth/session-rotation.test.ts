import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { stepAt, totpCode } from '../../src/auth/totp.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { enrolled } from '../matrix/cells/second-factor.ts';
import { until } from '../server/tools.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { World } from '../support/world.ts';
import { signedIn, who } from './tools.ts';

const secret = 'a phrase that this person knows';
const minute = 60_000;
const limit = 5;

describe('the ID of a session', () => {
  let world: World;
  let main: Tenant;
  let next = 0;
  beforeAll(async () => {
    world = await World.create({ gateways: 2, limits: { sessionsPerUser: limit } });
    main = await world.tenant('main');
  });
  afterEach(() => void vi.useRealTimers());
  afterAll(() => world.close());

  const person = () => world.user(`person${next++}`, [main], { password: secret });
  const cookieOf = (headers: Headers): string | undefined =>
    headers
      .getSetCookie()
      .find((line) => line.startsWith('gatehouse='))
      ?.split(';')[0];
  const asCookie = (cookie: string, gateway = 0): Client =>
    world.anonymous(gateway).as({ cookie, origin: world.urls[gateway]! });
  const rowsOf = (user: User) => world.db.session.findMany({ where: { principalId: user.id } });

  it('changes when the rights of its user change, once the browser uses it; the former one then works for a minute', async () => {
    const user = await person();
    const { client, cookie } = await signedIn(world, user.username, secret);
    expect(cookieOf((await client.run(who)).headers)).toBeUndefined();
    await world.grant(main, user, ['AUDITLOG:READ']);
    const answers = await Promise.all(Array.from({ length: 6 }, () => client.run(who)));
    expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
    let [renewed, ...others] = answers.map(({ headers }) => cookieOf(headers)).filter((one) => one !== undefined);
    expect([others, renewed === cookie]).toEqual([[], false]);
    expect(answers.find(({ headers }) => cookieOf(headers))!.headers.get('cache-control')).toBe('no-store');
    // The answer with the new cookie can be lost: until the browser uses it, the present one works, and gets another.
    const real = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now: real + 10 * minute });
    const again = await asCookie(cookie).run(who);
    expect([again.errors, cookieOf(again.headers) === undefined]).toEqual([[], false]);
    vi.setSystemTime(real + 12 * minute);
    expect(await asCookie(renewed!).codes(who)).toEqual(['UNAUTHENTICATED']);
    renewed = cookieOf((await asCookie(cookie).run(who)).headers);
    for (const gateway of [0, 1]) {
      expect(cookieOf((await asCookie(renewed!, gateway).run(who)).headers)).toBeUndefined();
      expect((await asCookie(cookie, gateway).run(who)).errors).toEqual([]);
    }
    expect((await rowsOf(user)).length).toBe(1);
    vi.setSystemTime(real + 13 * minute + 1_000);
    for (const gateway of [0, 1]) {
      expect(await asCookie(cookie, gateway).codes(who)).toEqual(['UNAUTHENTICATED']);
      await asCookie(renewed!, gateway).ok(who);
    }
    vi.useRealTimers();
    // A change of others is none.
    await world.grant(main, await person(), ['AUDITLOG:READ']);
    expect(cookieOf((await asCookie(renewed!).run(who)).headers)).toBeUndefined();
    // Requests of every kind change it: here, one that is served by the GraphQL library.
    await world.grant(main, user, ['FLOW:READ']);
    const url = `${world.urls[0]}/graphql?query=${encodeURIComponent(who)}`;
    const byGet = await fetch(url, {
      headers: { cookie: renewed!, origin: world.urls[0]!, accept: 'application/json' },
    });
    const third = cookieOf(byGet.headers);
    expect([byGet.status, third === undefined]).toEqual([200, false]);
    // The former cookie still signs out.
    const out = await fetch(`${world.urls[0]}/auth/sign-out`, {
      method: 'POST',
      headers: { cookie: renewed!, origin: world.urls[0]! },
    });
    expect([out.status, await asCookie(third!).codes(who)]).toEqual([204, ['UNAUTHENTICATED']]);
  });

  it('changes without an end of the sockets that it opened', async () => {
    const user = await person();
    await world.grant(main, user, ['AUDITLOG:READ']);
    const { client } = await signedIn(world, user.username, secret);
    const socket = client.socket({ lazy: false });
    const ask = async () => {
      for await (const { data, errors } of socket.iterate({ query: who })) return errors ?? data;
      return undefined;
    };
    const items: unknown[] = [];
    const stream = socket.iterate({ query: 'subscription { auditEvents(tenantKey: "main") { event { action } } }' });
    const following = (async () => {
      for await (const { data, errors } of stream) items.push(errors ?? data);
    })();
    await until('the stream runs', async () => (await ask()) !== undefined);
    await world.grant(main, user, ['FLOW:READ']);
    const renewed = cookieOf((await client.run(who)).headers)!;
    await asCookie(renewed).ok(who);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * minute });
    expect(await client.codes(who)).toEqual(['UNAUTHENTICATED']);
    expect(await ask()).toEqual({ viewer: { name: user.username } });
    vi.useRealTimers();
    await world.group(main, 'Rotated');
    await until('the event arrives', () => JSON.stringify(items).includes('group.create'), 5_000);
    await socket.dispose();
    await following.catch(() => undefined);
  });

  it('changes after a step-up, in its response', async () => {
    const user = await person();
    const code = await enrolled(world, user.id);
    const begun = await signedIn(world, user.username, secret);
    const json = { 'content-type': 'application/json' };
    const body = JSON.stringify({ code: code() });
    const path = `${world.urls[0]}/auth/sign-in`;
    const signed = await fetch(path, { method: 'POST', headers: { ...json, cookie: begun.cookie }, body });
    const cookie = cookieOf(signed.headers)!;
    const headers = { ...json, cookie, origin: world.urls[0]! };
    const stepped = await fetch(`${world.urls[0]}/auth/step-up`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ code: code() }),
    });
    const renewed = cookieOf(stepped.headers);
    expect([stepped.status, renewed === undefined, renewed === cookie]).toEqual([200, false, false]);
    await asCookie(renewed!).ok(who);
    const failed = await fetch(`${world.urls[0]}/auth/step-up`, {
      method: 'POST',
      headers: { ...headers, cookie: renewed! },
      body: JSON.stringify({ code: '000000' }),
    });
    expect([failed.status, cookieOf(failed.headers)]).toEqual([400, undefined]);
  });

  it('changes when the first second factor is enrolled, which ends the other sessions of the user', async () => {
    const user = await person();
    const [own, other] = [await signedIn(world, user.username, secret), await signedIn(world, user.username, secret)];
    const begun = await own.client.ok<any>(call('beginSecondFactor', 'secret'), { i: { currentPassword: secret } });
    const bits = [...(begun.beginSecondFactor.secret as string)]
      .map((one) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(one).toString(2).padStart(5, '0'))
      .join('');
    const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
    const code = totpCode(key, stepAt(new Date()));
    const answer = await own.client.run(call('confirmSecondFactor', 'recoveryCodes'), { i: { code } });
    expect(answer.errors).toEqual([]);
    const renewed = cookieOf(answer.headers)!;
    await asCookie(renewed, 1).ok(who);
    for (const gateway of [0, 1]) expect(await other.at(gateway).codes(who)).toEqual(['UNAUTHENTICATED']);
    expect((await rowsOf(user)).length).toBe(1);
    const ended = await world.db.auditEvent.findMany({
      where: { action: 'session.end', resourceKey: `user:${user.username}` },
    });
    expect(ended.map(({ details }) => (details as any).cause)).toEqual(['SECOND_FACTOR_ENROLLED']);
  });

  it('is one of at most sessionsPerUser, also with 50 sign-ins at once on two gateways', async () => {
    const user = await person();
    let most = 0;
    let running = true;
    const watch = (async () => {
      while (running) most = Math.max(most, (await rowsOf(user)).length);
    })();
    const signIn = async (gateway: number) => {
      const response = await fetch(`${world.urls[gateway]}/auth/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: user.username, password: secret }),
      });
      return [response.status, cookieOf(response.headers)] as const;
    };
    const answers = await Promise.all(Array.from({ length: 50 }, (_one, i) => signIn(i % 2)));
    running = false;
    await watch;
    expect(new Set(answers.map(([status]) => status))).toEqual(new Set([200]));
    expect([most, (await rowsOf(user)).length]).toEqual([limit, limit]);
    const working = await Promise.all(
      answers.map(async ([, cookie]) => (await asCookie(cookie!).codes(who)).length === 0),
    );
    expect(working.filter(Boolean).length).toBe(limit);
  });
});
