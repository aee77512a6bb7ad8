import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from '../support/world.ts';
import { raw } from './tools.ts';

const soup = fc
  .array(
    fc.constantFrom(
      ...['{', '}', '(', ')', '[', ']', ':', '...', '$v', '!', '@skip', '@include(if: $v)', 'query', 'mutation'],
      ...['subscription', 'fragment', 'on', 'Query', 'viewer', 'tenant(key: "main")', 'name', '__schema', '__typename'],
      ...[
        '"text"',
        '"""block',
        '#note\n',
        '1',
        '1e999',
        '-',
        'null',
        'true',
        '\ud800',
        '\u0000',
        'node(id: "VXNlcjox")',
      ],
      ...['auditEvents(first: -1)', 'users(after: "x")', 'nodes(ids: ["1"])', '{ nodes { id } }', 'id'],
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(' '));
const likely = fc.constantFrom(
  '{ viewer { name } }',
  'query($v: Int) { users(first: $v) { nodes { username } } }',
  'query($id: ID!) { node(id: $id) { id } }',
  'mutation($i: CreateTenantInput!) { createTenant(input: $i) { tenant { key } } }',
  'subscription { auditEvents(after: "x") { cursor } }',
  'query($w: UserWhere) { users(where: $w) { totalCount } }',
);
const query = fc.oneof(soup, likely, fc.string({ unit: 'binary' }));
const variables = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      v: fc.jsonValue(),
      id: fc.oneof(fc.string(), fc.base64String(), fc.jsonValue()),
      i: fc.record({ key: fc.jsonValue(), name: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()) }),
      w: fc.record({ username: fc.jsonValue(), text: fc.string({ unit: 'binary' }) }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  ),
);
const shaped = fc
  .record(
    {
      query: fc.oneof({ weight: 6, arbitrary: query }, fc.jsonValue()),
      variables,
      operationName: fc.oneof(fc.constant(null), fc.jsonValue()),
      extensions: fc.jsonValue(),
      [`__proto__`]: fc.jsonValue(),
    },
    { requiredKeys: ['query'] },
  )
  .map((value) => JSON.stringify(value));
const body = fc.oneof(
  { weight: 5, arbitrary: shaped.map((text) => Buffer.from(text)) },
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  // A valid request with one changed byte.
  fc.tuple(shaped, fc.nat(), fc.nat(255)).map(([text, at, to]) => {
    const bytes = Buffer.from(text);
    bytes[at % bytes.length] = to;
    return bytes;
  }),
);
const value = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code === 0x7f ? 0x20 : code)),
  maxLength: 60,
});
const headers = (signedIn: string) =>
  fc.record(
    {
      'content-type': fc.oneof({ weight: 8, arbitrary: fc.constant('application/json') }, value),
      accept: fc.oneof(
        fc.constantFrom('text/event-stream', 'application/json', '*/*', 'multipart/mixed', 'text/html', 'a/b;q=0'),
        value,
      ),
      authorization: fc.oneof(
        { weight: 4, arbitrary: fc.constant(signedIn) },
        value,
        value.map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
        fc.constantFrom('Bearer', 'Basic ', 'Basic =', `Bearer gth_${'0'.repeat(36)}`, 'Negotiate abc'),
      ),
      'x-gatehouse-impersonate': value,
      'x-request-id': value,
      'x-forwarded-for': value,
      origin: value,
      'accept-encoding': value,
      host: fc.oneof(
        { weight: 4, arbitrary: fc.constant('localhost') },
        value,
        fc.constantFrom('a b', '[', 'a%', '::', 'x:99999', '[::1]:1', 'a/b', 'a?b', 'a@b', 'a\\b', 'xn--a'),
      ),
    },
    { requiredKeys: ['content-type'] },
  );

