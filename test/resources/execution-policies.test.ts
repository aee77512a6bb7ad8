import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Execution, Tenant } from '../../src/db/generated/client.ts';
import type { Client } from '../support/client.ts';
import { type Engine, engineOf, reportOf } from '../support/engine.ts';
import { addExecution, addFlow, addLog, addTaskRun, engineId } from '../support/executions.ts';
import { temporaryFolder } from '../support/folder.ts';
import { idOf, World } from '../support/world.ts';

const folder = temporaryFolder('execution-policies');
const contract = join(import.meta.dirname, '..', '..', 'src', 'policy', 'contract.ts');

// A guard on columns that only the execution has: its parts must be guarded too.
describe('a policy on executions', () => {
  let world: World;
  let main: Tenant;
  let viewer: Client;
  let engine: Engine;
  let open: Execution;
  let closed: Execution;

  beforeAll(async () => {
    writeFileSync(
      join(folder, 'only-daily.ts'),
      `import { definePolicy, deny } from ${JSON.stringify(contract)};
export default definePolicy({
  name: 'only-daily', description: 'Only what the trigger daily started.', resources: ['EXECUTION'],
  create: () => ({
    evaluate: () => deny('only what is daily', { triggerId: 'daily' }),
    review: (_request, { after }) => after?.state === 'WARNING' ? deny('no warnings') : { effect: 'abstain' },
  }),
});
`,
    );
    world = await World.create({ config: { policyFolders: [folder] } });
    main = await world.tenant('main');
    await addFlow(world, main, 'company.x', 'hello');
    const user = await world.user('viewer', [main]);
    await world.grant(main, user, ['EXECUTION:READ']);
    viewer = await world.as(user);
    engine = await engineOf(world, main);
    open = await addExecution(world, main, { triggerId: 'daily', state: 'RUNNING' });
    closed = await addExecution(world, main, { triggerId: 'hourly', state: 'RUNNING' });
    for (const one of [open, closed]) {
      await addTaskRun(world, one);
      await addLog(world, one, 1, 2, one.triggerId!);
    }
  });
  afterAll(() => world.close());

  it('applies to lists, counts, parts and files alike', async () => {
    const ids = [closed, open].map((one) => idOf('Execution', one));
    const parts = 'executionId taskRuns { totalCount } logs { totalCount }';
    const { tenant, nodes } = await viewer.ok<any>(
      `query($ids: [ID!]!) { nodes(ids: $ids) { ... on Execution { ${parts} } }
        tenant(key: "main") {
          executions { totalCount nodes { executionId } }
          taskRuns { totalCount nodes { execution { triggerId } } }
          logs { totalCount nodes { message } } } }`,
      { ids },
    );
    const { executionId } = open;
    expect(tenant).toEqual({
      executions: { totalCount: 1, nodes: [{ executionId }] },
      taskRuns: { totalCount: 1, nodes: [{ execution: { triggerId: 'daily' } }] },
      logs: { totalCount: 1, nodes: [{ message: 'daily' }] },
    });
    expect(nodes).toEqual([null, { executionId, taskRuns: { totalCount: 1 }, logs: { totalCount: 1 } }]);
    const file = async (one: Execution) =>
      (await fetch(`${world.urls[0]}/tenants/main/executions/${one.executionId}/logs`, { headers: viewer.headers }))
        .status;
    expect([await file(open), await file(closed)]).toEqual([200, 404]);
  });

  it("applies to engines' reports and claims", async () => {
    const fresh = [engineId(), engineId()];
    expect(
      await engine.report([
        reportOf(open.executionId, 2, ['RUNNING'], { triggerId: 'daily' }),
        reportOf(closed.executionId, 2, ['RUNNING'], { triggerId: 'daily' }),
        // A change must not move it out of reach either.
        reportOf(open.executionId, 3, ['RUNNING']),
        reportOf(open.executionId, 3, ['WARNING'], { triggerId: 'daily' }),
        reportOf(fresh[0]!, 1, ['RUNNING'], { triggerId: 'daily' }),
        reportOf(fresh[1]!, 1, ['RUNNING']),
      ]),
    ).toEqual(['APPLIED', 'NOT_FOUND', 'FORBIDDEN', 'FORBIDDEN', 'APPLIED', 'FORBIDDEN']);
    expect(await world.db.execution.findFirstOrThrow({ where: { id: open.id } })).toMatchObject({
      state: 'RUNNING',
      sequence: 2n,
      triggerId: 'daily',
    });
    const log = ({ executionId }: Execution) => ({
      ...{ executionId, sequence: '9', at: '2026-01-01T00:00:00Z', level: 'INFO', message: 'x' },
    });
    expect(await engine.logs([log(open), log(closed)])).toEqual(['APPLIED', 'NOT_FOUND']);
    for (const { id, tenantId, namespace, flowId, executionId } of [open, closed]) {
      const place = { tenantId, namespace, flowId, executionId };
      await world.db.command.create({ data: { id, ...place, kind: 'KILL', actorId: 'x', actorName: 'x' } });
    }
    expect((await engine.claim()).map(({ id }) => id)).toEqual([open.id]);
    expect((await engine.reportExecutions({ acknowledge: [open.id, closed.id] })).acknowledged).toEqual([open.id]);
  });

  it('applies to subscriptions', async () => {
    const end = new AbortController();
    const reported: string[] = [];
    const stream = viewer.sse<any>(
      'subscription { executions(tenantKey: "main") { execution { executionId } } }',
      {},
      end.signal,
    );
    const done = (async () => {
      for await (const { data } of stream) reported.push(data.executions.execution?.executionId);
    })();
    await sleep(500);
    for (const one of [closed, open])
      await world.db.execution.update({ where: { id: one.id }, data: { updatedAt: new Date() } });
    for (let i = 0; i < 80 && !reported.includes(open.executionId); i += 1) await sleep(25);
    await sleep(200);
    end.abort();
    await done.catch(() => undefined);
    // Changes just before may be included as well.
    expect(reported).toContain(open.executionId);
    expect(reported).not.toContain(closed.executionId);
  });
});
