import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { until } from '../server/tools.ts';
import { core, type ScimClient } from '../support/scim.ts';
import { provisioned, World } from './stage.ts';

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** The requests of Entra, as its documentation and its provisioning logs show them. */
describe('Entra', () => {
  let world: World;
  let main: Tenant;
  let client: ScimClient;
  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    ({ client } = await provisioned(world, main));
  });
  afterAll(() => world.close());

  let count = 0;
  const person = async () => {
    count += 1;
    const name = `entra${count}@company.example`;
    const answer = await client.post('/Users', {
      schemas: [`${core}:User`, enterprise],
      externalId: `object-${count}`,
      userName: name,
      active: true,
      emails: [{ primary: true, type: 'work', value: name }],
      meta: { resourceType: 'User' },
      name: { formatted: 'Given Family', familyName: 'Family', givenName: 'Given' },
      displayName: 'Given Family',
      title: 'Engineer',
      roles: [],
      [enterprise]: { department: 'Data' },
    });
    expect(answer.status).toBe(201);
    return { name, id: answer.body.id as string, answer };
  };
  const group = async (members: readonly string[] = []) => {
    count += 1;
    const { status, body } = await client.post('/Groups', {
      schemas: [`${core}:Group`, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
      externalId: `group-${count}`,
      displayName: `Group ${count}`,
      meta: { resourceType: 'Group' },
      members: members.map((value) => ({ value })),
    });
    expect(status).toBe(201);
    return body.id as string;
  };
  const membersOf = async (id: string) =>
    ((await client.get(`/Groups/${id}`)).body.members as { value: string }[]).map(({ value }) => value).sort();

  it('tests the connection with a user name that does not exist', async () => {
    const { status, body, headers } = await client.get(
      `/Users?filter=${encodeURIComponent('userName eq "5e8a1a1c-0f7c-4c1e-8a45-no-such-user"')}`,
    );
    expect([status, headers.get('content-type')]).toEqual([200, 'application/scim+json']);
    expect(body).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: 0,
      startIndex: 1,
      itemsPerPage: 0,
      Resources: [],
    });
  });

  it('creates a user, finds them by name and external ID, and ignores what the gateway does not store', async () => {
    const { id, name, answer } = await person();
    expect(answer.headers.get('location')).toBe(`${client.base}/Users/${id}`);
    expect(answer.body).toMatchObject({
      schemas: [`${core}:User`],
      userName: name,
      active: true,
      name: { givenName: 'Given', familyName: 'Family', formatted: 'Given Family' },
      emails: [{ value: name, type: 'work', primary: true }],
      meta: { resourceType: 'User', location: `${client.base}/Users/${id}` },
    });
    expect(answer.body).not.toHaveProperty('title');
    for (const filter of [
      `userName eq "${name.toUpperCase()}"`,
      `externalId eq "${answer.body.externalId}"`,
      `emails[type eq "work"].value eq "${name}"`,
    ])
      expect((await client.find('Users', filter)).Resources.map((one: { id: string }) => one.id)).toEqual([id]);
    const again = await client.post('/Users', { schemas: [`${core}:User`], userName: name });
    expect([again.status, again.body.scimType, again.body.status]).toEqual([409, 'uniqueness', '409']);
  });

  it('changes a user in each of its spellings', async () => {
    const { id } = await person();
    const operations: [object, object][] = [
      [{ op: 'Replace', path: 'name.givenName', value: 'One' }, { name: { givenName: 'One' } }],
      [{ op: 'replace', path: 'NAME.familyname', value: 'Two' }, { name: { familyName: 'Two' } }],
      [{ op: 'Add', path: 'externalId', value: 'another' }, { externalId: 'another' }],
      [
        { op: 'Replace', path: 'emails[type eq "work"].value', value: `new${count}@company.example` },
        { emails: [{ value: `new${count}@company.example` }] },
      ],
      [
        { op: 'Replace', value: { 'name.givenName': 'Three', displayName: 'x', [`${enterprise}:department`]: 'y' } },
        { name: { givenName: 'Three' } },
      ],
      [{ op: 'Replace', path: `${core}:User:name.familyName`, value: 'Four' }, { name: { familyName: 'Four' } }],
      [{ op: 'Replace', path: 'userName', value: `renamed${count}` }, { userName: `renamed${count}` }],
      [{ op: 'Add', path: `${enterprise}:manager`, value: 'x' }, {}],
      [{ op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '1' }, {}],
    ];
    for (const [operation, expected] of operations) {
      const { status, body } = await client.patch(`/Users/${id}`, [operation]);
      expect([operation, status]).toEqual([operation, 200]);
      expect(body).toMatchObject(expected);
    }
    const { body } = await client.patch(`/Users/${id}`, [{ op: 'Remove', path: 'name.givenName' }]);
    expect(body.name).toEqual({ formatted: 'Four', familyName: 'Four' });
  });

  it('deactivates a user in each of its spellings, which ends sessions, tokens and streams at once', async () => {
    const spellings = [
      { op: 'Replace', path: 'active', value: 'False' },
      { op: 'replace', path: 'active', value: false },
      { op: 'Add', path: 'active', value: 'false' },
      { op: 'Replace', value: { active: 'False' } },
      { op: 'replace', value: { Active: false } },
      { op: 'REPLACE', path: `${core}:User:active`, value: [{ value: 'False' }] },
    ];
    for (const spelling of spellings) {
      const { id } = await person();
      const user = await world.as({ id });
      const stop = new AbortController();
      const items: string[] = [];
      const stream = (async () => {
        for await (const { errors } of user.sse('subscription { auditEvents { event { id } } }', {}, stop.signal))
          items.push(...(errors ?? []).map(({ extensions }) => extensions.code));
      })().finally(() => items.push('end'));
      expect(await user.codes('{ viewer { name } }')).toEqual([]);
      const { status, body } = await client.patch(`/Users/${id}`, [spelling]);
      expect([spelling, status, body.active]).toEqual([spelling, 200, false]);
      expect(await user.codes('{ viewer { name } }')).toEqual(['UNAUTHENTICATED']);
      await until('the stream ends', () => items.includes('end'));
      await stream;
      stop.abort();
      expect(await world.db.apiToken.count({ where: { principalId: id } })).toBe(0);
      expect((await client.get(`/Users/${id}`)).body.active).toBe(false);
      expect((await client.find('Users', `id eq "${id}" and active eq false`)).totalResults).toBe(1);
      const back = await client.patch(`/Users/${id}`, [{ op: 'Replace', path: 'active', value: 'True' }]);
      expect(back.body.active).toBe(true);
      // A token of the time before does not come back.
      expect(await user.codes('{ viewer { name } }')).toEqual(['UNAUTHENTICATED']);
    }
    const { id } = await person();
    for (const value of ['no', 0, null, {}]) {
      const { status, body } = await client.patch(`/Users/${id}`, [{ op: 'Replace', path: 'active', value }]);
      expect([value, status, body.scimType]).toEqual([value, 400, 'invalidValue']);
    }
  });

  it('adds and removes members one by one, and removing one never empties a group', async () => {
    const [a, b, c] = [await person(), await person(), await person()];
    const id = await group();
    for (const { id: value } of [a, b, c]) {
      const add = { op: 'Add', path: 'members', value: [{ $ref: null, value }] };
      expect((await client.patch(`/Groups/${id}`, [add])).status).toBe(204);
      expect((await client.patch(`/Groups/${id}`, [add])).status).toBe(204);
    }
    expect(await membersOf(id)).toEqual([a.id, b.id, c.id].sort());
    expect(
      (await client.patch(`/Groups/${id}`, [{ op: 'Remove', path: 'members', value: [{ value: a.id }] }])).status,
    ).toBe(204);
    expect(await membersOf(id)).toEqual([b.id, c.id].sort());
    const path = `members[value eq "${b.id}"]`;
    expect((await client.patch(`/Groups/${id}`, [{ op: 'remove', path }])).status).toBe(204);
    expect((await client.patch(`/Groups/${id}`, [{ op: 'remove', path }])).status).toBe(204);
    expect((await client.patch(`/Groups/${id}`, [{ op: 'Remove', path: 'members', value: [] }])).status).toBe(204);
    expect(await membersOf(id)).toEqual([c.id]);
    // The control: without a value, RFC 7644 removes all.
    expect((await client.patch(`/Groups/${id}`, [{ op: 'Remove', path: 'members' }])).status).toBe(204);
    expect(await membersOf(id)).toEqual([]);
  });

  it('changes members in bulk, and keeps service accounts, which it does not see', async () => {
    const people = [await person(), await person(), await person()];
    const ids = people.map(({ id }) => id);
    const id = await group(ids.slice(0, 1));
    const bot = await world.account(main, `bot${count}`);
    await world.member(main, (await world.db.group.findFirst({ where: { id } }))!, bot);
    const all = { op: 'Replace', path: 'members', value: ids.map((value) => ({ value })) };
    expect((await client.patch(`/Groups/${id}`, [all])).status).toBe(204);
    expect(await membersOf(id)).toEqual([...ids].sort());
    expect(
      (await client.put(`/Groups/${id}`, { displayName: 'Fewer', members: [{ value: ids[2] }] })).body,
    ).toMatchObject({ displayName: 'Fewer', members: [{ value: ids[2] }] });
    // A PUT without members keeps them.
    expect((await client.put(`/Groups/${id}`, { displayName: 'Still fewer' })).body.members).toHaveLength(1);
    await client.patch(`/Groups/${id}`, [{ op: 'Remove', path: 'members' }]);
    expect(await world.db.groupMember.findMany({ where: { groupId: id }, select: { principalId: true } })).toEqual([
      { principalId: bot.id },
    ]);
  });

  it('reads a group without its members, renames it and deletes it', async () => {
    const { id: value } = await person();
    const id = await group([value]);
    const { body } = await client.get(`/Groups/${id}?excludedAttributes=members`);
    expect(body).not.toHaveProperty('members');
    const found = await client.get(
      `/Groups?excludedAttributes=members&filter=${encodeURIComponent(`displayName eq "${body.displayName}"`)}`,
    );
    expect(found.body.Resources).toEqual([body]);
    expect((await client.patch(`/Groups/${id}`, [{ op: 'Replace', path: 'displayName', value: 'New' }])).status).toBe(
      204,
    );
    const members = await client.get(`/Groups?filter=${encodeURIComponent(`id eq "${id}" and members eq "${value}"`)}`);
    expect(members.body.Resources[0]).toMatchObject({ displayName: 'New' });
    expect((await client.get(`/Users/${value}`)).body.groups).toMatchObject([{ value: id, display: 'New' }]);
    expect((await client.delete(`/Groups/${id}`)).status).toBe(204);
    expect((await client.get(`/Groups/${id}`)).status).toBe(404);
    expect((await client.get(`/Users/${value}`)).status).toBe(200);
  });

  it('deletes a user, with an event of every step in the audit log', async () => {
    const { id, name } = await person();
    await client.patch(`/Users/${id}`, [{ op: 'Replace', path: 'externalId', value: 'other' }]);
    expect((await client.delete(`/Users/${id}`)).status).toBe(204);
    expect((await client.get(`/Users/${id}`)).status).toBe(404);
    expect(await world.db.user.findFirst({ where: { id } })).toBeNull();
    const events = await world.db.auditEvent.findMany({
      where: { OR: [{ resourceId: id }, { resourceKey: `user:${name}` }], actorName: 'directory' },
      orderBy: { at: 'asc' },
    });
    expect(events.map(({ action }) => action).sort()).toEqual([
      'tenant-access.create',
      'tenant-access.delete',
      'tenant-access.set-external-id',
      'user.create',
      'user.delete',
    ]);
    expect(new Set(events.map(({ reason }) => reason))).toEqual(new Set(['SCIM']));
  });

  it('gives and takes rights by groups: a member holds its roles as long as they are a member', async () => {
    const { id: value } = await person();
    const id = await group();
    const own = (await world.db.group.findFirst({ where: { id } }))!;
    const role = await world.role(main, `Readers ${count}`, ['FLOW:READ']);
    await world.bind(main, { group: own }, role);
    const add = [{ op: 'Add', path: 'members', value: [{ value }] }];
    // The client cannot hand on what it does not hold itself.
    expect((await client.patch(`/Groups/${id}`, add)).status).toBe(403);
    expect(await membersOf(id)).toEqual([]);
    const account = (await world.db.serviceAccount.findFirst({ where: { name: 'directory' } }))!;
    await world.grant(main, account, ['FLOW:READ']);
    expect((await client.patch(`/Groups/${id}`, add)).status).toBe(204);
    const user = await world.as({ id: value });
    const flows = '{ tenant(key: "main") { flows { nodes { id } } } }';
    expect(await user.codes(flows)).toEqual([]);
    await client.patch(`/Groups/${id}`, [{ op: 'Remove', path: 'members', value: [{ value }] }]);
    expect(await user.codes(flows)).toEqual(['FORBIDDEN']);
  });
});

