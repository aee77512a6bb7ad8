import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role, Tenant } from '../../src/db/generated/client.ts';
import { pruneAudit } from '../../src/resources/governance/audit-log/retention.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

describe('the history of one object', () => {
  let world: World;
  let main: Tenant;
  let role: Role;
  let root: Client;
  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    root = world.root();
    role = await world.role(main, 'Reader', ['FLOW:READ']);
    const id = idOf('Role', role);
    const update = (input: object) => root.ok(call('updateRole', 'role { id }'), { i: { id, ...input } });
    await update({ description: 'Reads flows.' });
    await update({ name: 'Flow reader', permissions: [{ resource: 'FLOW', actions: ['READ', 'UPDATE'] }] });
    await update({ description: null });
  });
  afterAll(() => world.close());

  const history = `query($id: ID!) { tenant(key: "main") { auditEvents(where: { object: $id }, last: 50) {
    totalCount nodes { id seq action difference } } } }`;
  const events = async (client: Client, id = idOf('Role', role)) => {
    const { tenant } = await client.ok<any>(history, { id });
    return [...tenant.auditEvents.nodes].sort((a: any, b: any) => Number(a.seq) - Number(b.seq));
  };
  const since = `query($id: ID!, $since: ID!) { node(id: $id) { ... on AuditEvent { difference(since: $since) } } }`;

  it('describes each change as a text', async () => {
    const [made, described, widened, bare] = await events(root);
    expect(made.difference).toContain('--- Reader (absent)');
    expect(made.difference).toContain('+name: Reader');
    expect(described.difference).toContain('-description: null\n+description: Reads flows.');
    expect(widened.difference).toContain('-name: Reader\n+name: Flow reader');
    expect(widened.difference).toContain('+  - FLOW:UPDATE');
    expect(bare.difference).toContain('-description: Reads flows.\n+description: null');
  });

  it('returns the difference between any two versions', async () => {
    const [made, described, , bare] = await events(root);
    const { node } = await root.ok<any>(since, { id: bare.id, since: made.id });
    expect(node.difference).toContain('-name: Reader\n+name: Flow reader');
    expect(node.difference).not.toContain('Reads flows');
    const same = await root.ok<any>(since, { id: made.id, since: made.id });
    expect(same.node.difference).toBeNull();
    expect(await root.codes(since, { id: described.id, since: bare.id })).toEqual(['BAD_INPUT']);
    const other = await world.db.auditEvent.findFirstOrThrow({ where: { action: 'tenant.create' } });
    expect(await root.codes(since, { id: bare.id, since: idOf('AuditEvent', other) })).toEqual(['NOT_FOUND']);
  });

  it('omits parts that have events of their own, and continues after a deletion', async () => {
    const group = await world.group(main, 'People');
    const alice = await world.user('alice', [main]);
    await world.member(main, group, alice);
    await root.ok(call('updateGroup', 'group { id }'), { i: { id: idOf('Group', group), name: 'Folk' } });
    await root.ok(call('deleteGroup', 'deletedId'), { i: { id: idOf('Group', group) } });
    const history = await events(root, idOf('Group', group));
    const byAction = new Map(history.map(({ action, difference }: any) => [action, difference]));
    expect(byAction.get('group.update')).toContain('-name: People\n+name: Folk');
    expect(byAction.get('group.update')).not.toContain('member');
    expect(byAction.get('group.add-member')).toContain('+member: user:alice\n+membership: MEMBER');
    expect(byAction.get('group.remove-member')).toContain('-member: user:alice');
    expect(byAction.get('group.delete')).toContain('-name: Folk');
    expect(byAction.get('group.delete')).toContain('+++ Folk (absent)');
  });

  it('shows nothing of an object that the reader cannot read, and nothing of another namespace', async () => {
    await world.namespace(main, 'company.a');
    const hidden = await world.namespace(main, 'company.b');
    const local = await world.user('local', [main]);
    await world.grant(main, local, ['AUDITLOG:READ'], 'company.a');
    const client = await world.as(local);
    expect(await events(client, idOf('Namespace', hidden))).toEqual([]);
    expect(await events(client)).toEqual([]);
    const event = await world.db.auditEvent.findFirstOrThrow({ where: { resourceId: hidden.id } });
    expect(
      (await client.ok<any>('query($id: ID!) { node(id: $id) { id } }', { id: idOf('AuditEvent', event) })).node,
    ).toBeNull();
    // A super admin reads the log of every tenant, and no namespaces.
    const [made] = await events(root, idOf('Namespace', hidden));
    expect(made.difference).toBeNull();
  });

  it('is EXPIRED if its events are pruned', async () => {
    await pruneAudit(world.app.store, world.app.services.keys, {
      keepDays: 1,
      slackMs: 0,
      now: Date.now() + 86_400_000,
    });
    await root.ok(call('updateRole', 'role { id }'), { i: { id: idOf('Role', role), description: 'once more' } });
    const { tenant } = (await root.run<any>(history, { id: idOf('Role', role) })).data;
    expect(tenant.auditEvents.nodes.map(({ difference }: any) => difference)).toEqual([null]);
    expect(await root.codes(history, { id: idOf('Role', role) })).toEqual(['EXPIRED']);
  });
});

describe('saved filters of audit events', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(() => world.close());

  it('are stored by name, replaced as a whole, and deleted', async () => {
    const client = await world.as(await world.user('alice'));
    const set = async (auditFilters: unknown) =>
      (await client.ok<any>(call('updateMySettings', 'settings'), { i: { settings: { auditFilters } } }))
        .updateMySettings.settings;
    await set({ refused: { tenantKey: 'main', where: { outcome: ['DENIED'], under: 'company' } } });
    expect(await set({ refused: { where: { kind: ['DELETE'] } }, mine: { where: { actorName: 'alice' } } })).toEqual({
      auditFilters: { refused: { where: { kind: ['DELETE'] } }, mine: { where: { actorName: 'alice' } } },
    });
    const where = { flowId: 'f', namespaceName: 'n', executionId: 'e', details: ['a:b'], actorKind: ['USER'] };
    expect(await set({ parts: { where } })).toMatchObject({ auditFilters: { parts: { where } } });
    await set({ parts: null });
    expect(await set({ refused: null })).toEqual({ auditFilters: { mine: { where: { actorName: 'alice' } } } });
    for (const wrong of [
      { x: { where: { colour: 'red' } } },
      { x: { where: { kind: ['WISH'] } } },
      { x: { where: { details: ['no colon'] } } },
      { x: { where: { actorKind: ['ROBOT'] } } },
      { '': { where: {} } },
      { x: {} },
      'x',
    ])
      expect(
        await client.codes(call('updateMySettings', 'settings'), { i: { settings: { auditFilters: wrong } } }),
      ).toEqual(['BAD_INPUT']);
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, { where: {} }]));
    expect(
      await client.codes(call('updateMySettings', 'settings'), { i: { settings: { auditFilters: many } } }),
    ).toEqual(['BAD_INPUT']);
  });
});
