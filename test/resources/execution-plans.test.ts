import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { fill } from '../bench/plane/executions.ts';
import type { Client } from '../support/client.ts';
import { World } from '../support/world.ts';

const count = 20_000;

describe('pages of many executions', () => {
  let world: World;
  let main: Tenant;
  let viewer: Client;
  let driver: pg.Client;

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    const user = await world.user('viewer', [main]);
    await world.grant(main, user, ['EXECUTION:READ'], 'company');
    viewer = await world.as(user);
    driver = new pg.Client(world.connection);
    await driver.connect();
    await fill({ driver, tenant: main }, count);
  });
  afterAll(async () => {
    await driver.end();
    await world.close();
  });

  /** Number of rows that the database reads for the pages of this operation. */
  async function looked(work: () => Promise<unknown>): Promise<number> {
    const own = pg.Client.prototype.query;
    const sent = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(own as never);
    await work();
    const queries = sent.mock.calls
      .map(([query]: any[]) => query)
      .filter(({ text }: any) => /^SELECT.*FROM "Execution"/s.test(text ?? ''));
    sent.mockRestore();
    expect(queries).toHaveLength(1);
    const { text, values } = queries[0];
    const { rows } = await driver.query({ text: `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values });
    const sum = (node: any): number =>
      (node['Relation Name'] ? node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) : 0) +
      (node.Plans ?? []).reduce((all: number, below: any) => all + sum(below), 0);
    return sum(rows[0]['QUERY PLAN'][0].Plan);
  }
  const page = (args: string) =>
    viewer.ok<any>(
      `{ tenant(key: "main") { executions(${args}) { nodes { executionId } pageInfo { startCursor } } } }`,
    );

  it.each([
    '',
    'where: { state: [FAILED] }',
    'where: { namespaceName: "company.team7" }',
    'where: { under: "company" }',
  ])('start at the cursor: the deepest reads no more rows than the first (%s)', async (where) => {
    const last = await page(`last: 100, ${where}`);
    const cursor = last.tenant.executions.pageInfo.startCursor;
    const first = await looked(() => page(`first: 20, ${where}`));
    const deepest = await looked(() => page(`first: 20, after: "${cursor}", ${where}`));
    expect(first).toBeGreaterThanOrEqual(21);
    // Control: without an index order, the whole list is read.
    expect(await looked(() => page('first: 20, orderBy: { field: DURATION }'))).toBeGreaterThanOrEqual(count);
    expect(Math.max(first, deepest)).toBeLessThan(250);
  });
});
