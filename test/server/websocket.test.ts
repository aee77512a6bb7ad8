import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type WebSocket from 'ws';
import type { Tenant } from '../../src/db/generated/client.ts';
import { fanOutOf } from '../../src/resources/governance/audit-log/fan-out.ts';
import { World } from '../support/world.ts';
import { type Message, Socket } from './raw-socket.ts';
import { deep, type Program, startPlainYoga, until } from './tools.ts';

const events = 'subscription { auditEvents(tenantKey: "main") { cursor event { resourceKey } } }';

describe('graphql-transport-ws', () => {
  let world: World;
  let plain: Program & { url: string };
  let main: Tenant;
  let admin: { authorization: string };
  let basic: { authorization: string };
  let member: { authorization: string };
  let count = 0;

  beforeAll(async () => {
    [world, plain] = await Promise.all([
      World.create({ config: { origins: ['https://console.example'] } }),
      startPlainYoga(),
    ]);
    main = await world.tenant('main');
    const owner = await world.user('owner', [main], { password: 'a phrase of the owner alone' });
    await world.bind(main, { principal: owner }, await world.managed(main, 'Admin'));
    admin = { authorization: `Bearer ${await world.token(owner)}` };
    basic = { authorization: world.basic('owner', 'a phrase of the owner alone').headers['authorization']! };
    member = { authorization: `Bearer ${await world.token(await world.user('member', [main]))}` };
  });
  afterAll(async () => {
    await Promise.all([world.close(), plain.kill()]);
  });

  const socket = (options?: WebSocket.ClientOptions) => new Socket(world.urls[0]!, options);
  const signedIn = (payload: object = admin) => socket().init(payload);
  /** Changes something in the tenant. @returns the name of what changed. */
  const happen = async () => (await world.namespace(main, `n${count++}`)).namespace;
  /** Follows the audit log on this socket and waits until it does. */
  const follow = async (on: Socket, id: string) => {
    on.subscribe(id, events);
    await until('the bookmark', () => on.of(id).length === 1);
  };
  /** Waits for an event on that stream. */
  const receives = async (on: Socket, id: string) => {
    const key = await happen();
    await until(`${key} on ${id}`, () =>
      on.of(id).some(({ payload }) => payload?.data?.auditEvents.event?.resourceKey === key),
    );
  };

  describe('close codes', () => {
    it('4400: an invalid message', async () => {
      for (const bad of ['nonsense', '{"type":"nonsense"}', '[]', '{"type":"subscribe"}', '\u0000']) {
        const on = await signedIn();
        on.send(bad);
        expect(await on.code()).toBe(4400);
      }
    });

    it.each([
      { type: 'connection_ack' },
      { type: 'next', id: '1', payload: { data: {} } },
      { type: 'error', id: '1', payload: [{ message: 'x' }] },
      { type: 'next' },
    ])('4400: a message that only servers send, %j', async (message) => {
      for (const on of [await socket().open(), await signedIn()]) {
        on.send(message);
        expect(await on.code()).toBe(4400);
      }
    });

    it('4401: an operation before the ack', async () => {
      const on = await socket().open();
      on.subscribe('1', '{ __typename }');
      expect(await on.code()).toBe(4401);
    });

    it.each([
      ['no credentials', {}],
      ['an unknown token', { authorization: `Bearer gth_${'0'.repeat(36)}` }],
      ['a wrong password', { authorization: `Basic ${Buffer.from('owner:wrong').toString('base64')}` }],
      ['another scheme', { authorization: 'Negotiate x' }],
      ['a number', { authorization: 7 }],
    ])('4403: %s in connection_init', async (_what, payload) => {
      const on = await signedIn(payload);
      expect(await on.code()).toBe(4403);
      expect(on.messages).toEqual([]);
    });

    it('4408: no connection_init in time', async () => {
      const on = await socket().open();
      const started = Date.now();
      expect(await on.code(7_000)).toBe(4408);
      expect(Date.now() - started).toBeGreaterThan(4_000);
    });

    it('4409: an ID that is in use', async () => {
      const on = await signedIn();
      await follow(on, 'same');
      on.subscribe('same', '{ __typename }');
      expect(await on.code()).toBe(4409);
    });

    it('4406: another protocol', async () => {
      const on = new Socket(world.urls[0]!, {}, 'graphql-ws');
      expect([4406, 1006]).toContain(await on.code());
    });

    it('4429: two connection_inits', async () => {
      const on = await signedIn();
      on.send({ type: 'connection_init', payload: admin });
      expect(await on.code()).toBe(4429);
    });
  });

  it('accepts a token, a password and the header of the upgrade', async () => {
    for (const on of [
      await signedIn(admin),
      await signedIn(basic),
      await signedIn({ Authorization: basic.authorization }),
      await socket({ headers: admin }).init(),
    ]) {
      on.subscribe('who', '{ viewer { name } }');
      await until('an answer', () => on.of('who').length === 2);
      expect(on.of('who').map(({ type, payload }) => [type, payload?.data])).toEqual([
        ['next', { viewer: { name: 'owner' } }],
        ['complete', undefined],
      ]);
      on.end();
    }
  });

  describe('an error of one operation', () => {
    const faults: [string, string, string][] = [
      ['of syntax', '{ viewer {', 'BAD_INPUT'],
      ['of validation', '{ viewr { name } }', 'BAD_INPUT'],
      ['a missing operation', 'fragment F on Query { __typename }', 'BAD_INPUT'],
      [
        'of depth',
        `{ node(id: "x") { ${'... on Namespace { parent '.repeat(3)} { name } ${'}'.repeat(3)} ${deep(20)} } }`,
        'BAD_INPUT',
      ],
      ['of aliases', `{ ${Array.from({ length: 40 }, (_, i) => `x${i}: __typename`).join(' ')} }`, 'LIMIT_EXCEEDED'],
      [
        'of depth in its own right',
        `{ tenant(key: "main") { namespaces(first: 1) ${'{ nodes { children(first: 1) '.repeat(6)}{ totalCount }${' } }'.repeat(6)} } }`,
        'LIMIT_EXCEEDED',
      ],
      ['2,000 levels', deep(2_000), 'LIMIT_EXCEEDED'],
      ['of variables', 'query($n: Int!) { users(first: $n) { totalCount } }', 'BAD_INPUT'],
    ];

    it.each(faults)('is sent for its ID only: %s', async (_name, query, code) => {
      const on = await signedIn();
      await follow(on, 'stream');
      on.subscribe('bad', query);
      await until('an answer', () => on.of('bad').length > 0);
      await receives(on, 'stream');
      expect(on.of('bad')).toHaveLength(1);
      const [{ type, payload }] = on.of('bad') as [Message];
      expect([type, payload[0].extensions.code]).toEqual(['error', code]);
      expect(JSON.stringify(payload)).not.toMatch(/did you mean|"http"/i);
      on.end();
    });

    it('is sent for a refused subscription, whose ID is free again', async () => {
      const on = await signedIn(member);
      on.subscribe('1', events);
      await until('an answer', () => on.of('1').length > 0);
      expect(on.of('1').map(({ type, payload }) => [type, payload[0].extensions.code])).toEqual([
        ['error', 'FORBIDDEN'],
      ]);
      on.subscribe('1', '{ viewer { name } }');
      await until('the next answer', () => on.of('1').length === 3);
      expect(on.of('1').at(-2)?.payload.data).toEqual({ viewer: { name: 'member' } });
      on.end();
    });

    it('control: closes the socket of the stock server after a syntax error', async () => {
      const on = await new Socket(plain.url).init();
      on.subscribe('stream', 'subscription { tick }');
      on.subscribe('bad', '{ hello');
      expect(await on.code()).toBe(4500);
      const deepOne = await new Socket(plain.url).init();
      deepOne.subscribe('bad', deep(2_000));
      expect(await deepOne.code()).toBe(4500);
    });
  });

  it('accepts an ID again after complete, from either side', async () => {
    const on = await signedIn();
    for (let i = 0; i < 3; i += 1) {
      const before = on.of('again').length;
      on.subscribe('again', events);
      await until('the bookmark', () => on.of('again').length === before + 1);
      await receives(on, 'again');
      on.send({ id: 'again', type: 'complete' });
    }
    on.send({ id: 'never-seen', type: 'complete' });
    on.send({ type: 'ping' });
    await until('a pong', () => on.messages.some(({ type }) => type === 'pong'));
    const after = on.of('again').length;
    await happen();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(on.of('again')).toHaveLength(after);
    on.end();
  });

  it('releases a stream whose reader left, while nothing happens in the tenant', async () => {
    await world.tenant('quiet');
    const quiet = events.replace('main', 'quiet');
    const root = { authorization: world.root().headers['authorization']! };
    const { feed } = world.app.services;
    const fanOut = fanOutOf(feed);
    const on = await signedIn(root);
    on.subscribe('1', quiet);
    await until('the first', () => fanOut.size === 1);
    on.send({ id: '1', type: 'complete' });
    await until('the end by complete', () => fanOut.size === 0, 500);
    on.subscribe('2', quiet);
    await until('the second', () => fanOut.size === 1);
    on.end();
    await until('the end by close', () => fanOut.size === 0, 500);
    const left = new AbortController();
    const stream = world.root().sse(quiet, {}, left.signal);
    await stream.next();
    const next = stream.next();
    await until('the third', () => fanOut.size === 1);
    left.abort();
    await next;
    await until('the end of SSE', () => fanOut.size === 0, 500);
  });

  it('limits a socket to a hundred open operations', async () => {
    const on = await signedIn();
    for (let i = 0; i < 101; i += 1) on.subscribe(`s${i}`, events);
    await until('a refusal', () => on.messages.some(({ type }) => type === 'error'));
    const refused = on.messages.filter(({ type }) => type === 'error');
    expect(refused.map(({ payload }) => payload[0].extensions)).toEqual([
      { code: 'LIMIT_EXCEEDED', limit: 'operations', allowed: 100 },
    ]);
    on.end();
  });

  it('closes only the socket that sends too much, with 1009', async () => {
    const other = await signedIn();
    await follow(other, 'stream');
    const large = '#'.repeat(5_000_000);
    const on = await signedIn();
    on.subscribe('1', `{ __typename } ${large}`);
    expect(await on.code()).toBe(1009);
    await receives(other, 'stream');
    other.end();
    const stock = await new Socket(plain.url).init();
    stock.subscribe('1', `{ hello } ${large}`);
    await until('control: the stock server takes it', () => stock.of('1').some(({ type }) => type === 'next'));
    stock.end();
  });
});
