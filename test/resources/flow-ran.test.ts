import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { type Engine, engineOf, reportOf } from '../support/engine.ts';
import { addFlow, engineId } from '../support/executions.ts';
import { flowSource } from '../support/flows.ts';
import { idOf, World } from '../support/world.ts';

describe('the executed flow', () => {
  let world: World;
  let main: Tenant;
  let engine: Engine;
  let admin: Client;
  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    engine = await engineOf(world, main);
    const user = await world.user('admin', [main]);
    await world.bind(main, { principal: user }, await world.managed(main, 'Admin'));
    admin = await world.as(user);
  });
  afterAll(() => world.close());

  const save = async (source: string) =>
    (await admin.ok<any>(call('saveFlow', 'flow { id revision }'), { i: { tenantKey: 'main', source } })).saveFlow.flow;
  const select = 'source tasks { id source } topology { nodes { id kind } }';
  const ran = async (executionId: string, client = admin) => {
    const query = `query($e: String!) { tenant(key: "main") { execution(executionId: $e) { ${select} } } }`;
    const { data, errors } = await client.run<any>(query, { e: executionId });
    return { ran: data?.tenant.execution, codes: errors.map(({ extensions }) => extensions.code) };
  };
  const reader = async (namespace: string, ...permissions: ('EXECUTION:READ' | 'FLOW:READ' | 'TRIGGER:READ')[]) => {
    const user = await world.user(`reader-${engineId()}`, [main]);
    await world.grant(main, user, ['EXECUTION:READ'], '');
    await world.grant(main, user, permissions, namespace);
    return world.as(user);
  };

  it("is that of the execution's revision, also after the flow changed or was deleted, for viewers who can read the flow", async () => {
    const first = flowSource('company.x', 'ran');
    const second = first.replace('id: fetch', 'id: bring').replace('id: daily', 'id: nightly');
    await save(first);
    const { id } = await save(second);
    const [old, present, unknown] = [engineId(), engineId(), engineId()];
    const reports = [old, present, unknown].map((one, i) =>
      reportOf(one, 1, ['RUNNING'], { flowId: 'ran', ...(i < 2 && { revision: i + 1 }) }),
    );
    expect(await engine.report(reports)).toEqual(['APPLIED', 'APPLIED', 'APPLIED']);
    const both = await reader('company', 'FLOW:READ', 'TRIGGER:READ');
    const withoutTriggers = await reader('company', 'FLOW:READ');
    const elsewhere = await reader('company.y', 'FLOW:READ', 'TRIGGER:READ');
    const none = await reader('company', 'TRIGGER:READ');
    const nodes = (task: string, trigger?: string) => [
      ...(trigger ? [{ id: `trigger:${trigger}`, kind: 'TRIGGER' }] : []),
      ...[task, 'report'].map((name) => ({ id: `task:${name}`, kind: 'TASK' })),
    ];
    const nothing = { source: null, tasks: null, topology: null };
    const check = async () => {
      const answer = (await ran(old, both)).ran;
      expect(answer).toMatchObject({ source: first, topology: { nodes: nodes('fetch', 'daily') } });
      expect(answer.tasks.map((task: any) => task.id)).toEqual(['fetch', 'report']);
      expect((await ran(present, both)).ran).toMatchObject({
        source: second,
        topology: { nodes: nodes('bring', 'nightly') },
      });
      expect((await ran(unknown, both)).ran).toEqual(nothing);
      expect((await ran(old, withoutTriggers)).ran.topology.nodes).toEqual(nodes('fetch'));
      // A viewer who cannot read the flow's namespace sees nothing of it.
      for (const one of [old, present]) expect(await ran(one, elsewhere)).toEqual({ ran: nothing, codes: [] });
      expect(await ran(old, none)).toEqual({ ran: nothing, codes: ['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'] });
    };
    await check();
    await admin.ok(call('deleteFlow', 'deletedId'), { i: { id } });
    await check();
    // An execution that started just before the deletion and is reported just after it.
    const late = engineId();
    const listed = [
      reportOf(late, 1, ['RUNNING'], { flowId: 'ran', revision: 2 }),
      reportOf(engineId(), 1, ['RUNNING'], { flowId: 'never' }),
    ];
    expect(await engine.report(listed)).toEqual(['APPLIED', 'NOT_FOUND']);
    expect((await ran(late, both)).ran.source).toBe(second);
  });

  it('accepts labels as they were read, and shows the key of a webhook to viewers who can update the trigger', async () => {
    await addFlow(world, main, 'company.x', 'hello');
    const id = engineId();
    const labels = { team: 'a', 'system.correlationId': id };
    await engine.report([reportOf(id, 1, ['SUCCESS'], { labels })]);
    const execution = await world.db.execution.findFirstOrThrow({ where: { executionId: id } });
    const set = call('setExecutionLabels', 'execution { id }');
    const give = (given: object) => admin.codes(set, { i: { id: idOf('Execution', execution), labels: given } });
    expect(await give({ ...labels, 'system.correlationId': 'other' })).toEqual(['BAD_INPUT']);
    expect(await give({ ...labels, 'system.other': 'x' })).toEqual(['BAD_INPUT']);
    expect(await give({ ...labels, team: 'b' })).toEqual([]);
    const command = await world.db.command.findFirstOrThrow({ where: { executionId: id, kind: 'SET_LABELS' } });
    expect(command.payload).toEqual({ labels: { team: 'b' } });

    await save(
      `id: hook\nnamespace: company.x\ntasks: [{ id: a, type: t }]\ntriggers:\n  - { id: h, type: c.Webhook, key: very-secret }\n  - { id: e, type: c.Webhook, key: "{{ secret('K') }}" }\n`,
    );
    const viewer = await reader('company', 'TRIGGER:READ');
    const keys = async (client: Client) => {
      const query =
        '{ tenant(key: "main") { triggers(where: { flowId: "hook" }) { nodes { triggerId definition } } } }';
      const { nodes } = (await client.ok<any>(query)).tenant.triggers;
      return nodes.map((one: any) => [one.triggerId, one.definition.key]).sort();
    };
    const expression = "{{ secret('K') }}";
    expect(await keys(viewer)).toEqual([
      ['e', expression],
      ['h', '***'],
    ]);
    expect(await keys(admin)).toEqual([
      ['e', expression],
      ['h', 'very-secret'],
    ]);
  });

  it('is not shown with tokens or tenants that the viewer cannot list', async () => {
    const user = await world.user('member', [main]);
    await world.db.apiToken.create({
      data: { id: 'token', principalId: user.id, name: 't', prefix: 'gth_', hash: 'h', createdAt: new Date() },
    });
    const tokens = 'query($id: ID!) { node(id: $id) { ... on User { apiTokens { nodes { name } } } } }';
    const ofOther = { id: idOf('User', user) };
    expect(await admin.codes(tokens, ofOther)).toEqual(['FORBIDDEN']);
    expect((await world.root().ok<any>(tokens, ofOther)).node.apiTokens.nodes).toEqual([{ name: 't' }]);
    const own = await world.as(user);
    expect((await own.ok<any>(tokens, ofOther)).node.apiTokens.nodes.map(({ name }: any) => name)).toContain('t');

    const other = await world.tenant('other');
    const input = { key: 'shared', allowedTenantKeys: ['main', 'other'] };
    const { createWorkerGroup } = await world
      .root()
      .ok<any>(call('createWorkerGroup', 'workerGroup { id }'), { i: input });
    const place = call('updateTenant', 'tenant { id }');
    await world.root().ok(place, { i: { id: idOf('Tenant', other), workerGroupKey: 'shared' } });
    await world.namespace(main, 'company.x.y');
    const row = await world.db.workerGroup.findFirstOrThrow({ where: { key: 'shared' } });
    await world.db.namespace.updateMany({ where: { namespace: 'company.x.y' }, data: { workerGroupId: row.id } });
    const groups = '{ workerGroups { nodes { allowedTenantKeys usingTenantKeys open } } }';
    expect((await world.root().ok<any>(groups)).workerGroups.nodes).toEqual([
      { allowedTenantKeys: ['main', 'other'], usingTenantKeys: ['main', 'other'], open: false },
    ]);
    const operator = await world.user('operator', [main]);
    await world.grant(null, operator, ['WORKER_GROUP:READ']);
    expect((await (await world.as(operator)).ok<any>(groups)).workerGroups.nodes).toEqual([
      { allowedTenantKeys: ['main'], usingTenantKeys: ['main'], open: false },
    ]);
    expect(createWorkerGroup.workerGroup.id).toBeTruthy();
  });

  it('names the inputs that a paused task declares', async () => {
    const pause = `id: waits
namespace: company.x
tasks:
  - id: approve
    type: io.kestra.plugin.core.flow.Pause
    onResume:
      - { id: comment, type: STRING, required: false }
      - not an input
  - { id: go, type: io.kestra.plugin.core.log.Log, message: on }
`;
    await save(pause);
    const waiting = engineId();
    expect(await engine.report([reportOf(waiting, 1, ['RUNNING'], { flowId: 'waits', revision: 1 })])).toEqual([
      'APPLIED',
    ]);
    const query = 'query($e: String!) { tenant(key: "main") { execution(executionId: $e) { tasks { id inputs } } } }';
    expect((await admin.ok<any>(query, { e: waiting })).tenant.execution.tasks).toEqual([
      { id: 'approve', inputs: [{ id: 'comment', type: 'STRING', required: false }] },
      { id: 'go', inputs: [] },
    ]);
  });
});
