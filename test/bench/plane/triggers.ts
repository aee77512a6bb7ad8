import { newId } from '../../../src/lib/ids.ts';
import { call } from '../../support/call.ts';
import { flowSource } from '../../support/flows.ts';
import { type Bench, median, openBench, timed } from './store.ts';

const claim = call('claimTriggers', 'claims { dueAt sequence trigger { id } }');
const importFlows = call('importFlows', 'results { outcome error { code } }');

/**
 * Creates triggers of one flow in the database. They became due one after the other, the first one this many seconds
 * ago.
 */
async function fill({ driver, tenant }: Bench, flowKey: string, from: number, count: number): Promise<void> {
  await driver.query(
    `INSERT INTO "Trigger" (id, "tenantId", namespace, "flowId", "triggerId", "flowKey", type, kind, definition, disabled,
       "declaredDisabled", "stateAt", "flowDisabled", "nextExecutionAt", "stopAfter")
     SELECT 'fill-' || lpad(n::text, 12, '0'), $1, 'company.n' || n % 10000, 'crowd', 't' || n, $2, 'x.Schedule', 'SCHEDULE',
       '{"cron":"0 6 * * *"}', n % 10 = 0, false, now(), false,
       CASE WHEN n % 10 = 0 THEN NULL ELSE now() - n * interval '1 second' END, '{}'
     FROM generate_series($3::int, $4::int) n`,
    [tenant.id, flowKey, from, from + count - 1],
  );
}

/** The bare statement of a claim in its transaction. */
const bare = `WITH due AS MATERIALIZED (
    SELECT id FROM "Trigger" WHERE "tenantId" = $1 AND "workerGroup" = '' AND NOT disabled AND NOT "flowDisabled"
      AND "executionId" IS NULL AND "evaluationStartedAt" IS NULL AND "nextExecutionAt" <= now()
    ORDER BY "nextExecutionAt" LIMIT $2 FOR UPDATE SKIP LOCKED)
  UPDATE "Trigger" t SET "evaluationStartedAt" = now(), "workerId" = 'bare', sequence = t.sequence + 1
  FROM due WHERE t.id = due.id RETURNING t.*`;

/** Measures claims through the gateway against the bare statement, alternating in one run. */
async function claims(bench: Bench): Promise<void> {
  const engine = await bench.person('scheduler', 'Engine');
  const { prisma } = bench.app.database;
  const role = await prisma.role.findFirstOrThrow({ where: { tenantId: null, name: 'Engine' } });
  await prisma.binding.create({ data: { id: newId(), principalId: engine.id, roleId: role.id } });
  await prisma.$executeRaw`UPDATE "AccessState" SET revision = revision + 1`;
  await bench.app.freshness.confirm();
  const service = `scheduler-${newId()}`;
  const now = new Date();
  await prisma.worker.create({
    data: {
      ...{ id: newId(), serviceId: service, principalId: engine.id, type: 'SCHEDULER', state: 'RUNNING' },
      ...{ startedAt: now, registeredAt: now, lastHeartbeatAt: now, stateAt: now },
    },
  });
  for (const limit of [100, 500]) {
    const times = { gateway: [] as number[], bare: [] as number[] };
    for (let i = -5; i < 25; i += 1) {
      let taken = 0;
      const gateway = await timed(async () => {
        const answer = await engine.client.ok<any>(claim, { i: { serviceId: service, tenantKey: 'main', limit } });
        taken = answer.claimTriggers.claims.length;
      });
      const alone = await timed(() =>
        bench.driver.query({ name: 'bare', text: bare, values: [bench.tenant.id, limit] }),
      );
      if (taken !== limit) throw new Error(`claimed ${taken} of ${limit}`);
      if (i < 0) continue;
      times.gateway.push(gateway);
      times.bare.push(alone);
    }
    const [gateway, alone] = [median(times.gateway), median(times.bare)];
    console.log(
      `claims of ${limit}: ${gateway.toFixed(1)} ms through the gateway, ${alone.toFixed(1)} ms by the bare statement: ratio ${(alone / gateway).toFixed(2)} (goal 0.5)`,
    );
  }
}

