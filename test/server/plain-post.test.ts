import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servePlainPosts } from '../../src/server/plain-post.ts';
import { World } from '../support/world.ts';
import { deep, json, jsonType, type RawAnswer, raw } from './tools.ts';

type Request = { headers: Record<string, string>; body: string | Buffer };

/** The parts of a response that both ways must agree on: all except the time and the IDs of the request. */
const shown = ({ status, headers, text }: RawAnswer) => {
  const { date: _date, 'x-request-id': _id, ...rest } = headers;
  const ids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
  return { status, headers: rest, text: text.replaceAll(ids, 'ID') };
};

describe('a plain POST', () => {
  let world: World;
  let url: string;
  let people: Record<string, Record<string, string>>;

  beforeAll(async () => {
    world = await World.create({ limits: { depth: 12 } });
    const main = await world.tenant('main');
    const reader = await world.user('reader', [main]);
    await world.grant(main, reader, ['GROUP:READ']);
    url = `${world.urls[0]}/graphql`;
    people = {
      anonymous: {},
      root: world.root().headers,
      reader: (await world.as(reader)).headers,
      'a wrong token': { authorization: 'Bearer gth_wrong' },
      'a wrong password': { authorization: `Basic ${btoa('root:wrong')}` },
      'an unknown scheme': { authorization: 'Digest x' },
      'one who acts as another': { ...world.root().headers, 'x-gatehouse-impersonate': 'reader' },
    };
  });
  afterAll(() => world.close());

  /** A query string in the URL sends the same request the gateway's general way. */
  const both = async ({ headers, body }: Request) => {
    const plain = await raw(url, { headers: { ...headers }, body });
    const whole = await raw(`${url}?way=whole`, { headers: { ...headers }, body });
    return { plain: shown(plain), whole: shown(whole) };
  };

  const documents: Record<string, string> = {
    'a query': json('{ viewer { name tenants { nodes { key } } } }'),
    'a query without signing in': json('{ __typename serverInfo { version } }'),
    variables: json('query($k: String!) { tenant(key: $k) { groups(first: 2) { nodes { name } } } }', {
      variables: { k: 'main' },
    }),
    'a missing variable': json('query($k: String!) { tenant(key: $k) { key } }'),
    'variables that are null': json('{ viewer { name } }', { variables: null, operationName: null, extensions: null }),
    'the operation of a name': json('query A { viewer { name } } query B { viewer { id } }', { operationName: 'B' }),
    'no operation of that name': json('query A { viewer { name } }', { operationName: 'C' }),
    'no name among two operations': json('query A { viewer { name } } query B { viewer { id } }'),
    'an empty name of an operation': json('query A { viewer { name } }', { operationName: '' }),
    'no operation': json('fragment F on Viewer { name }'),
    'an empty document': json(''),
    'a syntax error': json('{ viewer { name }'),
    'an unknown field': json('{ viewer { nam } }'),
    'many unknown fields': json(`{ ${Array.from({ length: 12 }, (_, i) => `f${i}`).join(' ')} }`),
    'a refused field': json('{ viewer { name } tenant(key: "main") { users(first: 1) { nodes { id } } } }'),
    'a row that is not there': json('{ tenant(key: "none") { id } }'),
    'a mutation that changes nothing': json(
      'mutation { createGroup(input: { tenantKey: "main", name: "new" }, dryRun: true) { group { name } } }',
    ),
    'a mutation with a fault': json(
      'mutation { createGroup(input: { tenantKey: "main", name: "" }) { group { name } } }',
    ),
    'too deep': json(deep(40)),
    'too many fields': json(`{ ${'viewer { name } '.repeat(40)} }`),
    'an introspection': json(getIntrospectionQuery()),
    'a subscription': json('subscription { auditEvents(tenantKey: "main") { id } }'),
    'a subscription and a query': json(
      'subscription S { auditEvents(tenantKey: "main") { id } } query Q { viewer { id } }',
      {
        operationName: 'Q',
      },
    ),
    NUL: json('query($k: String!) { tenant(key: $k) { key } }', { variables: { k: '\u0000' } }),
    'a member of the prototype': '{"query":"{ viewer { name } }","__proto__":{"x":1}}',
    'a variable of the prototype':
      '{"query":"query($k: String!) { tenant(key: $k) { key } }","variables":{"__proto__":{"k":"main"}}}',
    'no query': '{}',
    'a query that is null': '{"query":null}',
    'a query that is no text': '{"query":5}',
    'variables that are a list': json('{ viewer { name } }', { variables: [] }),
    'a name that is no text': json('{ viewer { name } }', { operationName: 5 }),
    'extensions that are a text': json('{ viewer { name } }', { extensions: 'x' }),
    'an unknown member': json('{ viewer { name } }', { other: 1 }),
    'an unknown member that is null': json('{ viewer { name } }', { other: null }),
    'a list of operations': `[${json('{ viewer { name } }')}]`,
    null: 'null',
    'a number': '5',
    'no JSON': '{',
    nothing: '',
  };

  it.each(Object.entries(documents))('gets the general answer to %s, for every caller', async (name, body) => {
    for (const [who, headers] of Object.entries(people)) {
      // Passwords are slow to verify; a refusal of one does not depend on the document.
      if (who === 'a wrong password' && name !== 'a query') continue;
      const { plain, whole } = await both({ headers: { ...jsonType, ...headers }, body });
      expect(plain, who).toEqual(whole);
    }
  });

  it.each([
    'application/json',
    'application/graphql-response+json',
    'application/graphql-response+json, application/json;q=0.9',
    'application/json, application/graphql-response+json',
    'application/graphql-response+json; charset=utf-8, application/json; charset=utf-8',
    'application/json; charset=latin1',
    '*/*',
    'application/*',
    'text/html, */*;q=0.5',
    'text/html',
    'text/event-stream',
    'text/event-stream, application/json',
    'multipart/mixed, application/json',
    'APPLICATION/JSON',
    'application/jsonp',
    ',',
    '',
  ])('gets the general answer with "accept: %s"', async (accept) => {
    for (const name of [
      'a query',
      'a syntax error',
      'an unknown field',
      'no operation',
      'a refused field',
      'no JSON',
    ]) {
      for (const who of ['anonymous', 'reader', 'a wrong token']) {
        const headers = { ...jsonType, accept, ...people[who] };
        const { plain, whole } = await both({ headers, body: documents[name]! });
        expect(plain, `${name}, ${who}`).toEqual(whole);
      }
    }
  });

  it.each<[string, Record<string, string>, string | Buffer]>([
    ['a charset', { 'content-type': 'application/json; charset=utf-8' }, json('{ __typename }')],
    ['a blank before the charset', { 'content-type': 'application/json ; charset=utf-8' }, json('{ __typename }')],
    ['another charset', { 'content-type': 'application/json; charset=latin1' }, json('{ __typename }')],
    ['another type', { 'content-type': 'text/plain' }, json('{ __typename }')],
    ['two types', { 'content-type': 'application/json, text/plain' }, json('{ __typename }')],
    ['a byte order mark', jsonType, `\uFEFF${json('{ __typename }')}`],
    ['bytes that are no UTF-8', jsonType, Buffer.from(json('{ __typename } #é'), 'latin1')],
    ['a compressed body', { ...jsonType, 'content-encoding': 'gzip' }, gzipSync(json('{ __typename }'))],
    ['a body in chunks', { ...jsonType, 'transfer-encoding': 'chunked' }, json('{ __typename }')],
    ['a body over the limit', jsonType, json(`{ __typename } #${'x'.repeat(2_000_000)}`)],
    ['an origin of its own', { ...jsonType, origin: 'http://127.0.0.1:1' }, json('{ __typename }')],
    ['a method of its own', { ...jsonType, 'x-http-method-override': 'GET' }, json('{ __typename }')],
  ])('answers %s as the gateway does', async (_name, headers, body) => {
    const { plain, whole } = await both({ headers, body });
    expect(plain).toEqual(whole);
  });

  it('is refused with the offset of the byte if it is not UTF-8', async () => {
    const body = Buffer.from(json('{ tenant(key: "m\u00e9") { id } }'), 'latin1');
    const { plain, whole } = await both({ headers: { ...jsonType, ...people['root'] }, body });
    expect(plain).toEqual(whole);
    expect(plain).toMatchObject({ status: 400, text: expect.stringContaining('the byte 0xE9 at offset 27') });
  });

  it('control: the two ways are different', async () => {
    const whole: unknown[] = [];
    const gateway = new Proxy(world.app.plainPosts.gateway, {
      apply: (target, self, args) => {
        whole.push(args[0].url);
        return Reflect.apply(target as never, self, args);
      },
    });
    const serve = servePlainPosts({ ...world.app.plainPosts, gateway });
    const server = createServer(serve as never).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const path of ['/graphql', '/graphql?way=whole']) {
      const answer = await raw(`http://127.0.0.1:${port}${path}`, { headers: jsonType, body: json('{ __typename }') });
      expect(answer.text).toBe('{"data":{"__typename":"Query"}}');
    }
    server.close();
    expect(whole).toEqual(['/graphql?way=whole']);
  });

  it('is dropped if the body ends early', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"query"',
    );
    await sleep(50);
    socket.destroy();
    expect((await raw(url, { headers: jsonType, body: json('{ __typename }') })).status).toBe(200);
    await world.app.close();
    expect(world.log).toEqual([]);
  });
});
