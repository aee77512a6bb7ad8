import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { roundTrips } from '../support/round-trips.ts';
import type { ScimClient } from '../support/scim.ts';
import { ofInstance, ofTenant, provisioned, World } from './stage.ts';

describe('access by SCIM', () => {
  let world: World;
  let a: Tenant;
  let b: Tenant;
  let ofA: ScimClient;
  let ofB: ScimClient;
  let tokenOfA: string;
  beforeAll(async () => {
    world = await World.create();
    a = await world.tenant('a');
    b = await world.tenant('b');
    ({ client: ofA, token: tokenOfA } = await provisioned(world, a, 'directory-a'));
    ({ client: ofB } = await provisioned(world, b, 'directory-b'));
  });
  afterAll(() => world.close());

  let count = 0;
  const create = async (client: ScimClient, more: object = {}) => {
    count += 1;
    const { status, body } = await client.post('/Users', { userName: `someone${count}`, ...more });
    expect([status, body.scimType]).toEqual([201, undefined]);
    return body as { id: string; userName: string; emails: { value: string }[] };
  };
  const stored = (id: string) => world.db.user.findFirstOrThrow({ where: { id } });
  const hasAccess = async (tenant: Tenant, principalId: string) =>
    (await world.db.tenantAccess.count({ where: { tenantId: tenant.id, principalId } })) === 1;

  it('requires a token of a service account with access to the tenant', async () => {
    const status = async (headers: Record<string, string>, tenant = 'a') => {
      const response = await fetch(`${world.urls[0]}/scim/v2/${tenant}/Users`, { headers });
      const body = (await response.json()) as { status: string };
      expect(body.status).toBe(response.status === 200 ? undefined : String(response.status));
      return [response.status, response.headers.get('www-authenticate')];
    };
    expect(await status({})).toEqual([401, 'Bearer']);
    expect(await status({ authorization: 'Bearer nonsense' })).toEqual([401, 'Bearer']);
    expect(await status({ authorization: `Bearer ${tokenOfA}` })).toEqual([200, null]);
    expect(await status({ authorization: `Bearer ${tokenOfA}` }, 'b')).toEqual([404, null]);
    expect(await status({ authorization: `Bearer ${tokenOfA}` }, 'unknown')).toEqual([404, null]);
    expect(await status({ authorization: `Bearer ${tokenOfA}` }, '%00')).toEqual([404, null]);
    expect(await status(world.root().headers)).toEqual([403, null]);
    expect(await status((await world.as(await world.user('person', [a]))).headers)).toEqual([403, null]);
    const impersonating = { authorization: `Bearer ${tokenOfA}`, 'x-gatehouse-impersonate': 'person' };
    expect(await status(impersonating)).toEqual([403, null]);
  });

  it('requires the permission of each act, and records a refusal', async () => {
    const user = await create(ofA);
    const { body: group } = await ofA.post('/Groups', { displayName: 'Permissions' });
    const member = [{ op: 'add', path: 'members', value: [{ value: user.id }] }];
    const acts: [string, (client: ScimClient) => Promise<{ status: number }>][] = [
      ['TENANT_ACCESS:CREATE', (c) => c.post('/Users', { userName: 'nobody1' })],
      ['USER:CREATE', (c) => c.post('/Users', { userName: 'nobody2' })],
      ['USER:UPDATE', (c) => c.patch(`/Users/${user.id}`, [{ op: 'replace', path: 'active', value: false }])],
      ['USER:UPDATE', (c) => c.put(`/Users/${user.id}`, { name: { givenName: 'X' } })],
      ['TENANT_ACCESS:CREATE', (c) => c.put(`/Users/${user.id}`, { externalId: 'x' })],
      ['USER:DELETE', (c) => c.delete(`/Users/${user.id}`)],
      ['GROUP:READ', (c) => c.get('/Groups')],
      ['GROUP:READ', (c) => c.get(`/Groups/${group.id}`)],
      ['GROUP:CREATE', (c) => c.post('/Groups', { displayName: 'Refused' })],
      ['GROUP:UPDATE', (c) => c.post('/Groups', { displayName: 'Refused', members: [{ value: user.id }] })],
      ['GROUP:UPDATE', (c) => c.patch(`/Groups/${group.id}`, member)],
      ['GROUP:UPDATE', (c) => c.put(`/Groups/${group.id}`, { displayName: 'Other' })],
      ['GROUP:DELETE', (c) => c.delete(`/Groups/${group.id}`)],
    ];
    const state = async () =>
      JSON.stringify([await stored(user.id), await world.db.group.findMany(), await world.db.groupMember.findMany()]);
    for (const [i, [permission, act]] of acts.entries()) {
      const name = `lacks${i}`;
      const without = (list: readonly string[]) => list.filter((one) => one !== permission) as never;
      const { client } = await provisioned(world, a, name, without(ofTenant), without(ofInstance));
      const before = await state();
      expect([permission, (await act(client)).status]).toEqual([permission, 403]);
      expect(await state()).toBe(before);
      const events = await world.db.auditEvent.findMany({ where: { actorName: name, outcome: 'DENIED' } });
      expect(events.map(({ resource, type, details }) => [`${resource}:${type}`, (details as any).field])).toEqual([
        [permission, 'scim'],
      ]);
    }
    // Without TENANT_ACCESS:READ, the account sees no user at all.
    const { client } = await provisioned(
      world,
      a,
      'blind',
      ofTenant.filter((one) => one !== 'TENANT_ACCESS:READ'),
    );
    expect((await client.get('/Users')).body.totalResults).toBe(0);
    for (const act of [client.get(`/Users/${user.id}`), client.delete(`/Users/${user.id}`)])
      expect((await act).status).toBe(404);
  });

  it('sees no user and no group of another tenant', async () => {
    const mine = await create(ofA);
    const { body: group } = await ofA.post('/Groups', { displayName: 'Of A', members: [{ value: mine.id }] });
    const before = await stored(mine.id);
    for (const path of [`/Users/${mine.id}`, `/Groups/${group.id}`]) {
      expect((await ofB.get(path)).status).toBe(404);
      expect((await ofB.patch(path, [{ op: 'replace', path: 'externalId', value: 'x' }])).status).toBe(404);
      expect((await ofB.put(path, { displayName: 'x', active: false })).status).toBe(404);
      expect((await ofB.delete(path)).status).toBe(404);
    }
    for (const filter of [`userName eq "${mine.userName}"`, `id eq "${mine.id}"`])
      expect((await ofB.find('Users', filter)).totalResults).toBe(0);
    expect((await ofB.find('Groups', `members eq "${mine.id}"`)).totalResults).toBe(0);
    const foreign = await ofB.post('/Groups', { displayName: 'Of B', members: [{ value: mine.id }] });
    expect([foreign.status, foreign.body.scimType]).toEqual([400, 'invalidValue']);
    expect(await stored(mine.id)).toEqual(before);
    // A service account is not a user.
    const account = await world.db.serviceAccount.findFirstOrThrow({ where: { name: 'directory-a' } });
    expect((await ofA.get(`/Users/${account.id}`)).status).toBe(404);
    expect((await ofA.delete(`/Users/${account.id}`)).status).toBe(404);
  });

  it('gives an existing user access, and never changes them beyond it', async () => {
    const owner = await world.user('outsider', [b]);
    const before = await stored(owner.id);
    const { status, body } = await ofA.post('/Users', {
      userName: 'OUTSIDER',
      externalId: 'ext',
      name: { givenName: 'Changed' },
      emails: [{ value: 'changed@company.example' }],
    });
    expect([status, body.id, body.userName]).toEqual([201, owner.id, 'outsider']);
    const changes = { userName: 'renamed', name: { givenName: 'x' }, emails: [{ value: 'x@company.example' }] };
    expect((await ofA.put(`/Users/${owner.id}`, { ...changes, externalId: 'other' })).body).toMatchObject({
      userName: 'outsider',
      externalId: 'other',
    });
    expect(await stored(owner.id)).toEqual(before);
    const gone = await ofA.patch(`/Users/${owner.id}`, [{ op: 'replace', path: 'active', value: 'False' }]);
    expect([gone.status, gone.body.active]).toEqual([200, false]);
    expect((await ofA.get(`/Users/${owner.id}`)).status).toBe(404);
    expect([await hasAccess(a, owner.id), await hasAccess(b, owner.id)]).toEqual([false, true]);
    expect(await stored(owner.id)).toEqual(before);
    expect((await ofA.post('/Users', { userName: 'outsider' })).status).toBe(201);
    expect((await ofA.delete(`/Users/${owner.id}`)).status).toBe(204);
    expect(await stored(owner.id)).toEqual(before);
    expect((await ofA.post('/Users', { userName: 'outsider', active: false })).status).toBe(400);
  });

  it('no longer owns a user who is given access elsewhere, rights at the instance, or super administration', async () => {
    const elsewhere = await create(ofA);
    await ofB.post('/Users', { userName: elsewhere.userName });
    const atInstance = await create(ofA);
    await world.grant(null, { id: atInstance.id }, ['USER:READ']);
    const admin = await create(ofA);
    await world.db.user.update({ where: { id: admin.id }, data: { superAdmin: true } });
    const local = await world.user('local', [a]);
    for (const { id } of [elsewhere, atInstance, admin, local]) {
      const before = await stored(id);
      const rename = [
        { op: 'replace', value: { userName: `taken-over${count}`, 'emails[type eq "work"].value': 'evil@x.example' } },
      ];
      expect((await ofA.patch(`/Users/${id}`, rename)).status).toBe(200);
      expect((await ofA.patch(`/Users/${id}`, [{ op: 'replace', path: 'active', value: false }])).status).toBe(200);
      expect(await stored(id)).toEqual(before);
      expect(await hasAccess(a, id)).toBe(false);
    }
    expect(await hasAccess(b, elsewhere.id)).toBe(true);
    // The control: one of its own is changed.
    const own = await create(ofA);
    await ofA.put(`/Users/${own.id}`, { userName: 'own-renamed' });
    expect((await stored(own.id)).username).toBe('own-renamed');
  });

  it('neither shows nor searches values that a policy masks', async () => {
    const strict = await World.create({
      config: {
        policies: { 'mask-personal-data': { enabled: true, shadow: false, fields: ['email', 'lastName'] } },
      },
    });
    const tenant = await strict.tenant('main');
    const { client } = await provisioned(strict, tenant);
    const { body } = await client.post('/Users', {
      userName: 'hidden',
      name: { familyName: 'Secret' },
      emails: [{ value: 'secret@company.example' }],
    });
    expect(body.emails[0].value).toBe('***');
    expect(JSON.stringify((await client.get('/Users')).body)).not.toMatch(/secret/i);
    for (const filter of [
      'emails co "secret"',
      'name.familyName sw "S"',
      'userName sw "h"',
      'userName eq "a@b.example"',
    ])
      expect([filter, (await client.find('Users', filter)).scimType]).toEqual([filter, 'invalidFilter']);
    expect((await client.find('Users', 'userName eq "hidden"')).totalResults).toBe(1);
    await strict.close();
  });

  it('changes one member of a group at the same cost, however many members it has', async () => {
    const members: string[] = [];
    for (let i = 0; i < 6; i += 1) members.push((await create(ofA)).id);
    const cost = async (size: number) => {
      const { body } = await ofA.post('/Groups', {
        displayName: `Size ${size}`,
        members: members.slice(0, size).map((value) => ({ value })),
      });
      const value = [{ value: members[5] }];
      const texts: string[][] = [];
      for (const op of ['add', 'remove']) {
        const { sent } = await roundTrips(world.app, async () => {
          expect((await ofA.patch(`/Groups/${body.id}`, [{ op, path: 'members', value }])).status).toBe(204);
        });
        texts.push(sent.map(({ text }) => text));
      }
      return texts;
    };
    const [small, larger] = [await cost(1), await cost(5)];
    expect(larger).toEqual(small);
    expect(small[0]!.length).toBeLessThan(30);
  });
});
