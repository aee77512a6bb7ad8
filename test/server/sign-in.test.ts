import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { Tenant } from '../../src/db/generated/client.ts';
import { createCookieRule } from '../../src/server/cookie-rule.ts';
import { from, seen, signedIn, statements } from '../auth/tools.ts';
import { addExecution } from '../support/executions.ts';
import { World } from '../support/world.ts';
import { codesOf, json, jsonType, raw } from './tools.ts';

const secret = 'a phrase that this person knows';
const listed = 'https://console.example';
/** A frontend in development. */
const local = 'http://localhost:5173';
const viewer = json('{ viewer { name } }');

describe('signing in like a person', () => {
  let world: World;
  let main: Tenant;
  let url: string;
  let own: string;
  let cookie: string;
  let count = 0;
  beforeAll(async () => {
    const config = { graphiql: true, origins: [listed, local], trustedProxies: ['127.0.0.1', '::1'] };
    world = await World.create({ config });
    main = await world.tenant('main');
    own = world.urls[0]!;
    url = `${own}/graphql`;
    const alice = await world.user('alice', [main], { password: secret });
    await world.grant(main, alice, ['AUDITLOG:READ', 'EXECUTION:READ']);
    ({ cookie } = await signedIn(world, 'alice', secret));
  });
  afterAll(() => world.close());

  const post = (path: string, headers: Record<string, string>, body: string) => raw(`${own}${path}`, { headers, body });
  const account = JSON.stringify({ username: 'alice', password: secret });
  const sent = (more: Record<string, string> = {}) => post('/auth/sign-in', { ...jsonType, ...more }, account);

  describe('the cookie', () => {
    const value = '[\\w-]{60}';
    it.each([
      ['a loopback host over HTTP', {}, `gatehouse=${value}; Path=/; HttpOnly; SameSite=Lax`],
      ['a page of it', { origin: 'own' }, `gatehouse=${value}; Path=/; HttpOnly; SameSite=Lax`],
      ['a host over HTTPS', { host: 'gate.example', origin: 'https://gate.example' }, 'secure'],
      ['a client without an origin', { host: 'gate.example' }, 'secure'],
      ['a listed origin', { origin: listed }, 'secure'],
      ['a listed origin of a loopback host', { origin: local }, `gatehouse=${value}; Path=/; HttpOnly; SameSite=Lax`],
      ['a proxy that replaces the host', { 'x-forwarded-proto': 'https' }, 'secure'],
    ])('of %s is of that page only', async (_what, { origin, ...headers }: Record<string, string>, expected) => {
      const { status, headers: answered } = await sent({
        ...headers,
        ...(origin && { origin: origin.replace('own', own) }),
      });
      const secure = `__Host-gatehouse=${value}; Path=/; Secure; HttpOnly; SameSite=Lax`;
      expect(status).toBe(200);
      expect(answered['set-cookie']).toEqual([
        expect.stringMatching(new RegExp(`^${expected === 'secure' ? secure : expected}$`)),
      ]);
      expect(answered['cache-control']).toBe('no-store');
    });

    it('without Secure counts on a loopback host only', async () => {
      const { headers } = await sent({ host: 'gate.example', origin: 'https://gate.example' });
      const [pair] = headers['set-cookie']![0]!.split(';');
      const [, id] = pair!.split('=');
      const page = { ...jsonType, host: 'gate.example', origin: listed };
      expect((await post('/graphql', { ...page, cookie: pair! }, viewer)).status).toBe(200);
      expect((await post('/graphql', { ...page, cookie: `gatehouse=${id}` }, viewer)).status).toBe(401);
      expect((await post('/graphql', { ...page, cookie: `gatehouse=x; other=1; ${pair}` }, viewer)).status).toBe(200);
    });
  });

  describe('the cookie of a request', () => {
    const origins: [string, Record<string, string>, boolean][] = [
      ['no origin', {}, false],
      ['the own origin', { origin: 'own' }, true],
      ['a listed origin', { origin: listed }, true],
      ['a listed origin of a loopback host', { origin: local }, true],
      ['a page of the own origin', { 'sec-fetch-site': 'same-origin' }, true],
      ['a page of the same site', { 'sec-fetch-site': 'same-site' }, false],
      ['the address bar', { 'sec-fetch-site': 'none' }, false],
      ['another site', { 'sec-fetch-site': 'cross-site' }, false],
      ['another origin', { origin: 'https://evil.example' }, false],
      ['another port', { origin: 'http://localhost:1' }, false],
      ['a sandboxed page', { origin: 'null' }, false],
      [
        'another origin that claims to be the same',
        { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
        false,
      ],
    ];
    const types = [
      'application/json',
      'application/json; charset=utf-8',
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ];

    it.each(origins)('of %s counts for JSON from an allowed page only', async (_what, given, counts) => {
      // Browsers keep the secure cookie for pages over HTTPS.
      const kept = given['origin'] === listed ? cookie.replace('gatehouse', '__Host-gatehouse') : cookie;
      const headers = {
        cookie: kept,
        ...given,
        ...(given['origin'] && { origin: given['origin'].replace('own', own) }),
      };
      for (const type of types) {
        const { status, text } = await post('/graphql', { ...headers, 'content-type': type }, viewer);
        const isRight = counts && type.startsWith('application/json');
        expect([type, status === 200, text.includes('alice')]).toEqual([type, isRight, isRight]);
      }
      const get = await raw(`${url}?query=${encodeURIComponent('{viewer{name}}')}`, { method: 'GET', headers });
      expect([get.status === 200, get.text.includes('alice')]).toEqual([counts, counts]);
      expect(get.headers['cache-control']).toBe('no-store');
      const file = await raw(`${own}/tenants/main/audit-events`, { method: 'GET', headers });
      expect(file.status).toBe(counts ? 200 : given['origin'] ? 403 : 401);
      // Basic and Bearer need none of it.
      const { authorization } = world.basic('alice', secret).headers;
      const { cookie: _cookie, origin: _origin, ...rest } = headers as Record<string, string>;
      expect((await post('/graphql', { ...rest, ...jsonType, authorization: authorization! }, viewer)).status).toBe(
        200,
      );
    });

    it('counts for JSON only, before any other rule about content types', () => {
      const { fault } = createCookieRule(undefined);
      const headers = { host: 'localhost', origin: 'http://localhost' };
      for (const type of ['text/plain', 'application/jsonx', undefined])
        expect(fault({ method: 'POST', headers: { ...headers, 'content-type': type } } as never)).toMatch(/Send app/);
      expect(
        fault({ method: 'POST', headers: { ...headers, 'content-type': 'application/json' } } as never),
      ).toBeUndefined();
    });

    it('that does not count says why', async () => {
      const { text } = await post('/graphql', { ...jsonType, cookie }, viewer);
      expect([codesOf(text), text]).toEqual([
        ['UNAUTHENTICATED'],
        expect.stringContaining('Send an Origin of the gateway'),
      ]);
    });

    it('never changes anything by GET', async () => {
      const query = encodeURIComponent('mutation { revokeSessions(input: {}) { count } }');
      const headers = { cookie, 'sec-fetch-site': 'same-origin' };
      expect((await raw(`${url}?query=${query}`, { method: 'GET', headers })).status).toBe(405);
      expect((await post('/graphql', { ...jsonType, ...headers }, viewer)).status).toBe(200);
    });

    it('reads the log of an execution as a file', async () => {
      const { executionId } = await addExecution(world, main);
      const path = `${own}/tenants/main/executions/${executionId}/logs`;
      const read = (site: string) => raw(path, { method: 'GET', headers: { cookie, 'sec-fetch-site': site } });
      expect([(await read('same-origin')).status, (await read('cross-site')).status]).toEqual([200, 401]);
    });

    it('opens a WebSocket from an allowed page only, and the origin must be said', async () => {
      const acknowledged = (headers: Record<string, string>) =>
        new Promise<boolean>((resolve) => {
          const socket = new WebSocket(`${own.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
          socket.on('open', () => socket.send('{"type":"connection_init"}'));
          socket.on('message', (text) => {
            resolve(String(text).includes('connection_ack'));
            socket.close();
          });
          socket.on('close', () => resolve(false));
          socket.on('error', () => resolve(false));
        });
      expect(await acknowledged({ cookie, origin: own })).toBe(true);
      expect(await acknowledged({ cookie: cookie.replace('gatehouse', '__Host-gatehouse'), origin: listed })).toBe(
        true,
      );
      for (const headers of [{}, { 'sec-fetch-site': 'same-origin' }, { origin: 'https://evil.example' }] as Record<
        string,
        string
      >[])
        expect([headers, await acknowledged({ cookie, ...headers })]).toEqual([headers, false]);
    });
  });

  it('lets pages of allowed origins, and no others, send the cookie', async () => {
    const preflight = (origin: string, path = '/auth/sign-in') =>
      raw(`${own}${path}`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
      });
    for (const path of ['/auth/sign-in', '/auth/sign-out', '/graphql']) {
      const { status, headers } = await preflight(listed, path);
      expect(status).toBe(204);
      expect(headers).toMatchObject({
        'access-control-allow-origin': listed,
        'access-control-allow-credentials': 'true',
        'access-control-allow-headers': 'content-type',
      });
    }
    const { status, headers } = await preflight('https://evil.example');
    expect([status, headers['access-control-allow-credentials'], headers['access-control-allow-origin']]).toEqual([
      403,
      undefined,
      undefined,
    ]);
    expect(
      (await raw(`${own}/auth/providers`, { method: 'GET' })).headers['access-control-allow-credentials'],
    ).toBeUndefined();
  });

  it('cannot be done from a page of another site, nor undone', async () => {
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { host: 'gate.example', origin: 'http://gate.example' },
    ] as Record<string, string>[]) {
      expect([headers, (await sent(headers)).status]).toEqual([headers, 403]);
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      expect((await post('/auth/sign-in', { ...form, ...headers }, `username=alice&password=${secret}`)).status).toBe(
        403,
      );
      for (const sentCookie of [{ cookie }, {}])
        expect((await post('/auth/sign-out', { ...sentCookie, ...headers }, '')).status).toBe(403);
    }
    expect((await post('/graphql', { ...jsonType, cookie, origin: own }, viewer)).status).toBe(200);
    // Without a session there is nothing to end.
    expect((await post('/auth/sign-out', {}, '')).status).toBe(204);
  });

  it.each([
    ['{', 400],
    ['[]', 400],
    ['{"username":"alice"}', 400],
    ['{"username":"alice","password":1}', 400],
    [`{"username":"alice","password":"${'x'.repeat(9_000)}"}`, 400],
    ['{"username":"","password":""}', 401],
    ['{"username":"alice:x","password":"y"}', 401],
    ['{"username":"alice\\u0000","password":"y"}', 401],
  ])('refuses the body %.40s', async (body, status) => {
    const answer = await post('/auth/sign-in', jsonType, body);
    expect([answer.status, answer.headers['set-cookie']]).toEqual([status, undefined]);
    expect(codesOf(answer.text).length).toBe(1);
  });

  it('accepts JSON and forms by POST only', async () => {
    expect((await post('/auth/sign-in', { 'content-type': 'text/plain' }, account)).status).toBe(415);
    expect((await post('/auth/sign-in', { ...jsonType, 'content-encoding': 'gzip' }, account)).status).toBe(415);
    expect((await raw(`${own}/auth/sign-in`, { method: 'PUT' })).headers['allow']).toBe('GET, POST, OPTIONS');
    expect((await raw(`${own}/auth/sign-out`, { method: 'GET' })).status).toBe(405);
    expect((await raw(`${own}/auth/other`, { method: 'GET' })).status).toBe(404);
    const providers = await raw(`${own}/auth/providers`, { method: 'GET' });
    expect(JSON.parse(providers.text)).toEqual({ password: true, providers: [] });
  });

  it('answers alike for an unknown name, a wrong password and a locked account, as Basic authentication does', async () => {
    await world.user('bob', [], { password: secret });
    const tries = async (username: string, address: string) => {
      const answers: string[] = [];
      for (let i = 0; i < 11; i += 1) {
        const body = JSON.stringify({ username, password: `wrong ${i}` });
        const { status, headers, text } = await post('/auth/sign-in', { ...jsonType, ...from(address) }, body);
        const { date: _date, 'x-request-id': _id, ...rest } = headers;
        answers.push(JSON.stringify([status, rest, text]));
      }
      return answers;
    };
    const known = await tries('bob', '192.0.2.21');
    expect(known).toEqual(await tries('nobody-at-all', '192.0.2.22'));
    expect(known[0]).toMatch(/^\[401,.*incorrect\./);
    expect(known[10]).toMatch(/"retry-after":"1[78]\d\d".*Try again in 30 minutes/);
    // One count for both ways: Basic is locked from that address too, and the right password does not open it.
    expect(await seen(world.basic('bob', secret).as(from('192.0.2.21')))).toContain('retry-after');
    const right = JSON.stringify({ username: 'bob', password: secret });
    expect((await post('/auth/sign-in', { ...jsonType, ...from('192.0.2.21') }, right)).status).toBe(401);
    expect((await post('/auth/sign-in', { ...jsonType, ...from('192.0.2.23') }, right)).status).toBe(200);
  });

  it('writes one event for each session, however often its cookie is used', async () => {
    const name = `often${count++}`;
    await world.user(name, [], { password: secret });
    const { client } = await signedIn(world, name, secret);
    for (let i = 0; i < 5; i += 1) await client.ok('{ viewer { name } }');
    const events = await world.db.auditEvent.findMany({ where: { actorName: name } });
    expect(events.map(({ type, action }) => [type, action])).toEqual([['LOGIN', 'session.login']]);
  });

  it('takes one look-up, and then none, like a token', async () => {
    const user = await world.user(`measured${count++}`, [], { password: secret });
    const { client } = await signedIn(world, user.username, secret);
    const token = await world.as(user);
    const of = async (one: typeof client) =>
      (await statements(() => one.ok('{ viewer { name } }'))).filter((text) =>
        /"(Session|ApiToken|Principal)"/.test(text),
      ).length;
    await of(token);
    expect([await of(client), await of(client), await of(client)]).toEqual([1, 0, 0]);
  });

  describe('the page', () => {
    const page = (query = '') =>
      raw(`${own}/auth/sign-in${query}`, { method: 'GET', headers: { accept: 'text/html' } });
    const form = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
      post(
        '/auth/sign-in',
        { 'content-type': 'application/x-www-form-urlencoded', origin: own, ...headers },
        new URLSearchParams(fields).toString(),
      );
    /** The fields that a browser sends, with their values. */
    const fieldsOf = (html: string) =>
      Object.fromEntries(
        [...html.matchAll(/<input ([^>]*)>/g)].map(([, text = '']) => [
          /name="(\w+)"/.exec(text)![1],
          /value="([^"]*)"/.exec(text)?.[1] ?? '',
        ]),
      );

    it('signs in without a script', async () => {
      const { status, headers, text } = await page('?next=%2Fgraphql%3Fa%3D1');
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': expect.stringMatching(
          /^default-src 'none'; script-src 'sha256-[^']+'; connect-src 'self'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
        ),
        'referrer-policy': 'same-origin',
        'cache-control': 'no-store',
        'x-frame-options': 'DENY',
      });
      // One script, for passkeys, which the policy names.
      const [own = '', script = ''] = /<script>([\s\S]*?)<\/script>/.exec(text)!;
      const digest = createHash('sha256').update(script).digest('base64');
      expect(headers['content-security-policy']).toContain(`script-src 'sha256-${digest}'`);
      expect(text.replace(own, '')).not.toMatch(/<script|javascript:| on\w+=| style=/i);
      for (const [, name] of text.matchAll(/<input id="(\w+)"/g)) expect(text).toContain(`<label for="${name}">`);
      expect(text).toMatch(/<html lang="en">[\s\S]*<title>Sign in · Gatehouse[\s\S]*<h1>Sign in/);
      expect(text).toMatch(/autocomplete="username"[\s\S]*autocomplete="current-password"/);
      const fields = fieldsOf(text.split('</form>')[0]!);
      expect(fields).toEqual({ next: '/graphql?a=1', username: '', password: '' });
      const answer = await form({ ...fields, username: 'alice', password: secret });
      expect([answer.status, answer.headers.location, answer.text]).toEqual([303, '/graphql?a=1', '']);
      const [pair] = answer.headers['set-cookie']![0]!.split(';');
      const opened = await raw(`${url}?query={viewer{name}}`, {
        method: 'GET',
        headers: { cookie: pair!, 'sec-fetch-site': 'same-origin' },
      });
      expect(opened.text).toContain('alice');
    });

    it('says why a sign-in failed, and keeps the name but not the password', async () => {
      const wrong = '"><script>alert(1)</script>';
      const { status, headers, text } = await form({ username: wrong, password: 'hush hush', next: wrong });
      expect([status, headers['set-cookie']]).toEqual([401, undefined]);
      expect(text).toMatch(/<title>Error: [\s\S]*role="alert" id="fault">The user name or the password is incorrect\./);
      expect(text).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"');
      expect(text.match(/<script/g)).toHaveLength(1);
      expect(text).not.toContain('hush');
      expect(headers['content-security-policy']).toMatch(/default-src 'none'/);
    });

    it.each([
      ['/graphql?a=b#c', '/graphql?a=b#c'],
      ['//evil.example', '/'],
      ['/\\evil.example', '/'],
      ['\\\\evil.example', '/'],
      ['/\t/evil.example', '/'],
      ['/\n/evil.example', '/'],
      ['/.//evil.example', '/'],
      ['/a/..//evil.example', '/'],
      ['/%2e//evil.example', '/'],
      ['https://evil.example', '/'],
      ['https:evil.example', '/'],
      ['javascript:alert(1)', '/'],
      ['@evil.example', '/'],
      ['/@evil.example', '/@evil.example'],
      ['/a\r\nSet-Cookie: x=y', '/aSet-Cookie:%20x=y'],
      ['', '/'],
    ])('goes from %j to %j', async (next, expected) => {
      const { status, headers } = await form({ username: 'alice', password: secret, next });
      expect([status, headers.location, headers['set-cookie']?.length]).toEqual([303, expected, 1]);
      expect(new URL(headers.location!, own).origin).toBe(own);
      expect(fieldsOf((await page(`?next=${encodeURIComponent(next)}`)).text)['next']).toBe(
        expected.replaceAll('&', '&amp;'),
      );
    });
  });
});
