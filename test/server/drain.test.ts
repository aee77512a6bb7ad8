import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { Client } from '../support/client.ts';
import { DatabaseProxy } from '../support/database-proxy.ts';
import { GatewayProgram } from '../support/program.ts';
import { masterKey, World } from '../support/world.ts';
import { Socket } from './raw-socket.ts';
import { json, jsonType, until } from './tools.ts';

const events = 'subscription { auditEvents(tenantKey: "main") { cursor } }';

describe('a gateway that stops', () => {
  let world: World;
  let proxy: DatabaseProxy;
  let headers: Record<string, string>;
  const open: (() => unknown)[] = [];
  beforeAll(async () => {
    world = await World.create();
    proxy = await DatabaseProxy.start(inject('server').host);
    const main = await world.tenant('main');
    const user = await world.user('busy', [main]);
    await world.grant(main, user, ['NAMESPACE:CREATE', 'GROUP:CREATE', 'AUDITLOG:READ']);
    ({ headers } = await world.as(user));
    return async () => {
      await world.close();
      proxy.close();
    };
  });
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  async function start(): Promise<{ program: GatewayProgram; client: Client }> {
    const program = await GatewayProgram.create({
      DATABASE_URL: proxy.connection(world).connectionString,
      GATEHOUSE_MASTER_KEY: masterKey,
    });
    open.push(() => program.remove());
    await program.start();
    return { program, client: new Client(program.url, headers) };
  }

  /** Locks the state that every change of access needs. @returns a function that releases it. */
  async function hold(): Promise<() => Promise<void>> {
    const client = new pg.Client(world.connection);
    await client.connect();
    await client.query('BEGIN; SELECT 1 FROM "AccessState" FOR UPDATE');
    let held = true;
    const release = async () => {
      if (held) await client.end();
      held = false;
    };
    open.push(release);
    return release;
  }
  const waiting = () =>
    world.db.$queryRaw<object[]>`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%"AccessState" FOR UPDATE%'`;

  /** A connection on which requests are sent by hand, without waiting for responses. */
  async function wire(program: GatewayProgram): Promise<{ send: (query: string) => void; read: () => string }> {
    const socket = connect(program.port, '127.0.0.1');
    await once(socket, 'connect');
    open.push(() => socket.destroy());
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => undefined);
    const head = Object.entries({ host: 'localhost', ...jsonType, ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    return {
      send(query) {
        const body = json(query);
        socket.write(
          `POST /graphql HTTP/1.1\r\n${head.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
      },
      read: () => text,
    };
  }

  it('finishes running requests, refuses new ones, spreads the ends of its streams, and exits with 0 within 10 s', async () => {
    const { program, client } = await start();
    const sockets = await Promise.all(Array.from({ length: 30 }, () => new Socket(program.url).init(client.headers)));
    open.push(() => {
      for (const socket of sockets) socket.end();
    });
    for (const socket of sockets) socket.subscribe('1', events);
    await until('bookmarks', () => sockets.every((socket) => socket.of('1').length > 0));
    const closes: number[] = [];
    for (const { ws } of sockets) ws.on('close', () => closes.push(performance.now()));
    const left = new AbortController();
    open.push(() => left.abort());
    const stream = client.sse(events, {}, left.signal);
    await stream.next();
    const rest = (async () => {
      const items = [];
      for await (const item of stream) items.push(item);
      return items;
    })();

    let writing = true;
    const acknowledged: string[] = [];
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let i = 0; writing; i += 1) {
        const name = `w${writer}.n${i}`;
        const create = `mutation { createNamespace(input: { tenantKey: "main", name: "${name}" }) { namespace { id } } }`;
        const answer = await client.run(create).catch(() => undefined);
        if (!answer) return;
        if (answer.errors.length === 0) acknowledged.push(name);
        else expect([answer.status, answer.headers.get('connection')]).toEqual([503, 'close']);
      }
    });
    await until('writes', () => acknowledged.length > 5);
    const release = await hold();
    const line = await wire(program);
    line.send('mutation { createGroup(input: { tenantKey: "main", name: "In the middle" }) { group { name } } }');
    await until('the mutation', async () => (await waiting()).length > 0);

    const began = Date.now();
    const ended = program.end('SIGTERM');
    await until(
      'not ready',
      async () =>
        !(await fetch(`${program.url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        )),
      2_000,
    );
    line.send('{ viewer { name } }');
    await sleep(1_200);
    expect(line.read()).toBe('');
    await release();
    expect(await ended).toBe(0);
    writing = false;
    expect(Date.now() - began).toBeLessThan(10_000);
    await Promise.all(writers);

    const answers = line.read().split(/(?=HTTP\/1\.1 \d)/);
    expect(answers[0]).toMatch(
      /^HTTP\/1\.1 200 .*\{"data":\{"createGroup":\{"group":\{"name":"In the middle"\}\}\}\}/s,
    );
    if (answers.length > 1)
      expect(answers[1]).toMatch(/^HTTP\/1\.1 503 .*Connection: close\r\nRetry-After: 1\r\n.*"UNAVAILABLE"/s);
    expect(answers.length).toBe(2);
    for (const { closed } of sockets)
      expect(closed).toEqual({ code: 1001, reason: expect.stringContaining('resume from your cursor') });
    expect(Math.max(...closes) - Math.min(...closes)).toBeGreaterThan(300);
    // The stream ends in order: a broken connection would throw. Each item has the cursor to resume from.
    for (const { data } of await rest) expect(data.auditEvents.cursor).toBeTruthy();
    expect(await world.db.namespace.count({ where: { namespace: { in: acknowledged } } })).toBe(acknowledged.length);
  });

  it.runIf(process.env['SOAK'] === '1')(
    'exits with 0 within 10 s if its database is silent and a request never ends',
    async () => {
      const { program, client } = await start();
      await client.ok('{ viewer { name } }');
      proxy.lose();
      open.push(() => proxy.find());
      const asked = client
        .run('mutation { createGroup(input: { tenantKey: "main", name: "Lost" }) { group { name } } }')
        .catch(() => undefined);
      await sleep(100);
      const began = Date.now();
      expect(await program.end('SIGTERM')).toBe(0);
      expect(Date.now() - began).toBeLessThan(10_000);
      await asked;
    },
  );

  it('exits immediately at a second signal', async () => {
    const { program, client } = await start();
    const release = await hold();
    const asked = client
      .run('mutation { createGroup(input: { tenantKey: "main", name: "Held" }) { group { name } } }')
      .catch(() => 'broken');
    await until('the mutation', async () => (await waiting()).length > 0);
    const first = program.end('SIGTERM');
    await sleep(300);
    const began = Date.now();
    expect(await program.end('SIGTERM')).toBe(1);
    expect(Date.now() - began).toBeLessThan(1_000);
    expect(await asked).toBe('broken');
    await first;
    await release();
  });
});
