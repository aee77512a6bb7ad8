import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { readCatalogue, syncCatalogue } from '../../src/resources/orchestration/blueprint/catalogue.ts';
import { placedSource } from '../../src/resources/orchestration/blueprint/placed.ts';
import { readFlow } from '../../src/resources/orchestration/flow/source.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

const save = call('saveBlueprint', 'blueprint { id title description tags source kind }');
const remove = call('deleteBlueprint', 'deletedId');
const use = call('useBlueprint', 'flow { namespaceName flowId source revision }');
const list = `query($where: BlueprintWhere, $tenant: String = "main") {
  tenant(key: $tenant) { blueprintTags blueprints(first: 100, where: $where) { totalCount nodes { id title kind viewerPermissions } } } }`;
const source = 'id: mine\nnamespace: company.team\ntasks:\n  - id: one\n    type: io.company.Special\n';

describe('blueprints', () => {
  let world: World;
  let main: Tenant;
  let admin: Client;
  let guest: Client;
  const catalogue = readCatalogue();

  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    main = await world.tenant('main');
    const other = await world.tenant('other');
    const owner = await world.user('owner', [main]);
    await world.bind(main, { principal: owner }, await world.managed(main, 'Admin'));
    admin = await world.as(owner);
    guest = await world.as(await world.user('guest', [main]));
    const foreign = await world.user('foreign', [other]);
    await world.bind(other, { principal: foreign }, await world.managed(other, 'Admin'));
    await (await world.as(foreign)).ok(save, { i: { tenantKey: 'other', title: 'Theirs', source, tags: ['theirs'] } });
  });
  afterAll(() => world.close());

  const make = async (title: string, more: object = {}) =>
    (await admin.ok<any>(save, { i: { tenantKey: 'main', title, source, ...more } })).saveBlueprint.blueprint;
  const titles = async (where: object | null, client = admin) =>
    (await client.ok<any>(list, { where })).tenant.blueprints.nodes.map((one: any) => one.title);

  it('ship with Gatehouse: a dozen flows that can be saved unchanged', () => {
    expect(catalogue.length).toBeGreaterThanOrEqual(12);
    for (const { id, source: text, description, tags } of catalogue) {
      expect([id, readFlow(text)]).toMatchObject([id, { ok: true }]);
      expect(description).not.toBeNull();
      expect(tags.length).toBeGreaterThan(0);
    }
    expect(new Set(catalogue.map(({ titleKey }) => titleKey)).size).toBe(catalogue.length);
  });

  it('of the catalogue are readable by every viewer of the tenant, and are updated with the running version', async () => {
    const stored = () => world.db.blueprint.findMany({ where: { tenantId: null }, orderBy: { id: 'asc' } });
    const before = await stored();
    expect(before.length).toBe(catalogue.length);
    await syncCatalogue(world.app.store);
    expect(await stored()).toEqual(before);
    await world.db.blueprint.update({ where: { id: before[0]!.id }, data: { source: 'old' } });
    const gone = { id: 'catalogue-of-yore', title: 'Yore', titleKey: 'yore', source };
    await world.db.blueprint.create({ data: gone });
    await Promise.all(world.apps.map((app) => syncCatalogue(app.store)));
    expect((await stored()).map(({ id, source: text }) => [id, text])).toEqual(
      before.map(({ id, source: text }) => [id, text]),
    );
    const { tenant } = await guest.ok<any>(list);
    expect(tenant.blueprints.totalCount).toBe(catalogue.length);
    expect(tenant.blueprints.nodes[0]).toMatchObject({ kind: 'CATALOGUE', viewerPermissions: ['READ'] });
    expect(tenant.blueprintTags).toEqual([...new Set(catalogue.flatMap(({ tags }) => tags))].sort());
    const stranger = await world.as(await world.user('stranger'));
    expect((await stranger.ok<any>(list)).tenant).toBeNull();
  });

  it('are created and updated by one mutation with an event each; invalid input is refused with all faults and lines', async () => {
    const made = await make('Mine', { description: 'my own', tags: ['a', ' a ', 'b'] });
    expect(made).toMatchObject({ title: 'Mine', kind: 'CUSTOM', tags: ['a', 'b'], source });
    const change = (i: object) => admin.run<any>(save, { i: { tenantKey: 'main', id: made.id, ...i } });
    expect((await change({ description: null })).data.saveBlueprint.blueprint).toEqual({ ...made, description: null });
    expect((await change({ title: 'Mine too' })).errors).toEqual([]);
    const { errors } = await change({ source: 'id: x\ntasks: 3\n' });
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_INPUT' });
    expect(errors[0]?.extensions['issues']).toContainEqual(
      expect.objectContaining({ path: ['input', 'source', 'tasks'], line: 2 }),
    );
    const events = await world.db.auditEvent.findMany({
      where: { tenantId: main.id, resource: 'BLUEPRINT' },
      orderBy: { seq: 'asc' },
    });
    expect(events.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['blueprint.create', 'SUCCESS'],
      ['blueprint.update', 'SUCCESS'],
      ['blueprint.update', 'SUCCESS'],
    ]);
    expect(await admin.codes(save, { i: { tenantKey: 'main', title: 'MINE TOO', source } })).toEqual(['CONFLICT']);
    await admin.ok(remove, { i: { id: made.id } });
    expect(await admin.codes(remove, { i: { id: made.id } })).toEqual(['NOT_FOUND']);
  });

  it.each([
    [{ source }, ['input', 'title']],
    [{ title: 'x' }, ['input', 'source']],
    [{ title: ' ', source }, ['input', 'title']],
    [{ title: 'x', source, tags: ['ok', ''] }, ['input', 'tags', 1]],
    [{ title: 'x', source, tags: Array.from({ length: 21 }, (_, i) => `t${i}`) }, ['input', 'tags']],
    [{ title: 'x', source: `${source}# ${'x'.repeat(500_000)}` }, ['input', 'source']],
  ])('refuse %j with its path', async (input, path) => {
    const { errors } = await admin.run(save, { i: { tenantKey: 'main', ...input } });
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_INPUT', issues: [{ path }] });
  });

  it('require one permission to create and another to update, in their own tenant', async () => {
    const mine = await make('Guarded');
    const with_ = async (name: string, permissions: string[]) => {
      const user = await world.user(name, [main]);
      await world.grant(main, user, permissions as never);
      return world.as(user);
    };
    const maker = await with_('maker', ['BLUEPRINT:READ', 'BLUEPRINT:CREATE']);
    const changer = await with_('changer', ['BLUEPRINT:READ', 'BLUEPRINT:UPDATE']);
    const create = (title: string) => ({ i: { tenantKey: 'main', title, source } });
    const change = { i: { tenantKey: 'main', id: mine.id, description: 'changed' } };
    expect(await maker.codes(save, create('By maker'))).toEqual([]);
    expect(await maker.codes(save, change)).toEqual(['FORBIDDEN']);
    expect(await changer.codes(save, create('By changer'))).toEqual(['FORBIDDEN']);
    expect(await changer.codes(save, change)).toEqual([]);
    const denied = await world.db.auditEvent.findMany({
      where: { tenantId: main.id, outcome: 'DENIED', actorName: { in: ['maker', 'changer'] } },
    });
    expect(denied.map(({ action, actorName }) => [action, actorName]).sort()).toEqual([
      ['blueprint.create', 'changer'],
      ['blueprint.update', 'maker'],
    ]);
    const theirs = await world.db.blueprint.findFirstOrThrow({ where: { title: 'Theirs' } });
    for (const client of [admin, changer]) {
      const i = { tenantKey: 'main', id: idOf('Blueprint', theirs), description: 'stolen' };
      expect(await client.codes(save, { i })).toEqual(['NOT_FOUND']);
    }
    expect(await admin.codes(remove, { i: { id: idOf('Blueprint', theirs) } })).toEqual(['NOT_FOUND']);
    const first = idOf('Blueprint', { id: catalogue[0]!.id });
    expect(await admin.codes(save, { i: { tenantKey: 'main', id: first, title: 'Ours' } })).toEqual(['CONFLICT']);
    expect(await admin.codes(remove, { i: { id: first } })).toEqual(['CONFLICT']);
    expect((await guest.ok<any>(`{ node(id: "${first}") { id } }`)).node).toEqual({ id: first });
    expect((await guest.ok<any>(`{ node(id: "${mine.id}") { id } }`)).node).toBeNull();
  });

  it('are filtered by text, tags and kind, within what the viewer can read', async () => {
    await make('100% sure', { tags: ['odd', 'Schedule'], description: 'finds the_needle' });
    expect(await titles({ text: '100% S' })).toEqual(['100% sure']);
    expect(await titles({ text: 'the_n' })).toEqual(['100% sure']);
    expect(await titles({ text: 'thexn' })).toEqual([]);
    expect(await titles({ text: 'COMPANY.SPECIAL', tags: ['odd'] })).toEqual(['100% sure']);
    expect(await titles({ tags: ['odd', 'Schedule'] })).toEqual(['100% sure']);
    expect(await titles({ tags: ['Schedule'], kind: 'CATALOGUE' })).toEqual(['Run a flow every night']);
    expect(await titles({ kind: 'CUSTOM' }, guest)).toEqual([]);
    expect(await titles({ text: 'needle' }, guest)).toEqual([]);
    expect((await guest.ok<any>(list)).tenant.blueprintTags).not.toContain('odd');
    const { blueprintTags } = (await admin.ok<any>(list)).tenant;
    expect(blueprintTags).toContain('odd');
    expect(blueprintTags).not.toContain('theirs');
    expect(await titles({ kind: 'CUSTOM' })).not.toContain('Theirs');
  });

  it('become flows in one step, optionally in another namespace; all other bytes are unchanged', async () => {
    const text =
      '# of ours\nid:   "mine" # the name\nnamespace: company.team\ntasks: [{id: one,   type: io.company.Log}]\n';
    expect(placedSource(text, { namespace: 'x.y', flowId: undefined })).toBe(text.replace('company.team', 'x.y'));
    expect(placedSource(text, { namespace: undefined, flowId: '007' })).toBe(text.replace('"mine"', '"007"'));
    const blueprint = await make('For use', { source: text });
    const i = { tenantKey: 'main', blueprint: blueprint.id, namespaceName: 'company.new', flowId: 'second' };
    const { useBlueprint } = await admin.ok<any>(use, { i });
    expect(useBlueprint.flow).toEqual({
      namespaceName: 'company.new',
      flowId: 'second',
      revision: 1,
      source: text.replace('company.team', 'company.new').replace('"mine"', 'second'),
    });
    expect(await admin.codes(use, { i })).toEqual(['CONFLICT']);
    expect(await admin.codes(use, { i: { ...i, namespaceName: 'a..b' } })).toEqual(['BAD_INPUT']);
    const first = idOf('Blueprint', { id: catalogue[0]!.id });
    expect(await admin.codes(use, { i: { tenantKey: 'main', blueprint: first } })).toEqual([]);
    const author = await world.user('author', [main]);
    await world.grant(main, author, ['FLOW:CREATE', 'FLOW:READ'], 'company.mine');
    const client = await world.as(author);
    const into = (id: string, namespace: string) =>
      client.codes(use, { i: { tenantKey: 'main', blueprint: id, namespaceName: namespace } });
    expect(await into(first, 'company.other')).toEqual(['FORBIDDEN']);
    expect(await into(first, 'company.mine')).toEqual([]);
    // A blueprint that the viewer cannot read, and one of another tenant.
    expect(await into(blueprint.id, 'company.mine')).toEqual(['NOT_FOUND']);
    const theirs = await world.db.blueprint.findFirstOrThrow({ where: { title: 'Theirs' } });
    expect(await admin.codes(use, { i: { ...i, blueprint: idOf('Blueprint', theirs) } })).toEqual(['NOT_FOUND']);
  });

  it('have documentation and the types of their tasks, and are shared with people bound to a namespace', async () => {
    const own = call('saveBlueprint', 'blueprint { id documentation shared taskTypes }');
    const given = {
      tenantKey: 'main',
      title: 'Shared',
      source,
      documentation: '# Use it',
      shared: true,
      tags: ['ours'],
    };
    const { blueprint } = (await admin.ok<any>(own, { i: given })).saveBlueprint;
    expect(blueprint).toMatchObject({ documentation: '# Use it', shared: true, taskTypes: ['io.company.Special'] });
    await make('Kept');
    const user = await world.user('bound', [main]);
    await world.bind(main, { principal: user }, await world.managed(main, 'Editor'), 'team');
    const bound = await world.as(user);
    const viewer = await world.user('seer', [main]);
    await world.grant(main, viewer, ['FLOW:READ'], 'team');
    const seen = async (client: Client) => {
      const { blueprints, blueprintTags } = (await client.ok<any>(list, { where: { kind: 'CUSTOM' } })).tenant;
      return [blueprints.nodes.map(({ title }: any) => title), blueprints.totalCount, blueprintTags.includes('ours')];
    };
    expect(await seen(bound)).toEqual([['Shared'], 1, true]);
    expect(await seen(await world.as(viewer))).toEqual([[], 0, false]);
    const place = { tenantKey: 'main', blueprint: blueprint.id, namespaceName: 'team.x', flowId: 'made' };
    expect((await bound.ok<any>(use, { i: place })).useBlueprint.flow).toMatchObject({ namespaceName: 'team.x' });
    expect(await bound.codes(use, { i: { ...place, namespaceName: 'elsewhere', flowId: 'no' } })).toEqual([
      'FORBIDDEN',
    ]);
    await admin.ok(own, { i: { tenantKey: 'main', id: blueprint.id, shared: false } });
    expect(await seen(bound)).toEqual([[], 0, false]);
    expect(await bound.codes(use, { i: { ...place, flowId: 'again' } })).toEqual(['NOT_FOUND']);
    const long = { tenantKey: 'main', id: blueprint.id, documentation: 'x'.repeat(50_001) };
    expect(await admin.codes(own, { i: long })).toEqual(['BAD_INPUT']);
  });

  it('are deleted with their tenant, with an event each', async () => {
    const doomed = await world.tenant('doomed');
    const owner = await world.user('doomed-owner', [doomed]);
    await world.bind(doomed, { principal: owner }, await world.managed(doomed, 'Admin'));
    const client = await world.as(owner);
    await client.ok(save, { i: { tenantKey: 'doomed', title: 'Lost', source } });
    await world.root().ok(call('deleteTenant', 'key'), { i: { id: idOf('Tenant', doomed) } });
    const events = await world.db.auditEvent.findMany({
      where: { tenantId: doomed.id, resource: 'BLUEPRINT' },
      orderBy: { seq: 'asc' },
    });
    expect(events.map(({ action }) => action)).toEqual(['blueprint.create', 'blueprint.delete']);
  });
});