/** The requests of Okta, as its documentation and its test suite show them. */
describe('Okta', () => {
  let world: World;
  let client: ScimClient;
  beforeAll(async () => {
    world = await World.create();
    ({ client } = await provisioned(world, await world.tenant('main')));
  });
  afterAll(() => world.close());

  it('provisions, updates, deactivates and reactivates a user, and pushes groups', async () => {
    const empty = await client.get('/Users?startIndex=1&count=2');
    expect([empty.status, empty.body.totalResults]).toEqual([200, 0]);
    expect((await client.get('/Users/010101001010101011001010101011')).status).toBe(404);
    const body = {
      schemas: [`${core}:User`],
      userName: 'test.user@okta.example',
      name: { givenName: 'Test', familyName: 'User' },
      emails: [{ primary: true, value: 'test.user@okta.example', type: 'work' }],
      displayName: 'Test User',
      locale: 'en-US',
      externalId: '00ujl29u0le5T6Aj10h7',
      groups: [],
      password: '1mz050nq',
      active: true,
    };
    const created = await client.post('/Users', body);
    expect(created.status).toBe(201);
    expect(created.body).not.toHaveProperty('password');
    expect(await world.db.user.findFirst({ where: { id: created.body.id } })).toMatchObject({ passwordHash: null });
    const { id } = created.body;
    expect((await client.post('/Users', body)).status).toBe(409);
    expect((await client.get(`/Users/${id}`)).body).toEqual(created.body);
    const put = await client.put(`/Users/${id}`, {
      ...created.body,
      name: { givenName: 'Another', middleName: 'Excited', familyName: 'User' },
    });
    expect([put.status, put.body.name.givenName]).toEqual([200, 'Another']);
    for (const active of [false, true]) {
      const patched = await client.patch(`/Users/${id}`, [{ op: 'replace', value: { active } }]);
      expect([patched.status, patched.body.active]).toEqual([200, active]);
    }
    expect((await client.put(`/Users/${id}`, { ...put.body, active: false })).body.active).toBe(false);

    const group = await client.post('/Groups', { schemas: [`${core}:Group`], displayName: 'Test SCIMv2', members: [] });
    expect(group.status).toBe(201);
    const target = `/Groups/${group.body.id}`;
    const members = [{ value: id, display: 'test.user@okta.example' }];
    expect(
      (await client.patch(target, [{ op: 'replace', value: { id: group.body.id, displayName: 'Renamed' } }])).status,
    ).toBe(204);
    expect((await client.patch(target, [{ op: 'add', path: 'members', value: members }])).status).toBe(204);
    expect((await client.get(target)).body).toMatchObject({ displayName: 'Renamed', members: [{ value: id }] });
    expect((await client.patch(target, [{ op: 'remove', path: `members[value eq "${id}"]` }])).status).toBe(204);
    expect((await client.patch(target, [{ op: 'replace', path: 'members', value: members }])).status).toBe(204);
    expect(
      (await client.put(target, { schemas: [`${core}:Group`], id: group.body.id, displayName: 'Renamed', members: [] }))
        .body.members,
    ).toEqual([]);
    expect((await client.delete(target)).status).toBe(204);
  });
});
