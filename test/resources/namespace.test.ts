import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Flow, Tenant, User } from '../../src/db/generated/client.ts';
import { graphql } from '../generated/index.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { addExecution } from '../support/executions.ts';
import { flowSource } from '../support/flows.ts';
import { idOf, World } from '../support/world.ts';

const create = graphql(`
  mutation CreateNamespace($tenant: String!, $name: String!) {
    createNamespace(input: { tenantKey: $tenant, name: $name }) { namespace { id name declared } }
  }
`);
const list = graphql(`
  query Namespaces($tenant: String!, $where: NamespaceWhere, $first: Int, $after: String) {
    tenant(key: $tenant) {
      namespaces(where: $where, first: $first, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { id name declared viewerPermissions parent { name } children { nodes { name } } }
      }
    }
  }
`);

describe('namespaces', () => {
  let world: World;
  let main: Tenant;
  let admin: Client;
  let dev: User;

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    const owner = await world.user('owner', [main]);
    await world.bind(main, { principal: owner }, await world.managed(main, 'Admin'));
    admin = await world.as(owner);
    dev = await world.user('dev', [main]);
    await world.grant(main, dev, ['NAMESPACE:READ', 'NAMESPACE:CREATE'], 'company');
    for (const name of ['company.team.x', 'companyx', 'company-x', 'com', 'my_ns', 'myxns'])
      await admin.ok(create, { tenant: 'main', name });
  });
  afterAll(() => world.close());

  it('creates implied ancestors, which can be declared later', async () => {
    const { tenant } = await admin.ok(list, { tenant: 'main', where: { under: 'company' } });
    expect(tenant?.namespaces?.nodes.map(({ name, declared }) => [name, declared])).toEqual([
      ['company', false],
      ['company.team', false],
      ['company.team.x', true],
    ]);
    expect(await admin.codes(create, { tenant: 'main', name: 'company.team' })).toEqual([]);
    expect(await admin.codes(create, { tenant: 'main', name: 'company.team' })).toEqual(['CONFLICT']);
  });

  it('is updated during changes of the tree, except for its worker group', async () => {
    const { id } = await world.db.namespace.findFirstOrThrow({ where: { namespace: 'company.team.x' } });
    const update = call('updateNamespace', 'namespace { description }');
    const client = await world.app.database.pool.connect();
    try {
      // As while another namespace of the tenant is created or deleted.
      await client.query('BEGIN');
      await client.query('SELECT 1 FROM "Tenant" WHERE id = $1 FOR NO KEY UPDATE', [main.id]);
      const steady = idOf('Namespace', { id });
      expect(await admin.codes(update, { i: { id: steady, description: 'new' } })).toEqual([]);
      let isDone = false;
      const placed = admin.codes(update, { i: { id: steady, workerGroupKey: null } }).finally(() => {
        isDone = true;
      });
      await sleep(150);
      expect(isDone).toBe(false);
      await client.query('COMMIT');
      expect(await placed).toEqual([]);
    } finally {
      client.release();
    }
  });

  it('links to its flows, triggers and executions, and is linked by them', async () => {
    const linked = await world.tenant('linked');
    const reader = await world.user('reader', [linked]);
    await world.grant(linked, reader, ['NAMESPACE:READ', 'FLOW:READ', 'EXECUTION:READ'], 'links');
    await world.grant(linked, reader, ['TRIGGER:READ'], 'links.a');
    const client = await world.as(reader);
    const flows = new Map<string, Flow>();
    for (const [name, flowId] of [
      ['links.a', 'one'],
      ['links.a', 'two'],
      ['links.a.below', 'three'],
    ] as const)
      flows.set(flowId, await world.flow(linked, flowSource(name, flowId)));
    for (const [namespace, flowId, state] of [
      ['links.a', 'one', 'SUCCESS'],
      ['links.a', 'two', 'FAILED'],
      ['links.a.below', 'three', 'FAILED'],
      ['links.gone', 'former', 'SUCCESS'],
    ] as const)
      await addExecution(world, linked, { namespace, flowId, state });
    const select = `flows(orderBy: { field: FLOW_ID }) { totalCount nodes { flowId namespace { name } namespaceName tenant { key } tenantKey } }
      two: flows(where: { text: "two" }) { totalCount nodes { flowId } }
      triggers { totalCount nodes { flowId namespace { name } } }
      executions { totalCount nodes { flowId namespace { name } } }
      failed: executions(where: { state: [FAILED] }) { totalCount nodes { flowId } }`;
    const { tenant } = await client.ok<any>(`{ tenant(key: "linked") { namespace(name: "links.a") { ${select} } } }`);
    const named = { namespace: { name: 'links.a' } };
    const inTenant = { tenant: { key: 'linked' }, tenantKey: 'linked' };
    const flow = (flowId: string) => ({ flowId, ...named, namespaceName: 'links.a', ...inTenant });
    expect(tenant.namespace).toEqual({
      flows: { totalCount: 2, nodes: [flow('one'), flow('two')] },
      two: { totalCount: 1, nodes: [{ flowId: 'two' }] },
      triggers: {
        totalCount: 2,
        nodes: [
          { flowId: 'one', ...named },
          { flowId: 'two', ...named },
        ],
      },
      executions: {
        totalCount: 2,
        nodes: [
          { flowId: 'two', ...named },
          { flowId: 'one', ...named },
        ],
      },
      failed: { totalCount: 1, nodes: [{ flowId: 'two' }] },
    });
    // The trigger below is out of reach, and the namespace of a former flow does not exist.
    const others = await client.ok<any>(
      '{ tenant(key: "linked") { namespace(name: "links.a.below") { triggers { totalCount } flows { totalCount } } executions(where: { namespaceName: "links.gone" }) { nodes { namespaceName namespace { name } } } } }',
    );
    expect(others.tenant).toEqual({
      namespace: { triggers: { totalCount: 1 }, flows: { totalCount: 1 } },
      executions: { nodes: [{ namespaceName: 'links.gone', namespace: null }] },
    });
    // Without permission for the linked object: null with an error at its path; its key stays readable.
    const narrow = await world.user('narrow', [linked]);
    await world.grant(linked, narrow, ['FLOW:READ'], 'links');
    const { data, errors } = await (await world.as(narrow)).run<any>(
      'query($id: ID!) { node(id: $id) { ... on Flow { flowId namespaceName tenantKey namespace { name } } } }',
      { id: idOf('Flow', flows.get('one')!) },
    );
    expect(data.node).toEqual({ flowId: 'one', namespaceName: 'links.a', tenantKey: 'linked', namespace: null });
    expect(errors.map(({ path, extensions }) => [path, extensions.code])).toEqual([
      [['node', 'namespace'], 'FORBIDDEN'],
    ]);
    // Namespaces and tenants of many objects load together.
    const all = '{ tenant(key: "linked") { flows { nodes { namespace { name } tenant { name } tenantKey } } } }';
    await client.ok(all);
    const count = await world.statements(() => client.ok(all));
    await world.flow(linked, flowSource('links.b', 'four'));
    await client.ok(all);
    expect(await world.statements(() => client.ok(all))).toBe(count);
  });

  it('shows a reader of a namespace that one and what is below it, and counts only those', async () => {
    const client = await world.as(dev);
    const { tenant } = await client.ok(list, { tenant: 'main' });
    expect(tenant?.namespaces?.nodes.map(({ name }) => name)).toEqual(['company', 'company.team', 'company.team.x']);
    expect(tenant?.namespaces?.totalCount).toBe(3);
    expect(await client.codes(create, { tenant: 'main', name: 'company.new' })).toEqual([]);
    expect(await client.codes(create, { tenant: 'main', name: 'companyx.new' })).toEqual(['FORBIDDEN']);
  });

  it.each(['a..b', 'a.', '.a', '', 'A', 'a b', 'a\n', 'é', `${'a'.repeat(151)}`])(
    'refuses the name %j with its path',
    async (name) => {
      const { errors } = await admin.run(create, { tenant: 'main', name });
      expect(errors[0]?.extensions.code).toBe('BAD_INPUT');
      expect(errors[0]?.extensions['issues']).toContainEqual(expect.objectContaining({ path: ['input', 'name'] }));
    },
  );

  it('pages by keyset in both directions', async () => {
    const names: string[] = [];
    let after: string | null = null;
    do {
      const { tenant } = (await admin.ok(list, { tenant: 'main', first: 2, after })) as any;
      names.push(...tenant.namespaces.nodes.map(({ name }: { name: string }) => name));
      after = tenant.namespaces.pageInfo.hasNextPage ? tenant.namespaces.pageInfo.endCursor : null;
    } while (after);
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toHaveLength(9);
  });

  it('writes one event for each change, and none without a change', async () => {
    const row = await world.db.namespace.findFirstOrThrow({ where: { namespace: 'my_ns' } });
    const update = `mutation($id: ID!, $d: String) { updateNamespace(input: { id: $id, description: $d, reason: "tidy up" }) { namespace { description } } }`;
    const events = () => world.db.auditEvent.findMany({ where: { resourceId: row.id }, orderBy: { seq: 'asc' } });
    const before = await events();
    await admin.ok(update, { id: idOf('Namespace', row), d: 'mine' });
    await admin.ok(update, { id: idOf('Namespace', row), d: 'mine' });
    const added = (await events()).slice(before.length);
    expect(added).toHaveLength(1);
    expect(added[0]).toMatchObject({
      type: 'UPDATE',
      action: 'namespace.update',
      reason: 'tidy up',
      actorName: 'owner',
      namespace: 'my_ns',
    });
    expect(added[0]?.patch).toEqual([{ op: 'replace', path: '/description', value: 'mine' }]);
  });
});
