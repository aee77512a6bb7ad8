import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { core, patchOp, type ScimClient } from '../support/scim.ts';
import { provisioned, World } from './stage.ts';

/** The requirements of RFC 7643 and RFC 7644, by section. */
describe('the SCIM protocol', () => {
  let world: World;
  let client: ScimClient;
  let main: Tenant;
  const ids: string[] = [];
  beforeAll(async () => {
    world = await World.create({ limits: { pageSize: 5 } });
    main = await world.tenant('main');
    ({ client } = await provisioned(world, main));
    for (let i = 0; i < 8; i += 1) {
      const name = { givenName: i % 2 ? 'Odd' : 'Even', ...(i > 3 && { familyName: `Name_${i}` }) };
      const { body } = await client.post('/Users', {
        schemas: [`${core}:User`],
        userName: `person${i}`,
        name,
        emails: [{ value: `person${i}@company.example` }],
        ...(i === 7 && { active: false }),
        ...(i < 2 && { externalId: `Ext${i}` }),
      });
      ids.push(body.id);
    }
  });
  afterAll(() => world.close());

  const fault = async (answer: Promise<{ status: number; body: any }>) => {
    const { status, body } = await answer;
    expect(body.schemas).toEqual(['urn:ietf:params:scim:api:messages:2.0:Error']);
    expect(body.status).toBe(String(status));
    expect(body.detail).toEqual(expect.any(String));
    return [status, body.scimType];
  };
  const listed = async (query: string) => (await client.get(`/Users?${query}`)).body;
  const matching = async (filter: string): Promise<number[]> => {
    const { Resources, totalResults } = await listed(`count=5&filter=${encodeURIComponent(filter)}`);
    const found = Resources.map(({ id }: { id: string }) => ids.indexOf(id));
    expect([filter, totalResults]).toEqual([filter, totalResults > 5 ? totalResults : found.length]);
    return found;
  };

  it('describes itself: configuration, types and schemas (RFC 7643 5 to 7, RFC 7644 4)', async () => {
    const config = await client.get('/ServiceProviderConfig');
    expect(config.body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: false },
      filter: { supported: true, maxResults: 5 },
      etag: { supported: true },
      sort: { supported: false },
      changePassword: { supported: false },
    });
    const types = await client.get('/ResourceTypes');
    expect(types.body.Resources.map(({ id, endpoint }: any) => [id, endpoint])).toEqual([
      ['User', '/Users'],
      ['Group', '/Groups'],
    ]);
    expect((await client.get('/ResourceTypes/User')).body.schema).toBe(`${core}:User`);
    const { body } = await client.get(`/Schemas/${core}:User`);
    expect(body.attributes.map(({ name }: any) => name)).toContain('userName');
    expect((await client.get('/Schemas')).body.totalResults).toBe(2);
    // Every attribute of a resource is in its schema.
    const names = new Set(['schemas', 'id', 'externalId', 'meta', ...body.attributes.map(({ name }: any) => name)]);
    const user = (await client.get(`/Users/${ids[0]}`)).body;
    expect(Object.keys(user).filter((name) => !names.has(name))).toEqual([]);
    expect(await fault(client.get('/Schemas/urn:unknown'))).toEqual([404, undefined]);
    expect((await client.post('/ResourceTypes', {})).status).toBe(405);
    expect(await fault(client.get('/Me'))).toEqual([501, undefined]);
    expect((await client.get('/Unknown')).status).toBe(404);
  });

  it('pages by startIndex and count (3.4.2.4)', async () => {
    const pages = [
      await listed('startIndex=1&count=3'),
      await listed('startIndex=4&count=100'),
      await listed('startIndex=99'),
    ];
    expect(pages.map(({ totalResults, startIndex, itemsPerPage }) => [totalResults, startIndex, itemsPerPage])).toEqual(
      [
        [8, 1, 3],
        [8, 4, 5],
        [8, 99, 0],
      ],
    );
    expect(pages.flatMap(({ Resources }) => Resources.map(({ id }: any) => id))).toEqual(ids);
    expect((await listed('count=0')).Resources).toEqual([]);
    expect((await listed('count=-3')).itemsPerPage).toBe(0);
    expect((await listed('startIndex=-3&count=1')).startIndex).toBe(1);
    expect((await listed('startIndex=x&count=y')).itemsPerPage).toBe(5);
  });

  it('filters with all operators, joined, negated and grouped (3.4.2.2)', async () => {
    const table: [string, number[]][] = [
      ['userName eq "PERSON1"', [1]],
      ['username EQ "person1"', [1]],
      [`${core}:User:userName eq "person1"`, [1]],
      ['userName co "SON1"', [1]],
      ['userName sw "person" and userName ew "2"', [2]],
      ['userName ne "person0" and (userName eq "person0" or userName eq "person3")', [3]],
      ['externalId eq "Ext1"', [1]],
      ['externalId eq "ext1"', []],
      ['externalId pr', [0, 1]],
      ['externalId ne "Ext1" and userName sw "person" and externalId pr', [0]],
      ['not (externalId pr) and name.givenName eq "odd"', [3, 5, 7]],
      ['not (externalId eq "Ext0") and name.givenName eq "EVEN"', [2, 4, 6]],
      ['name.familyName eq "name_4"', [4]],
      ['name.familyName co "_5"', [5]],
      ['name.familyName co "%"', []],
      ['name.familyName eq null and name.givenName eq "Odd"', [1, 3]],
      ['active eq false', [7]],
      ['active eq "False"', [7]],
      ['active ne true', [7]],
      ['active eq true and name.familyName pr', [4, 5, 6]],
      ['emails eq "person2@company.example"', [2]],
      ['emails.value sw "person2@"', [2]],
      ['emails[type eq "work" and value eq "PERSON2@company.example"]', [2]],
      ['emails[type eq "home" and value eq "person2@company.example"]', []],
      ['emails[type eq "work"].value eq "person2@company.example"', [2]],
      [`id eq "${ids[6]}"`, [6]],
      ['meta.created gt "2100-01-01T00:00:00Z"', []],
      ['meta.created le "2100-01-01T00:00:00Z" and userName eq "person6"', [6]],
      ['userName eq "a \\" quote \\u0000 \\\\"', []],
      ['userName eq "and or not ()[]"', []],
    ];
    for (const [filter, expected] of table) expect([filter, await matching(filter)]).toEqual([filter, expected]);
  });

  it('refuses faulty filters, and filters that cost too much, with invalidFilter (3.12)', async () => {
    const faulty = [
      ...[
        '',
        ' ',
        'userName',
        'userName eq',
        'userName eq "',
        'userName xx "a"',
        'eq "a"',
        '(userName eq "a"',
        'userName eq "a")',
      ],
      ...['userName eq "a" and', 'not userName eq "a"', 'emails[type eq "work"', 'userName eq a', '.value eq "a"'],
      ...[
        'unknown eq "a"',
        'password eq "a"',
        'passwordHash sw "a"',
        'constructor eq "a"',
        '__proto__ eq "a"',
        'displayName eq "a"',
      ],
      ...['userName gt "a"', 'active co "t"', 'active eq "maybe"', 'meta.created eq "never"', 'userName eq "\\x"'],
      ...[`${'('.repeat(20)}userName eq "a"${')'.repeat(20)}`, Array(60).fill('userName eq "a"').join(' or ')],
      'x'.repeat(5_000),
    ];
    for (const filter of faulty)
      expect([filter, await fault(client.get(`/Users?filter=${encodeURIComponent(filter)}`))]).toEqual([
        filter,
        [400, 'invalidFilter'],
      ]);
    const started = performance.now();
    const wide = Array.from({ length: 12 }, () => '(userName eq "a" or userName eq "b")').join(' and ');
    expect((await listed(`filter=${encodeURIComponent(wide)}`)).totalResults).toBe(0);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('shows the attributes that the client wants, and always the ID (3.9)', async () => {
    const keys = async (query: string) => Object.keys((await client.get(`/Users/${ids[0]}?${query}`)).body).sort();
    expect(await keys('attributes=userName')).toEqual(['id', 'schemas', 'userName']);
    expect(await keys(`attributes=${core}:User:USERNAME,emails`)).toEqual(['emails', 'id', 'schemas', 'userName']);
    expect((await client.get(`/Users/${ids[0]}?attributes=name.givenName,emails.value`)).body).toEqual({
      schemas: [`${core}:User`],
      id: ids[0],
      name: { givenName: 'Even' },
      emails: [{ value: 'person0@company.example' }],
    });
    expect(await keys('excludedAttributes=emails,name,id,meta,schemas')).toEqual(
      ['active', 'displayName', 'externalId', 'id', 'schemas', 'userName'].sort(),
    );
    const { body } = await client.get(`/Users/${ids[0]}?excludedAttributes=emails.type`);
    expect(body.emails).toEqual([{ value: 'person0@company.example', primary: true }]);
    const [first] = (await listed('attributes=userName&count=1')).Resources;
    expect(Object.keys(first).sort()).toEqual(['id', 'schemas', 'userName']);
  });

  it('has versions: If-None-Match saves a read, and If-Match a lost update (3.14)', async () => {
    const path = `/Users/${ids[2]}`;
    const first = await client.get(path);
    const etag = first.headers.get('etag')!;
    expect(first.body.meta.version).toBe(etag);
    expect(etag).toMatch(/^W\/"[\w-]+"$/);
    expect((await client.get(path, { 'if-none-match': etag })).status).toBe(304);
    const rename = (value: string) => [{ op: 'replace', path: 'name.familyName', value }];
    const second = await client.patch(path, rename('One'), { 'if-match': etag });
    expect([second.status, second.headers.get('etag') === etag]).toEqual([200, false]);
    for (const answer of [
      client.patch(path, rename('Two'), { 'if-match': etag }),
      client.patch(path, rename('One'), { 'if-match': etag }),
      client.put(path, { userName: 'person2', active: false }, { 'if-match': etag }),
      client.delete(path, { 'if-match': etag }),
    ])
      expect(await fault(answer)).toEqual([412, undefined]);
    expect((await client.get(path)).body.name.familyName).toBe('One');
    expect((await client.patch(path, rename('Two'), { 'if-match': '*' })).status).toBe(200);

    const group = await client.post('/Groups', { displayName: 'Versions' });
    const target = `/Groups/${group.body.id}`;
    const before = group.headers.get('etag')!;
    const add = [{ op: 'add', path: 'members', value: [{ value: ids[0] }] }];
    expect((await client.patch(target, add, { 'if-match': before })).status).toBe(204);
    expect(await fault(client.patch(target, add, { 'if-match': before }))).toEqual([412, undefined]);
    expect(await fault(client.delete(target, { 'if-match': before }))).toEqual([412, undefined]);
    const now = (await client.get(`${target}?excludedAttributes=members`)).headers.get('etag')!;
    expect(now).not.toBe(before);
    expect((await client.delete(target, { 'if-match': now })).status).toBe(204);
  });

  it('refuses faulty bodies and operations with their type (3.5.2, 3.12)', async () => {
    const path = `/Users/${ids[3]}`;
    const table: [object | string, string][] = [
      ['{', 'invalidSyntax'],
      ['[]', 'invalidSyntax'],
      [{ Operations: [{ op: 'replace', path: 'userName', value: 'x' }] }, 'invalidSyntax'],
      [{ schemas: [patchOp] }, 'invalidSyntax'],
      [{ schemas: [patchOp], Operations: [] }, 'invalidSyntax'],
      [{ schemas: [patchOp], Operations: [{ op: 'move', path: 'userName', value: 'x' }] }, 'invalidSyntax'],
      [{ schemas: [patchOp], Operations: [{ op: 'remove' }] }, 'noTarget'],
      [
        {
          schemas: [patchOp],
          Operations: [{ op: 'replace', path: 'emails[type eq "home"].value', value: 'a@b.example' }],
        },
        'noTarget',
      ],
      [{ schemas: [patchOp], Operations: [{ op: 'replace', path: 'userName' }] }, 'invalidValue'],
      [{ schemas: [patchOp], Operations: [{ op: 'replace', path: 'userName', value: 'with space' }] }, 'invalidValue'],
      [{ schemas: [patchOp], Operations: [{ op: 'replace', path: 'userName', value: 7 }] }, 'invalidValue'],
      [{ schemas: [patchOp], Operations: [{ op: 'replace', path: 'emails', value: 'nonsense' }] }, 'invalidValue'],
      [{ schemas: [patchOp], Operations: [{ op: 'replace', path: 'unknown', value: 'x' }] }, 'invalidPath'],
      [{ schemas: [patchOp], Operations: [{ op: 'replace', path: 'a b', value: 'x' }] }, 'invalidPath'],
      [{ schemas: [patchOp], Operations: [{ op: 'replace', path: 'emails[', value: 'x' }] }, 'invalidPath'],
      [
        { schemas: [patchOp], Operations: [{ op: 'replace', path: 'emails[type xx "a"]', value: 'x' }] },
        'invalidFilter',
      ],
      [{ schemas: [patchOp], Operations: [{ op: 'replace', path: 'id', value: 'x' }] }, 'mutability'],
      [{ schemas: [patchOp], Operations: [{ op: 'add', path: 'groups', value: [] }] }, 'mutability'],
      [{ schemas: [patchOp], Operations: [{ op: 'remove', path: 'userName' }] }, 'mutability'],
      [{ schemas: [patchOp], Operations: [{ op: 'remove', path: 'emails' }] }, 'mutability'],
      [{ schemas: [patchOp], Operations: [{ op: 'replace', path: 'externalId', value: '\0' }] }, 'invalidValue'],
      [{ schemas: [patchOp], Operations: Array(1_001).fill({ op: 'remove', path: 'name' }) }, 'tooMany'],
    ];
    const before = (await client.get(path)).body;
    for (const [body, type] of table)
      expect([body, await fault(client.send('PATCH', path, body))]).toEqual([body, [400, type]]);
    // An operation that fails leaves the others without effect.
    const partly = client.patch(path, [
      { op: 'replace', path: 'name.givenName', value: 'Changed' },
      { op: 'replace', path: 'unknown', value: 'x' },
    ]);
    expect(await fault(partly)).toEqual([400, 'invalidPath']);
    const taken = client.patch(path, [
      { op: 'replace', path: 'name.givenName', value: 'Changed' },
      { op: 'replace', path: 'userName', value: 'person0' },
    ]);
    expect(await fault(taken)).toEqual([409, 'uniqueness']);
    expect((await client.get(path)).body).toEqual(before);
    expect(await fault(client.post('/Users', { userName: '' }))).toEqual([400, 'invalidValue']);
    expect(await fault(client.post('/Users', {}))).toEqual([400, 'invalidValue']);
    expect(await fault(client.post('/Groups', { members: [] }))).toEqual([400, 'invalidValue']);
    const { body: group } = await client.post('/Groups', { displayName: 'Faults' });
    const members = (value: unknown) => client.patch(`/Groups/${group.id}`, [{ op: 'add', path: 'members', value }]);
    for (const value of [[{ value: 'unknown' }], [{ value: group.id, type: 'Group' }], [{}], 7])
      expect([value, await fault(members(value))]).toEqual([value, [400, 'invalidValue']]);
    expect(await fault(client.post('/Groups', { displayName: 'FAULTS' }))).toEqual([409, 'uniqueness']);
  });

  it('accepts its content types only, and bounded bodies', async () => {
    const user = JSON.stringify({ userName: 'typed' });
    const as = (type: string) => client.send('POST', '/Users', user, { 'content-type': type });
    expect(await fault(as('text/plain'))).toEqual([415, undefined]);
    expect(await fault(as('application/xml'))).toEqual([415, undefined]);
    expect((await as('application/json; charset=utf-8')).status).toBe(201);
    const large = JSON.stringify({ userName: 'large', title: 'x'.repeat(1_100_000) });
    expect(await fault(client.send('POST', '/Users', large))).toEqual([413, undefined]);
  });
});
