import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOf, World } from '../support/world.ts';
import { codesOf, deep, json, jsonType, type Program, raw, startPlainYoga, until } from './tools.ts';

describe('the HTTP server', () => {
  let world: World;
  let strict: World;
  let plain: Program & { url: string };
  let url: string;
  let auth: Record<string, string>;

  beforeAll(async () => {
    [world, strict, plain] = await Promise.all([
      World.create({ config: { graphiql: true } }),
      World.create({ config: { graphiql: false, console: false, origins: ['https://console.example'] } }),
      startPlainYoga(),
    ]);
    url = `${world.urls[0]}/graphql`;
    auth = { authorization: world.root().headers['authorization']! };
  });
  afterAll(async () => {
    await Promise.all([world.close(), strict.close(), plain.kill()]);
  });

  describe('documents that are nested too deeply', () => {
    it('control: the stock server answers 500', async () => {
      const answer = await raw(`${plain.url}/graphql`, { headers: jsonType, body: json(deep(2_000)) });
      expect(answer.status).toBe(500);
    });

    it.each([100, 900, 2_000, 50_000])('get 400 with a code for %i levels', async (depth) => {
      for (const headers of [{}, auth]) {
        const accept = { accept: 'application/graphql-response+json' };
        const body = json(deep(depth, 'serverInfo'));
        const answer = await raw(url, { headers: { ...jsonType, ...accept, ...headers }, body });
        expect([answer.status, codesOf(answer.text)]).toEqual([
          400,
          [expect.stringMatching(/BAD_INPUT|LIMIT_EXCEEDED/)],
        ]);
        const other = await raw(url, { headers: { ...jsonType, ...headers }, body });
        expect(other.status).toBeLessThan(500);
        expect(codesOf(other.text)).toEqual(codesOf(answer.text));
      }
    });

    it('get 400 for a value or a type of many levels', async () => {
      const list = `{ node(id: ${'['.repeat(3_000)}1${']'.repeat(3_000)}) { id } }`;
      const object = `{ node(id: ${'{a:'.repeat(3_000)}1${'}'.repeat(3_000)}) { id } }`;
      const type = `query($v: ${'['.repeat(3_000)}Int${']'.repeat(3_000)}) { __typename }`;
      for (const query of [list, object, type]) {
        const answer = await raw(url, { headers: jsonType, body: json(query) });
        expect(answer.status).toBeLessThan(500);
        expect(codesOf(answer.text)).toEqual([expect.stringMatching(/BAD_INPUT|LIMIT_EXCEEDED/)]);
      }
      // JSON as deep as the body allows.
      const nested = `{"query":"{ __typename }","variables":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`;
      expect((await raw(url, { headers: jsonType, body: nested })).status).toBeLessThan(500);
    });
  });

  describe('request formats', () => {
    it('answers 413 to a body that is too large, with and without a content length', async () => {
      const body = json(`{ __typename } #${'x'.repeat(2_000_000)}`);
      const declared = await raw(url, { headers: { ...jsonType, 'content-length': String(body.length) }, body });
      expect([declared.status, codesOf(declared.text)]).toEqual([413, ['LIMIT_EXCEEDED']]);
      const untold = await raw(url, { headers: { ...jsonType, 'transfer-encoding': 'chunked' }, body });
      expect([untold.status, codesOf(untold.text)]).toEqual([413, ['LIMIT_EXCEEDED']]);
      expect((await raw(url, { headers: jsonType, body: json('{ __typename }') })).status).toBe(200);
    });

    it.each([
      ['text/plain', json('{ __typename }')],
      ['application/x-www-form-urlencoded', 'query=%7B__typename%7D'],
      [
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n{__typename}\r\n--x--',
      ],
      ['application/graphql', '{ __typename }'],
      ['text/plain; application/json', json('{ __typename }')],
    ])('answers 415 to %s', async (type, body) => {
      const answer = await raw(url, { headers: { 'content-type': type }, body });
      expect([answer.status, codesOf(answer.text)]).toEqual([415, ['BAD_INPUT']]);
    });

    it('answers 415 without a content type', async () => {
      expect((await raw(url, { body: json('{ __typename }') })).status).toBe(415);
    });

    it('answers 405 to a mutation by GET, and queries by GET', async () => {
      const by = (query: string) => raw(`${url}?query=${encodeURIComponent(query)}`, { method: 'GET', headers: auth });
      const mutation = await by('mutation { createTenant(input: { key: "byget", name: "x" }) { tenant { key } } }');
      expect([mutation.status, mutation.headers.allow]).toEqual([405, 'POST']);
      expect(await world.db.tenant.count({ where: { key: 'byget' } })).toBe(0);
      expect((await by('{ __typename }')).status).toBe(200);
    });

    it('answers 405 to other methods, and says how to subscribe with graphql-sse', async () => {
      for (const method of ['PUT', 'DELETE']) {
        const answer = await raw(url, { method, headers: auth });
        expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, POST, OPTIONS']);
        expect(answer.text).toMatch(/singleConnection: false/);
      }
      const patch = await raw(url, { method: 'PATCH', headers: auth });
      expect([patch.status, codesOf(patch.text)]).toEqual([405, ['BAD_INPUT']]);
      const file = await raw(`${world.urls[0]}/tenants/main/audit-events`, { method: 'POST', headers: auth });
      expect([file.status, file.headers.allow]).toEqual([405, 'GET, OPTIONS']);
    });

    it('refuses batches of operations', async () => {
      const answer = await raw(url, {
        headers: jsonType,
        body: `[${json('{ __typename }')},${json('{ __typename }')}]`,
      });
      expect(answer.status).toBe(400);
    });
  });

  describe('origins', () => {
    const ask = (to: World, origin: string | undefined, method = 'POST', more = {}) =>
      raw(`${to.urls[0]}/graphql`, {
        method,
        headers: { ...jsonType, ...(origin !== undefined && { origin }), ...more },
        ...(method === 'POST' && { body: json('{ __typename }') }),
      });

    it("without a list, allows the gateway's own pages only", async () => {
      const host = new URL(url).host;
      expect((await ask(world, undefined)).status).toBe(200);
      expect((await ask(world, `http://${host}`)).status).toBe(200);
      for (const origin of ['https://evil.example', 'null', `http://${host}.evil.example`, 'http://localhost:1', '']) {
        const answer = await ask(world, origin);
        expect([origin, answer.status, codesOf(answer.text)]).toEqual([origin, 403, ['FORBIDDEN']]);
      }
    });

    it('with a list, allows those and answers their preflight', async () => {
      const allowed = 'https://console.example';
      const answer = await ask(strict, allowed);
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, allowed]);
      const preflight = await ask(strict, allowed, 'OPTIONS', {
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type, x-gatehouse-impersonate',
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers['access-control-allow-origin']).toBe(allowed);
      expect(preflight.headers['access-control-allow-methods']).toContain('POST');
      for (const name of ['authorization', 'content-type', 'x-gatehouse-impersonate'])
        expect(preflight.headers['access-control-allow-headers']).toContain(name);
      expect(preflight.headers['access-control-allow-credentials']).toBe('true');
    });

    it('lets an allowed page read the headers and its browser cache the responses, separately from those of other origins', async () => {
      const origin = 'https://console.example';
      const preflight = await ask(strict, origin, 'OPTIONS', { 'access-control-request-method': 'POST' });
      expect(preflight.headers['access-control-max-age']).toBe('7200');
      const file = `${strict.urls[0]}/tenants/none/audit-events`;
      const answers = [
        await ask(strict, origin),
        await raw(file, { method: 'GET', headers: { origin } }),
        await raw(`${strict.urls[0]}/nothing`, { method: 'GET', headers: { origin } }),
        await ask(strict, origin, 'PUT'),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 401, 404, 405]);
      for (const { headers } of answers) {
        expect(headers).toMatchObject({
          vary: expect.stringContaining('Origin'),
          'access-control-allow-origin': origin,
        });
        expect(headers['access-control-expose-headers']).toMatch(/X-Request-Id.*Retry-After.*Audit-Unprovable/);
        expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      }
      for (const other of [undefined, 'https://evil.example'])
        expect((await ask(strict, other)).headers['vary']).toContain('Origin');
    });

    it('with a list, allows the page that the gateway serves, and no other page of its host', async () => {
      const page = await World.create({
        config: { graphiql: true, console: false, origins: ['https://console.example'] },
      });
      try {
        const { host } = new URL(page.urls[0]!);
        expect((await ask(page, `http://${host}`)).status).toBe(200);
        expect((await ask(page, 'http://localhost:1')).status).toBe(403);
      } finally {
        await page.close();
      }
    });

    it('with a list, refuses every other origin, also at its preflight', async () => {
      const own = `http://${new URL(strict.urls[0]!).host}`;
      for (const origin of [own, 'https://console.example.evil.example', 'http://console.example', 'null']) {
        for (const method of ['POST', 'OPTIONS', 'GET']) {
          const answer = await ask(strict, origin, method, { 'access-control-request-method': 'POST' });
          expect([origin, method, answer.status]).toEqual([origin, method, 403]);
          expect(answer.headers['access-control-allow-origin']).toBeUndefined();
        }
      }
    });

    it('without a list, allows no page to read a response', async () => {
      const answer = await ask(world, `http://${new URL(url).host}`);
      expect(answer.headers['access-control-allow-origin']).not.toBe('*');
    });
  });

  describe('an anonymous client', () => {
    const hidden = [
      getIntrospectionQuery(),
      '{ __type(name: "User") { name } }',
      '{ ...F } fragment F on Query { ... on Query { s: __schema { queryType { name } } } }',
      'query __schema { ...__type } fragment __type on Query { __schema { queryType { name } } }',
    ];

    it.each(hidden)('gets nothing of the schema (%#)', async (query) => {
      const answer = await raw(url, { headers: jsonType, body: json(query) });
      expect([answer.status, codesOf(answer.text)]).toEqual([401, ['UNAUTHENTICATED']]);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="Gatehouse"');
      const wrong = { authorization: 'Bearer gth_nonsense' };
      expect((await raw(url, { headers: { ...jsonType, ...wrong }, body: json(query) })).status).toBe(401);
      const signedIn = await raw(url, { headers: { ...jsonType, ...auth }, body: json(query) });
      expect([signedIn.status, codesOf(signedIn.text)]).toEqual([200, []]);
    });

    it('gets no suggestions of names', async () => {
      const queries = [
        '{ viewr { name } }',
        '{ tenant(kee: "x") { key } }',
        '{ tenant(key: "x") { nam } }',
        '{ ... on Qery { __typename } }',
        '{ tenant(key: "x") { roles(orderBy: { field: NAM, direction: ASC }) { totalCount } } }',
        'mutation { createTenant(input: { kee: "x", key: "x", name: "y" }) { tenant { key } } }',
        'query($o: RoleOrder) { tenant(key: "x") { roles(orderBy: $o) { totalCount } } }',
      ];
      const stock = await raw(`${plain.url}/graphql`, { headers: jsonType, body: json('{ helo }') });
      expect(stock.text, 'control').toContain('Did you mean');
      for (const query of queries) {
        const answer = await raw(url, {
          headers: jsonType,
          body: json(query, { variables: { o: { field: 'NAM', direction: 'ASC', colour: 1 } } }),
        });
        expect(codesOf(answer.text).length).toBeGreaterThan(0);
        expect(answer.text).not.toMatch(/did you mean/i);
      }
    });

    it('gets 401, with a challenge that does not make browsers ask for a password', async () => {
      for (const headers of [{}, { authorization: 'Basic cm9vdDp3cm9uZw==' }, { authorization: 'Bearer x' }]) {
        const answer = await raw(url, { headers: { ...jsonType, ...headers }, body: json('{ viewer { name } }') });
        expect([answer.status, codesOf(answer.text)]).toEqual([401, ['UNAUTHENTICATED']]);
        expect(answer.headers['www-authenticate']).toBe('Bearer realm="Gatehouse"');
      }
    });
  });

  it('answers 404 on other paths, and serves the health endpoints', async () => {
    const get = (path: string) => raw(`${world.urls[0]}${path}`, { method: 'GET' });
    for (const path of ['/nothing', '/graphql/', '/graphqlx', '//graphql', '/.env'])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
  });

  it('serves GraphiQL only if it is enabled', async () => {
    const page = (to: World) => raw(`${to.urls[0]}/graphql`, { method: 'GET', headers: { accept: 'text/html' } });
    const on = await page(world);
    expect([on.status, on.headers['content-type']]).toEqual([200, expect.stringContaining('text/html')]);
    expect(on.text).toContain('Gatehouse');
    // Credentials are entered in a separate field, and the headers editor is not stored.
    expect(on.text).toMatch(/<form id="sign-in"[\s\S]*type="password"/);
    expect(on.text).toContain('"shouldPersistHeaders":false');
    const off = await page(strict);
    expect(off.text).not.toContain('<html');
    expect(off.status).toBeGreaterThanOrEqual(400);
    expect(off.status).toBeLessThan(500);
  });

  it('hides the details of an unexpected error, and logs them', async () => {
    const broken = await World.create();
    try {
      const client = broken.root();
      await client.ok('{ viewer { name } }');
      await broken.db.$executeRaw`ALTER TABLE "Tenant" RENAME TO "Elsewhere"`;
      broken.log.length = 0;
      const { status, errors, data } = await client.run('{ tenant(key: "main") { name } }');
      expect(status).toBe(500);
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INTERNAL']);
      expect(JSON.stringify({ errors, data })).not.toMatch(/"Tenant|prisma|relation|42P01|P20|src\//);
      expect(broken.log.join('\n')).toMatch(/unexpected error.*(Tenant|42P01|P2021)/s);
    } finally {
      await broken.close();
    }
  });

  it('serves GraphiQL with its own scripts only, and not in a frame', async () => {
    const { headers, text, status } = await raw(url, { method: 'GET', headers: { accept: 'text/html' } });
    expect(status).toBe(200);
    const policy = String(headers['content-security-policy']);
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "connect-src 'self'", "base-uri 'none'"])
      expect(policy).toContain(part);
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    const scripts = [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, script = '']) => script);
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) expect(policy).toContain(createHash('sha256').update(script).digest('base64'));
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff' });
  });

  it('keeps the data of other fields when one field is refused, in queries and mutations', async () => {
    const user = await world.user('refused', []);
    const client = await world.as(user);
    const query =
      '{ viewer { name } policies { name } auditEvents { totalCount } stats { executions } tenants { totalCount } }';
    const { data, errors } = await client.run<any>(query);
    expect(data).toEqual({
      viewer: { name: 'refused' },
      policies: null,
      auditEvents: null,
      stats: null,
      tenants: { totalCount: 0 },
    });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
    const tokens = `mutation {
      made: createApiToken(input: { owner: "${idOf('User', user)}", name: "kept", maxAge: "PT1H" }) { fullToken }
      no: createTenant(input: { key: "no", name: "No" }) { tenant { key } }
    }`;
    const both = await client.run<any>(tokens);
    expect(both.data).toEqual({ made: { fullToken: expect.stringMatching(/^gth_/) }, no: null });
  });

  describe('a subscription over multipart/mixed, as Apollo Client requests it', () => {
    const accept = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json';
    const open = async (headers: object, query: string) => {
      const request = httpRequest(url, { method: 'POST', headers: { ...jsonType, accept, ...headers }, agent: false });
      request.end(json(query));
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      return { request, response, parts: () => text.split('\r\n--graphql').slice(1, -1) };
    };

    it('delivers each item in a part of its own, immediately', async () => {
      const { request, response, parts } = await open(auth, 'subscription { auditEvents { cursor event { action } } }');
      expect([response.statusCode, response.headers['content-type']]).toEqual([
        200,
        'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"',
      ]);
      await until('the bookmark', () => parts().length === 1);
      await world.root().ok('mutation { createTenant(input: { key: "multi", name: "m" }) { tenant { key } } }');
      await until('the event', () => parts().some((part) => part.includes('tenant.create')));
      for (const part of parts()) {
        const [head, body] = part.split('\r\n\r\n');
        expect(head).toBe('\r\nContent-Type: application/json');
        expect(JSON.parse(body!)).toEqual({ payload: { data: { auditEvents: expect.any(Object) } } });
      }
      request.destroy();
    });

    it('delivers the reason of a refusal, also if the client accepts no other type', async () => {
      const query = 'subscription { auditEvents { cursor } }';
      const plain = await open({}, query);
      expect([plain.response.statusCode, plain.response.headers['content-type']]).toEqual([
        401,
        'application/json; charset=utf-8',
      ]);
      const only = await open({ accept: 'multipart/mixed; subscriptionSpec="1.0"' }, query);
      await once(only.response, 'end');
      expect(JSON.parse(only.parts()[0]!.split('\r\n\r\n')[1]!).payload.errors[0].extensions).toEqual({
        code: 'UNAUTHENTICATED',
      });
    });

    it('gets 406 with the supported types for other types', async () => {
      const answer = await raw(url, {
        headers: { ...jsonType, ...auth, accept: 'image/png' },
        body: json('subscription { auditEvents { cursor } }'),
      });
      expect([answer.status, codesOf(answer.text)]).toEqual([406, ['BAD_INPUT']]);
      expect(answer.text).toContain('subscriptionSpec=1.0');
    });
  });

  describe('compression', () => {
    const bytes = async (path: string, headers: Record<string, string>, body?: string) => {
      const method = body === undefined ? 'GET' : 'POST';
      const request = httpRequest(path, { method, headers: { ...headers, ...(body && jsonType) }, agent: false });
      request.end(body);
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      return { response, body: Buffer.concat(await response.toArray()) };
    };
    const unpack = { br: brotliDecompressSync, gzip: gunzipSync };

    it('is negotiated for large responses, and keeps their text unchanged', async () => {
      const introspection = json(getIntrospectionQuery());
      const plain = await bytes(url, auth, introspection);
      expect(plain.response.headers['content-encoding']).toBeUndefined();
      for (const [accepted, encoding] of [
        ['gzip, deflate, br', 'br'],
        ['gzip;q=0.5, br;q=0', 'gzip'],
      ] as const) {
        const { response, body } = await bytes(url, { ...auth, 'accept-encoding': accepted }, introspection);
        expect(response.headers).toMatchObject({
          'content-encoding': encoding,
          'content-length': String(body.length),
          vary: expect.stringContaining('Accept-Encoding'),
        });
        expect(response.headers['x-padding']).toMatch(/^x{1,63}$/);
        expect(body.length).toBeLessThan(plain.body.length / 6);
        expect(unpack[encoding](body).equals(plain.body)).toBe(true);
      }
      const small = await bytes(url, { ...auth, 'accept-encoding': 'br' }, json('{ viewer { name } }'));
      expect(small.response.headers['content-encoding']).toBeUndefined();
      expect(JSON.parse(small.body.toString()).data.viewer.name).toBe('root');
      // Concurrent requests: as many are compressed as threads are free, and each response is complete.
      const many = await Promise.all(
        Array.from({ length: 8 }, () => bytes(url, { ...auth, 'accept-encoding': 'gzip' }, introspection)),
      );
      for (const { response, body } of many)
        expect((response.headers['content-encoding'] ? gunzipSync(body) : body).equals(plain.body)).toBe(true);
    });

    it('does not apply to a stream: each event arrives immediately', async () => {
      const headers = { ...auth, ...jsonType, accept: 'text/event-stream', 'accept-encoding': 'br, gzip' };
      const request = httpRequest(url, { method: 'POST', headers, agent: false });
      request.end(json('subscription { auditEvents { cursor } }'));
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      expect(response.headers['content-encoding'] ?? 'none').toBe('none');
      const [chunk] = (await once(response, 'data')) as [Buffer];
      expect(chunk.toString()).toMatch(/^(:|event)/);
      request.destroy();
    });

    it('of GraphiQL runs once, and its page is revalidated instead of loaded again', async () => {
      const headers = { accept: 'text/html', 'accept-encoding': 'br' };
      const first = await bytes(url, headers);
      expect(first.response.headers).toMatchObject({ 'content-encoding': 'br', 'cache-control': 'no-cache' });
      expect(first.body.length).toBeLessThan(2_100_000);
      const html = brotliDecompressSync(first.body).toString();
      expect(html).toBe((await bytes(url, { accept: 'text/html' })).body.toString());
      const again = await bytes(url, { ...headers, 'if-none-match': first.response.headers.etag! });
      expect([again.response.statusCode, again.body.length]).toEqual([304, 0]);
      expect(again.response.headers['content-security-policy']).toContain("frame-ancestors 'none'");
      const other = await bytes(url, { accept: 'text/html', 'if-none-match': first.response.headers.etag! });
      expect(other.response.statusCode).toBe(200);
    });
  });

  it.each([
    '{"query": "{ viewer { name } }", "secret-canary',
    'secret-canary',
    '[secret-canary]',
    '{"a":secret-canary}',
  ])('does not repeat a body that is not JSON: %j', async (body) => {
    const answer = await raw(url, { headers: { ...jsonType, ...auth }, body });
    expect([answer.status, codesOf(answer.text)]).toEqual([400, ['BAD_INPUT']]);
    expect(answer.text).not.toContain('secret-canary');
  });

  it("assigns each request its own ID, and records the caller's with it", async () => {
    const create = (key: string) => ({
      headers: { ...jsonType, ...auth, 'x-request-id': 'chosen-by-the-caller' },
      body: json(`mutation { createTenant(input: { key: "${key}", name: "n" }) { tenant { key } } }`),
    });
    const answers = [await raw(url, create('one')), await raw(url, create('two'))];
    const ids = answers.map(({ headers }) => headers['x-request-id']);
    expect(new Set(ids).size).toBe(2);
    for (const [i, id] of ids.entries()) {
      const events = await world.db.auditEvent.findMany({ where: { requestId: String(id) } });
      expect(events.map(({ resourceKey }) => resourceKey)).toContain(['one', 'two'][i]);
      for (const { details } of events) expect(details).toMatchObject({ callerRequestId: 'chosen-by-the-caller' });
    }
    expect(await world.db.auditEvent.count({ where: { requestId: 'chosen-by-the-caller' } })).toBe(0);
  });
});