/** Measures the first and the last page of each list. */
async function pages({ driver, person }: Bench): Promise<void> {
  await driver.query('VACUUM ANALYZE "Trigger"');
  await driver.query('VACUUM ANALYZE "Namespace"');
  const { client } = await person('viewer', 'Viewer');
  const lists = {
    'all triggers': 'triggers(first: 20, ARGS)',
    'triggers by name': 'triggers(first: 20, orderBy: { field: TRIGGER_ID } ARGS)',
    'triggers by namespace': 'triggers(first: 20, orderBy: { field: NAMESPACE_NAME } ARGS)',
    'disabled triggers': 'triggers(first: 20, where: { disabled: true } ARGS)',
    'triggers of a namespace and below': 'triggers(first: 20, where: { under: "company.n77" } ARGS)',
    namespaces: 'namespaces(first: 20, ARGS)',
  };
  for (const [name, list] of Object.entries(lists)) {
    const ask = async (args: string) => {
      const field = list.replace('ARGS', args);
      const { tenant } = await client.ok<any>(
        `{ tenant(key: "main") { ${field} { nodes { id } pageInfo { startCursor endCursor hasNextPage } } } }`,
      );
      return tenant.triggers ?? tenant.namespaces;
    };
    // The last page from the other end shows where the deepest one begins.
    const back = list.replace('first: 20', 'last: 21');
    const tail = await client.ok<any>(
      `{ tenant(key: "main") { ${back.replace('ARGS', '')} { pageInfo { startCursor } } } }`,
    );
    const { startCursor } = (tail.tenant.triggers ?? tail.tenant.namespaces).pageInfo;
    const deepest = `, after: "${startCursor}"`;
    const times = { first: [] as number[], deepest: [] as number[] };
    for (let i = -3; i < 20; i += 1) {
      const first = await timed(() => ask(''));
      const last = await timed(() => ask(deepest));
      if (i < 0) continue;
      times.first.push(first);
      times.deepest.push(last);
    }
    const [first, last] = [median(times.first), median(times.deepest)];
    console.log(
      `${name}: first page ${first.toFixed(1)} ms, deepest ${last.toFixed(1)} ms: ratio ${(last / first).toFixed(2)} (goal 2)`,
    );
  }
}

/** Measures claims, pages over a million triggers and ten thousand namespaces, and the import of flows. */
export async function triggers(): Promise<void> {
  const bench = await openBench();
  try {
    const admin = await bench.person('admin', 'Admin');
    const files = Array.from({ length: 255 }, (_, i) => ({
      path: `${i}.yaml`,
      source: `${flowSource(`company.n${i % 30}`, `flow-${i}`)}# ${'x'.repeat(5_000)}\n`,
    }));
    const took = await timed(async () => {
      for (let i = 0; i < files.length; i += 100) {
        const part = { tenantKey: 'main', files: files.slice(i, i + 100) };
        const { importFlows: done } = await admin.client.ok<any>(importFlows, { i: part });
        if (done.results.some(({ outcome }: any) => outcome !== 'CREATED')) throw new Error('not imported');
      }
    });
    console.log(`import of 255 flows: ${(took / 1_000).toFixed(1)} s (goal 10)`);
    const flow = await bench.app.database.prisma.flow.findFirstOrThrow();
    const count = 1_000_000;
    await fill(bench, flow.id, 1, count);
    await bench.driver.query(
      `INSERT INTO "Namespace" (id, "tenantId", namespace, parent)
       SELECT 'fill-' || n, $1, 'company.n' || n, 'company' FROM generate_series(0, 9999) n ON CONFLICT DO NOTHING`,
      [bench.tenant.id],
    );
    console.log(`${count} triggers, 10,000 namespaces`);
    await pages(bench);
    await claims(bench);
  } finally {
    await bench.close();
  }
}
