import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { addExecution, addFlow } from '../support/executions.ts';
import { idOf, World } from '../support/world.ts';

describe('a list as a file', () => {
  let world: World;
  let main: Tenant;
  let narrow: Client;

  beforeAll(async () => {
    world = await World.create({ limits: { pageSize: 7 } });
    main = await world.tenant('main');
    for (let i = 0; i < 23; i += 1) {
      const namespace = i % 2 ? 'team' : 'other';
      const { id } = await addFlow(world, main, namespace, `f${i}`);
      await world.db.flow.update({ where: { id }, data: { description: i === 1 ? '=1+1, "quoted"\nline' : null } });
      await addExecution(world, main, { namespace, flowId: `f${i}`, state: i % 3 ? 'SUCCESS' : 'FAILED' });
    }
    const user = await world.user('narrow', [main]);
    await world.grant(main, user, ['FLOW:READ', 'EXECUTION:READ'], 'team');
    narrow = await world.as(user);
  });
  afterAll(() => world.close());

  const get = (path: string, client: Client | undefined = narrow) =>
    fetch(`${world.urls[0]}${path}`, { headers: client?.headers ?? {} });
  const where = (filter: object) => `where=${encodeURIComponent(JSON.stringify(filter))}`;
  const codeOf = async (path: string, client?: Client) => {
    const response = await get(path, client);
    return [response.status, ((await response.json()) as any).errors[0].extensions.code];
  };

  it('has every object within reach, over all pages, in the order of the list', async () => {
    const response = await get('/tenants/main/executions.ndjson?fields=flowId,namespaceName,state');
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="main-executions.ndjson"');
    const rows = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const stored = await world.db.execution.findMany({
      where: { namespace: 'team' },
      orderBy: [{ startedAt: 'desc' }, { id: 'desc' }],
    });
    expect(rows).toEqual(stored.map(({ flowId, namespace, state }) => ({ flowId, namespaceName: namespace, state })));
    expect(rows).toHaveLength(11);
    const failed = await get(`/tenants/main/executions.csv?fields=flowId&${where({ state: ['FAILED'] })}`);
    expect((await failed.text()).split('\r\n')).toEqual(['flowId', 'f21', 'f15', 'f9', 'f3', '']);
  });

  it('has every plain column by default, and cells that a spreadsheet does not run', async () => {
    const text = await (await get(`/tenants/main/flows.csv?${where({ flowId: 'f1' })}`)).text();
    const [head, line] = text.split('\r\n');
    expect(head).toContain('namespaceName,');
    for (const absent of ['source', 'viewerPermissions', 'triggers']) expect(head!.split(',')).not.toContain(absent);
    expect(line).toContain(`"'=1+1, ""quoted""\\nline"`);
    expect(await (await get('/tenants/main/flows.csv?fields=source&orderBy={"field":"FLOW_ID"}')).text()).toContain(
      'id: f1',
    );
  });

  it('has the sources of flows as a ZIP file', async () => {
    const response = await get('/tenants/main/flows.zip');
    const files = unzipSync(new Uint8Array(await response.arrayBuffer()));
    expect(Object.keys(files).sort()).toEqual(Array.from({ length: 11 }, (_, i) => `team/f${i * 2 + 1}.yaml`).sort());
    expect(Buffer.from(files['team/f1.yaml']!).toString()).toBe('id: f1\nnamespace: team\n');
  });

  it('has the chosen flows only, of those that the caller can read', async () => {
    const flows = await world.db.flow.findMany({ where: { flowId: { in: ['f1', 'f2', 'f3'] } } });
    const ids = flows.map((flow) => idOf('Flow', flow));
    const response = await get(`/tenants/main/flows.zip?where=${encodeURIComponent(JSON.stringify({ ids }))}`);
    const files = unzipSync(new Uint8Array(await response.arrayBuffer()));
    expect(Object.keys(files).sort()).toEqual(['team/f1.yaml', 'team/f3.yaml']);
    const count = 'query($where: FlowWhere) { tenant(key: "main") { flows(first: 5, where: $where) { totalCount } } }';
    const none = await narrow.ok<any>(count, { where: { ids: [] } });
    expect(none.tenant.flows.totalCount).toBe(0);
    for (const wrong of [['no ID'], [idOf('Tenant', main)], Array.from({ length: 1_001 }, () => ids[0]!)])
      expect(await narrow.codes(count, { where: { ids: wrong } })).toEqual(['BAD_INPUT']);
  });

  it('is refused as in the API, with the same code, and recorded', async () => {
    expect(await codeOf('/tenants/main/roles.csv')).toEqual([403, 'FORBIDDEN']);
    expect(await codeOf('/tenants/nope/flows.csv')).toEqual([404, 'NOT_FOUND']);
    expect(await codeOf('/workers.csv')).toEqual([403, 'FORBIDDEN']);
    expect((await get('/tenants/main/flows.csv', { headers: {} } as Client)).status).toBe(401);
    expect(await codeOf('/tenants/main/flows.csv?fields=nope')).toEqual([400, 'BAD_INPUT']);
    expect(await codeOf('/tenants/main/flows.csv?first=3')).toEqual([400, 'BAD_INPUT']);
    expect(await codeOf('/tenants/main/flows.csv?where=[]')).toEqual([400, 'BAD_INPUT']);
    expect(await codeOf(`/tenants/main/flows.csv?${where({ nope: 1 })}`)).toEqual([400, 'BAD_INPUT']);
    for (const path of [
      '/tenants/main/nope.csv',
      '/tenants/main/executions.zip',
      '/tenants/main/key.csv',
      '/constructor.csv',
    ])
      expect((await get(path)).status, path).toBe(404);
    const refused = await world.db.auditEvent.findMany({ where: { outcome: 'DENIED', actorName: 'narrow' } });
    expect(refused.length).toBeGreaterThan(0);
  });

  it('ends when access is withdrawn while it is read', async () => {
    const user = await world.user('brief', [main]);
    await world.grant(main, user, ['FLOW:READ']);
    // More than the sockets between hold.
    await world.db.$executeRaw`
      INSERT INTO "Flow" (id, "tenantId", namespace, "flowId", revision, source, "taskCount", disabled, "declaredDisabled")
      SELECT 'z' || n, ${main.id}, 'team', 'z' || n, 1, repeat('x', 490000), 0, false, false FROM generate_series(1, 80) n`;
    const response = await get('/tenants/main/flows.ndjson?fields=source', await world.as(user));
    const reader = response.body!.getReader();
    await reader.read();
    const disable = call('setUserDisabled', 'user { id }');
    await world.root().ok(disable, { i: { id: idOf('User', user), disabled: true } });
    let size = 0;
    const outcome = (async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return 'whole';
        size += value.length;
      }
    })();
    expect(await outcome.catch(() => 'cut off')).toBe('cut off');
    expect(size).toBeLessThan(80 * 490_000);
  });
});
