import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import type { Client } from '../support/client.ts';
import { addExecution, addFlow, addLog, addMetric, addTaskRun } from '../support/executions.ts';
import { idOf, World } from '../support/world.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000);

describe('executions', () => {
  let world: World;
  let main: Tenant;
  let viewer: Client;

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    const user = await world.user('viewer', [main]);
    await world.grant(main, user, ['EXECUTION:READ']);
    viewer = await world.as(user);
    const places = ['my_ns', 'my_ns.a', 'myxns', 'my_nsx', 'my_ns-a'];
    for (const [i, namespace] of places.entries()) {
      await addFlow(world, main, namespace, 'hello');
      await addExecution(world, main, { namespace, startedAt: at(i), labels: { team: 'a', n: String(i) } });
    }
    await addExecution(world, main, {
      executionId: 'child00000000000000001',
      namespace: 'my_ns',
      flowId: '100%_sure',
      state: 'FAILED',
      startedAt: at(100),
      labels: { team: 'b' },
      triggerId: 'daily',
      parentId: 'parent0000000000000001',
      outputs: { rows: 3 },
    });
  });
  afterAll(() => world.close());

  const list = async (where: object, client = viewer) => {
    const { tenant } = await client.ok<any>(
      `query($where: ExecutionWhere) { tenant(key: "main") { executions(where: $where) {
        totalCount nodes { namespaceName flowId state } } } }`,
      { where },
    );
    expect(tenant.executions.totalCount).toBe(tenant.executions.nodes.length);
    return tenant.executions.nodes.map(({ namespaceName, flowId }: any) => `${namespaceName}/${flowId}`);
  };

  it('are filtered by state, namespace, label, time, trigger, parent and text', async () => {
    expect(await list({})).toEqual([
      'my_ns/100%_sure',
      'my_ns-a/hello',
      'my_nsx/hello',
      'myxns/hello',
      'my_ns.a/hello',
      'my_ns/hello',
    ]);
    expect(await list({ under: 'my_ns' })).toEqual(['my_ns/100%_sure', 'my_ns.a/hello', 'my_ns/hello']);
    expect(await list({ namespaceName: 'my_ns' })).toEqual(['my_ns/100%_sure', 'my_ns/hello']);
    expect(await list({ namespaceName: '' })).toEqual([]);
    expect(await list({ state: ['FAILED', 'KILLED'] })).toEqual(['my_ns/100%_sure']);
    expect(await list({ state: [] })).toEqual([]);
    expect(await list({ labels: ['team:a', 'n:3'] })).toEqual(['my_nsx/hello']);
    expect(await list({ labels: ['team:a:n'] })).toEqual([]);
    expect(await list({ from: at(1).toISOString(), until: at(3).toISOString() })).toEqual([
      'myxns/hello',
      'my_ns.a/hello',
    ]);
    expect(await list({ triggerId: 'daily', flowId: '100%_sure', child: true })).toEqual(['my_ns/100%_sure']);
    expect(await list({ parentId: 'parent0000000000000001' })).toEqual(['my_ns/100%_sure']);
    expect(await list({ child: false })).toHaveLength(5);
    expect(await list({ text: '%_SURE' })).toEqual(['my_ns/100%_sure']);
    expect(await list({ text: 'child' })).toEqual(['my_ns/100%_sure']);
    expect(await list({ labelKeys: ['n'] })).toHaveLength(5);
    expect(await list({ labelKeys: ['n', 'te'] })).toEqual([]);
    expect(await list({ labelKeys: ['_eam'] })).toEqual([]);
    expect(await list({ labelText: 'AM:B' })).toEqual(['my_ns/100%_sure']);
    // A row without a value is not excluded by a negation about that value.
    expect(await list({ not: { triggerId: 'daily' } })).toHaveLength(5);
    expect(await list({ not: { parentId: 'parent0000000000000001' } })).toHaveLength(5);
    expect(await list({ not: { labels: ['team:a'] } })).toEqual(['my_ns/100%_sure']);
    expect(await list({ not: { labelKeys: ['n'], state: ['FAILED'] } })).toHaveLength(6);
    expect(await list({ under: 'my_ns', not: { state: ['SUCCESS'] } })).toEqual(['my_ns/100%_sure']);
    expect(await list({ not: { under: 'my_ns', text: 'sure' } })).toHaveLength(5);
    const refused =
      'query($where: ExecutionWhere) { tenant(key: "main") { executions(where: $where) { totalCount } } }';
    for (const not of [{}, { state: null }, { not: { state: ['FAILED'] } }, { labels: ['x'] }])
      expect(await viewer.codes(refused, { where: { not } })).toEqual(['BAD_INPUT']);
    const { errors } = await viewer.run(
      '{ tenant(key: "main") { executions(where: { labels: ["x"] }) { totalCount } } }',
    );
    expect(errors[0]).toMatchObject({ extensions: { code: 'BAD_INPUT', issues: [{ path: ['where', 'labels', 0] }] } });
  });

  it("are listed and counted within the viewer's reach, by either way of counting", async () => {
    const user = await world.user('narrow', [main]);
    await world.grant(main, user, ['EXECUTION:READ'], 'my_ns');
    const narrow = await world.as(user);
    expect(await list({}, narrow)).toEqual(['my_ns/100%_sure', 'my_ns.a/hello', 'my_ns/hello']);
    expect(await list({ under: 'my_ns.a' }, narrow)).toEqual(['my_ns.a/hello']);
    expect(await list({ under: 'my_nsx' }, narrow)).toEqual([]);
    expect(await list({ state: ['SUCCESS'] }, narrow)).toHaveLength(2);
    // The counts by day are used if they apply: a row without them is not counted.
    const { id } = await world.db.execution.findFirstOrThrow({ where: { namespace: 'my_ns.a' } });
    await world.db.execution.update({ where: { id }, data: { namespace: 'my_ns.b' } });
    const count = async (where: object) =>
      (
        await narrow.ok<any>(
          'query($where: ExecutionWhere) { tenant(key: "main") { executions(where: $where) { totalCount } } }',
          { where },
        )
      ).tenant.executions.totalCount;
    const asked = [{}, { state: ['SUCCESS'] }, { flowId: 'hello' }].map((more) => count({ under: 'my_ns.b', ...more }));
    expect(await Promise.all(asked)).toEqual([0, 0, 1]);
    await world.db.execution.update({ where: { id }, data: { namespace: 'my_ns.a' } });
  });

  it('are paged by keyset, the same in both directions, also with equal start times', async () => {
    const other = await world.tenant('pages');
    const user = await world.user('pager', [other]);
    await world.grant(other, user, ['EXECUTION:READ']);
    const pager = await world.as(user);
    for (let i = 0; i < 7; i += 1) await addExecution(world, other, { startedAt: at(Math.floor(i / 3)) });
    const all = async (args: (cursor: string | undefined) => string, next: 'endCursor' | 'startCursor') => {
      const ids: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const { tenant } = await pager.ok<any>(
          `{ tenant(key: "pages") { executions(${args(cursor)}) { nodes { executionId }
             pageInfo { ${next} hasNextPage hasPreviousPage } } } }`,
        );
        const { nodes, pageInfo } = tenant.executions;
        const page = nodes.map(({ executionId }: any) => executionId);
        if (next === 'endCursor') ids.push(...page);
        else ids.unshift(...page);
        if (!(next === 'endCursor' ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) return ids;
        cursor = pageInfo[next];
      }
    };
    const forwards = await all((cursor) => `first: 2${cursor ? `, after: "${cursor}"` : ''}`, 'endCursor');
    expect(forwards).toEqual([...forwards].sort().reverse());
    expect(forwards).toHaveLength(7);
    expect(await all((cursor) => `last: 2${cursor ? `, before: "${cursor}"` : ''}`, 'startCursor')).toEqual(forwards);
  });

  it('are sorted by every column, rows without a value last, and paged alike in both directions', async () => {
    const other = await world.tenant('sorted');
    const user = await world.user('sorter', [other]);
    await world.grant(other, user, ['EXECUTION:READ']);
    const sorter = await world.as(user);
    for (let i = 0; i < 9; i += 1) {
      const one = await addExecution(world, other, {
        state: i % 3 ? 'SUCCESS' : 'RUNNING',
        flowId: `f${i % 2}`,
        namespace: `n${i % 4}`,
        startedAt: at(i),
        ...(i % 2 && { triggerId: `t${i % 3}` }),
      });
      await world.db.execution.update({ where: { id: one.id }, data: { revision: i % 3 ? i : null } });
    }
    const rows = await world.db.execution.findMany({ where: { tenantId: other.id } });
    const columns = {
      STARTED_AT: 'startedAt',
      ENDED_AT: 'endedAt',
      DURATION: 'durationMs',
      STATE: 'state',
      NAMESPACE_NAME: 'namespace',
      FLOW_ID: 'flowId',
      REVISION: 'revision',
      TRIGGER_ID: 'triggerId',
      EXECUTION_ID: 'executionId',
    } as const;
    for (const [field, column] of Object.entries(columns))
      for (const direction of ['ASC', 'DESC']) {
        const sign = direction === 'ASC' ? 1 : -1;
        const expected = rows
          .toSorted((a, b) => {
            const [x, y] = [a[column], b[column]];
            if (x === null || y === null) return x === y ? sign * (a.id < b.id ? -1 : 1) : x === null ? 1 : -1;
            return sign * (x < y ? -1 : x > y ? 1 : a.id < b.id ? -1 : 1);
          })
          .map(({ executionId }) => executionId);
        const pages = async (forward: boolean) => {
          const ids: string[] = [];
          for (let cursor: string | null = null; ; ) {
            const { tenant }: any = await sorter.ok<any>(
              `query($first: Int, $last: Int, $after: String, $before: String, $order: ExecutionOrder) { tenant(key: "sorted") {
                executions(first: $first, last: $last, after: $after, before: $before, orderBy: $order) {
                  nodes { executionId } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } } }`,
              { order: { field, direction }, ...(forward ? { first: 2, after: cursor } : { last: 2, before: cursor }) },
            );
            const page = tenant.executions.nodes.map(({ executionId }: any) => executionId);
            if (forward) ids.push(...page);
            else ids.unshift(...page);
            const { pageInfo } = tenant.executions;
            if (!(forward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) return ids;
            cursor = forward ? pageInfo.endCursor : pageInfo.startCursor;
          }
        };
        expect(await pages(true), `${field} ${direction}`).toEqual(expected);
        expect(await pages(false), `${field} ${direction} backwards`).toEqual(expected);
      }
  });

  it('return their states, outputs, task runs, logs by level and metrics', async () => {
    const execution = await world.db.execution.findFirstOrThrow({ where: { flowId: '100%_sure' } });
    const run = await addTaskRun(world, execution);
    for (const [i, message] of ['trace', 'debug', 'info', 'warn', 'error'].entries())
      await addLog(world, execution, i + 1, i, message);
    await addMetric(world, execution, 1, 'rows');
    await addMetric(world, execution, 2, 'bytes');
    const { tenant, node } = await viewer.ok<any>(
      `query($id: ID!) {
        tenant(key: "main") { execution(executionId: "child00000000000000001") {
          state startedAt endedAt duration outputs triggerId parentId deletionAsked viewerPermissions
          history { state at until }
          taskRuns { totalCount nodes { id taskId state duration execution { executionId } } }
          all: logs { nodes { sequence level message } }
          severe: logs(where: { minLevel: WARN }) { totalCount nodes { message } }
          metrics(where: { name: "rows" }) { nodes { name type value sequence } } } }
        node(id: $id) { ... on TaskRun { taskRunId execution { flowId } } } }`,
      { id: idOf('TaskRun', run) },
    );
    expect(tenant.execution).toEqual({
      state: 'FAILED',
      startedAt: '2026-01-01T00:01:40.000Z',
      endedAt: '2026-01-01T00:01:42.500Z',
      duration: 'PT2S',
      outputs: { rows: 3 },
      triggerId: 'daily',
      parentId: 'parent0000000000000001',
      deletionAsked: false,
      viewerPermissions: ['READ'],
      history: [
        { state: 'CREATED', at: '2026-01-01T00:01:40.000Z', until: '2026-01-01T00:01:42.500Z' },
        { state: 'FAILED', at: '2026-01-01T00:01:42.500Z', until: null },
      ],
      taskRuns: {
        totalCount: 1,
        nodes: [
          {
            id: idOf('TaskRun', run),
            taskId: 'first',
            state: 'FAILED',
            duration: 'PT0S',
            execution: { executionId: 'child00000000000000001' },
          },
        ],
      },
      all: {
        nodes: ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'].map((level, i) => ({
          sequence: String(i + 1),
          level,
          message: level.toLowerCase(),
        })),
      },
      severe: { totalCount: 2, nodes: [{ message: 'warn' }, { message: 'error' }] },
      metrics: { nodes: [{ name: 'rows', type: 'COUNTER', value: 1, sequence: '1' }] },
    });
    expect(node).toEqual({ taskRunId: run.taskRunId, execution: { flowId: '100%_sure' } });
  });

  it('show the parts in a tenant within the reach of executions, also with a policy on shared columns', async () => {
    const user = await world.user('parts', [main]);
    await world.grant(main, user, ['EXECUTION:READ'], 'my_ns.a');
    const narrow = await world.as(user);
    const execution = await world.db.execution.findFirstOrThrow({ where: { namespace: 'my_ns.a' } });
    const run = await addTaskRun(world, execution, 'mine');
    await addLog(world, execution, 1, 4, 'mine');
    const parts =
      '{ tenant(key: "main") { taskRuns { totalCount nodes { id } } logs { totalCount nodes { message } } } }';
    const mine = {
      taskRuns: { totalCount: 1, nodes: [{ id: idOf('TaskRun', run) }] },
      logs: { totalCount: 1, nodes: [{ message: 'mine' }] },
    };
    expect((await narrow.ok<any>(parts)).tenant).toEqual(mine);
    expect((await viewer.ok<any>(parts)).tenant.logs.totalCount).toBe(6);
    const { overParts } = await import('../../src/resources/orchestration/execution/where.ts');
    expect(overParts({ AND: [{ tenantId: 'x' }, { namespace: 'y' }] })).toEqual({
      AND: [{ tenantId: 'x' }, { namespace: 'y' }],
    });
    expect(overParts({ OR: [{ namespace: 'y' }, { triggerId: 'z' }] })).toEqual({
      execution: { OR: [{ namespace: 'y' }, { triggerId: 'z' }] },
    });
  });

  it('load with their parts in one statement a level, for a whole page', async () => {
    const query = `{ tenant(key: "main") { executions { nodes { executionId
      taskRuns { nodes { taskId } } logs { nodes { message } } } } } }`;
    await viewer.ok(query);
    expect(await world.statements(() => viewer.ok(query))).toBeLessThanOrEqual(5);
  });
});
