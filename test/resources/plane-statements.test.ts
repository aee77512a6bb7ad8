import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import type { Client } from '../support/client.ts';
import { flowSource } from '../support/flows.ts';
import { World } from '../support/world.ts';

describe('pages of orchestration resources', () => {
  let world: World;
  let main: Tenant;
  let viewer: Client;

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    const user = await world.user('viewer', [main]);
    await world.bind(main, { principal: user }, await world.managed(main, 'Viewer'));
    viewer = await world.as(user);
    for (let i = 0; i < 25; i += 1) {
      const flow = await world.flow(main, flowSource(`company.n${i % 5}`, `flow-${i}`));
      const executionId = `execution-${i}`;
      await world.db.execution.create({
        data: {
          id: newId(),
          tenantId: main.id,
          executionId,
          namespace: flow.namespace,
          flowId: flow.flowId,
          state: 'SUCCESS',
          startedAt: new Date(),
          triggerId: 'daily',
        },
      });
      await world.db.trigger.updateMany({ where: { flowKey: flow.id }, data: { lastExecutionId: executionId } });
    }
  });
  afterAll(() => world.close());

  const statements = async (query: string, check: (data: any) => void): Promise<number> => {
    // Principals and tenants are cached after the first.
    await viewer.ok(query);
    return world.statements(async () => check(await viewer.ok<any>(query)));
  };

  it('take at most 3 statements for 20 triggers with flow and last execution', async () => {
    const query =
      '{ tenant(key: "main") { triggers(first: 20) { nodes { triggerId disabled nextExecutionAt flow { flowId revision } lastExecution { state startedAt } } } } }';
    const count = await statements(query, ({ tenant }) => {
      expect(tenant.triggers.nodes).toHaveLength(20);
      expect(tenant.triggers.nodes.every((n: any) => n.flow && n.lastExecution.state === 'SUCCESS')).toBe(true);
    });
    expect(count).toBe(3);
  });

  it('take at most 3 statements for 20 executions with flow and trigger', async () => {
    const query =
      '{ tenant(key: "main") { executions(first: 20) { nodes { executionId state duration flow { flowId } trigger { disabled } } } } }';
    const count = await statements(query, ({ tenant }) => {
      expect(tenant.executions.nodes).toHaveLength(20);
      expect(tenant.executions.nodes.every((n: any) => n.flow && n.trigger)).toBe(true);
    });
    expect(count).toBe(3);
  });

  it("show a renamed tenant's new name immediately, and no tenant that is closed to the viewer", async () => {
    const name = async (client = viewer) =>
      (await client.run<any>('{ tenant(key: "main") { name } }')).data?.tenant?.name;
    expect(await name()).toBe('main');
    await world.root().ok('mutation($i: UpdateTenantInput!) { updateTenant(input: $i) { tenant { id } } }', {
      i: { id: Buffer.from(`Tenant:${main.id}`).toString('base64'), name: 'renamed' },
    });
    expect(await name()).toBe('renamed');
    expect(await name(await world.as(await world.user('stranger')))).toBeUndefined();
  });
});