describe('malformed input', () => {
  let world: World;
  const agent = new Agent({ keepAlive: false });

  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(async () => {
    agent.destroy();
    await world.close();
  });

  /** Matches stack traces and paths of this machine. */
  const inside = /node_modules|file:\/\/|\n\s+at |\/src\/|\.[jt]s:\d/;
  const send = (method: string, path: string, head: object, sent?: Buffer): Promise<number> =>
    new Promise((resolve, reject) => {
      const request = httpRequest(`${world.urls[0]}/graphql`, {
        method,
        path,
        headers: head as Record<string, string>,
        agent,
      });
      request.on('response', (response) => {
        const done = (text: string) => {
          if (inside.test(text)) reject(new Error(`the answer reveals internals: ${text}`));
          resolve(response.statusCode!);
        };
        // A stream is closed after its start; any other response is read to its end.
        if (response.headers['content-type']?.includes('event-stream')) {
          done('');
          return void response.destroy();
        }
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => done(text)).on('error', () => done(text));
      });
      request.on('error', reject);
      request.end(method === 'GET' || method === 'HEAD' ? undefined : sent);
    });

  it('is answered, never with an internal error', async () => {
    const signedIn = `Bearer ${await world.token(await world.db.user.findFirstOrThrow())}`;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('POST', 'POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'),
        fc.oneof(
          fc.constant(''),
          fc
            .tuple(query, variables)
            .map(
              ([q, v]) =>
                `?query=${encodeURIComponent(q.toWellFormed())}&variables=${encodeURIComponent(JSON.stringify(v))}`,
            ),
          fc.constantFrom(
            '?query={viewer{name}}&variables={',
            '?query=%',
            '?variables=%7B%22a',
            '?extensions=x',
            '?query=%7Bviewer%7Bname%7D%7D&extensions=1',
          ),
        ),
        headers(signedIn),
        body,
        async (method, search, head, sent) => {
          // 503 and 504 mean an unavailable database, and this one is available.
          expect(await send(method, `/graphql${search}`, head, sent)).toBeLessThan(500);
        },
      ),
      { numRuns: 1_000 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'OPTIONS', 'TRACE'),
        fc.oneof(
          value.map((text) => `/${encodeURI(text)}`),
          fc.constantFrom(
            '//',
            '/%',
            '/graphql%',
            '/tenants/%/audit-events',
            '/audit-events?after=%',
            '/tenants/%00/x',
          ),
        ),
        headers(signedIn),
        async (method, path, head) => {
          expect(await send(method, path, head)).toBeLessThan(500);
        },
      ),
      { numRuns: 100 },
    );
    expect(world.log).toEqual([]);
    expect((await world.root().ok('{ viewer { name } }')).viewer.name).toBe('root');
  });

  it.each(['a b', '[', 'a%', '::', 'x:99999', ':', 'a/b', 'a@b', '[::1', 'a?b'])(
    'is refused with 400 and no details for the host %j',
    async (host) => {
      for (const method of ['GET', 'POST']) {
        const answer = await raw(`${world.urls[0]}/graphql?query=%7B__typename%7D`, {
          method,
          headers: { host, 'content-type': 'application/json' },
          ...(method === 'POST' && { body: '{"query":"{__typename}"}' }),
        });
        expect([method, answer.status, JSON.parse(answer.text)]).toEqual([
          method,
          400,
          { errors: [{ message: 'The Host header or the URL is malformed.', extensions: { code: 'BAD_INPUT' } }] },
        ]);
      }
    },
  );

  it('is answered if it is not HTTP', async () => {
    const { port } = new URL(world.urls[0]!);
    const lines = [
      '\r\n\r\n',
      'GET\r\n\r\n',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\nab',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nZZ\r\n',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"qu',
      'GET http:// HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /graphql\\..\\x?query=%zz HTTP/1.1\r\nHost: a b\r\n\r\n',
      'GET //// HTTP/1.1\r\nHost: x\r\nOrigin: ://\r\n\r\n',
      `GET /graphql?${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      'GET /graphql HTTP/1.1\r\nHost: [\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      'GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: nonsense\r\n\r\n',
      'GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 1\r\n\r\n',
    ];
    for (const line of lines) {
      const socket = connect(Number(port), 'localhost');
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.on('error', () => undefined);
      socket.write(line);
      await new Promise((resolve) => setTimeout(resolve, 40));
      socket.destroy();
      expect(answer, line).not.toMatch(/^HTTP\/1\.1 5/);
      expect(answer, line).not.toMatch(inside);
    }
    expect((await world.root().ok('{ viewer { name } }')).viewer.name).toBe('root');
  });
});
