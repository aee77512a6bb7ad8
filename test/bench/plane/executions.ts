import { Agent, request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { newId } from '../../../src/lib/ids.ts';
import { call } from '../../support/call.ts';
import type { Client } from '../../support/client.ts';
import { type Bench, median, openBench, timed } from './store.ts';

const soak = process.env['SOAK'] === '1';
const batch = 500;
const report = call('reportExecutions', 'results { outcome error { code } }');

let next = 0;
const engineId = () => `bench${String(next++).padStart(17, '0')}`;

/** The report of an engine on one execution. */
const reportOf = (sequence = 1, executionId = engineId()) => {
  const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + next * 1_000 + seconds * 1_000).toISOString();
  return {
    executionId,
    sequence: String(sequence),
    namespaceName: `company.team${next % 20}`,
    flowId: 'hello',
    revision: 1,
    labels: { team: `team${next % 20}`, 'system.correlationId': executionId },
    inputs: { day: '2026-01-01', limit: 100 },
    outputs: { rows: next, file: 'storage:///company/team/hello/out.csv' },
    triggerId: 'daily',
    history: [
      { state: 'CREATED', at: at(0) },
      { state: 'RUNNING', at: at(1) },
      { state: 'SUCCESS', at: at(30) },
    ],
  };
};
type Report = ReturnType<typeof reportOf>;

const columns = [
  ...['id', 'tenantId', 'executionId', 'namespace', 'flowId', 'revision', 'state', 'startedAt', 'endedAt'],
  ...['durationMs', 'labels', 'labelTexts', 'inputs', 'outputs', 'history', 'triggerId', 'sequence'],
];

/** Inserts the same rows in one multi-row INSERT through the driver. */
async function insert({ driver, tenant }: Bench, reports: readonly Report[]): Promise<void> {
  const values = reports.flatMap((one) => [
    newId(),
    tenant.id,
    one.executionId,
    one.namespaceName,
    one.flowId,
    one.revision,
    one.history.at(-1)!.state,
    one.history[0]!.at,
    one.history.at(-1)!.at,
    30_000,
    JSON.stringify(one.labels),
    Object.entries(one.labels).map(([key, value]) => `${key}:${value}`),
    JSON.stringify(one.inputs),
    JSON.stringify(one.outputs),
    JSON.stringify(one.history),
    one.triggerId,
    one.sequence,
  ]);
  const rows = reports.map((_, i) => `(${columns.map((_column, k) => `$${i * columns.length + k + 1}`).join(',')})`);
  const names = columns.map((name) => `"${name}"`).join(', ');
  await driver.query({ name: 'insert', text: `INSERT INTO "Execution" (${names}) VALUES ${rows.join(',')}`, values });
}

/** Sends GraphQL requests over one connection with minimal client code, which is not what is measured. */
function poster({ url, headers }: Client): (body: object) => Promise<any> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return (body) =>
    new Promise((resolve, fail) => {
      const text = JSON.stringify(body);
      const length = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const options = { method: 'POST', agent, headers: { ...headers, ...length } };
      const sent = request(`${url}/graphql`, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
      });
      sent.on('error', fail);
      sent.end(text);
    });
}

async function ingest(bench: Bench, rounds: number): Promise<number> {
  const engine = await bench.person('engine', 'Engine');
  const service = `service-${newId()}`;
  const now = new Date();
  await bench.app.database.prisma.worker.create({
    data: {
      ...{ id: newId(), serviceId: service, principalId: engine.id, type: 'EXECUTOR', state: 'RUNNING' },
      ...{ startedAt: now, lastHeartbeatAt: now, stateAt: now, timings: { heartbeatTimeoutMs: 86_400_000 } },
    },
  });
  const post = poster(engine.client);
  const send = async (executions: Report[]) => {
    const { data, errors } = await post({
      query: report,
      variables: { i: { tenantKey: 'main', serviceId: service, executions } },
    });
    if (errors) throw new Error(JSON.stringify(errors));
    const { results } = data.reportExecutions;
    if (results.some(({ outcome }: { outcome: string }) => outcome !== 'APPLIED')) throw new Error('not applied');
  };
  const times = { gateway: [] as number[], driver: [] as number[] };
  const make = () => Array.from({ length: batch }, () => reportOf());
  for (let i = -10; i < rounds; i += 1) {
    const [a, b] = [make(), make()];
    const gateway = await timed(() => send(a));
    const driver = await timed(() => insert(bench, b));
    // The first rounds warm up.
    if (i < 0) continue;
    times.gateway.push(gateway);
    times.driver.push(driver);
  }
  const [gateway, driver] = [median(times.gateway), median(times.driver)];
  const ratio = driver / gateway;
  const perSecond = (ms: number) => Math.round((batch / ms) * 1_000);
  console.log(
    `reports of ${batch} executions: ${perSecond(gateway)} rows/s through the gateway, ${perSecond(driver)} by INSERT: ratio ${ratio.toFixed(2)} (goal 0.5)`,
  );
  const minutes = soak ? 10 : 1;
  const gc = exposeGc();
  const rss = () => {
    gc();
    return Math.round(process.memoryUsage().rss / 1_048_576);
  };
  for (const end = Date.now() + 5_000; Date.now() < end; ) await send(make());
  const first = rss();
  let count = 0;
  for (const end = Date.now() + minutes * 60_000; Date.now() < end; count += batch) await send(make());
  const last = rss();
  console.log(
    `ingest for ${minutes} min: ${Math.round(count / minutes / 60)} rows/s, RSS ${first} MB at the start, ${last} MB at the end (${(last / first).toFixed(2)})`,
  );
  return ratio;
}

function exposeGc(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** Creates many executions at once in the database. */
export async function fill({ driver, tenant }: Pick<Bench, 'driver' | 'tenant'>, count: number): Promise<void> {
  await driver.query(
    `INSERT INTO "Execution" (id, "tenantId", "executionId", namespace, "flowId", revision, state, "startedAt", "endedAt",
       "durationMs", labels, "labelTexts", history, sequence)
     SELECT 'fill-' || lpad(n::text, 12, '0'), $1, 'fill' || lpad(n::text, 18, '0'), 'company.team' || n % 20,
       'flow' || n % 200, 1, CASE n % 10 WHEN 0 THEN 'FAILED' WHEN 1 THEN 'WARNING' ELSE 'SUCCESS' END,
       timestamptz '2020-01-01' + n * interval '1 second', timestamptz '2020-01-01' + (n + 30) * interval '1 second', 30000,
       jsonb_build_object('team', 'team' || n % 20), ARRAY['team:team' || n % 20],
       '[{"state": "RUNNING", "at": "2020-01-01T00:00:00Z"}]', 1
     FROM generate_series(1, $2::int) n`,
    [tenant.id, count],
  );
  await driver.query(
    `INSERT INTO "ExecutionDay" ("tenantId", namespace, day, state, count, "durationMs")
     SELECT "tenantId", namespace, date_trunc('day', "startedAt" AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', state, count(*),
       sum("durationMs") FROM "Execution" WHERE id LIKE 'fill-%' GROUP BY 1, 2, 3, 4
     ON CONFLICT ("tenantId", namespace, day, state) DO UPDATE SET count = "ExecutionDay".count + excluded.count`,
  );
  await driver.query('VACUUM ANALYZE "Execution"');
}

/** Lists that users open, by name. */
const lists: Record<string, string> = {
  'all executions': '',
  'one namespace': 'where: { namespaceName: "company.team7" }',
  'a namespace and below': 'where: { under: "company" }',
  'one state': 'where: { state: [FAILED] }',
  'one flow': 'where: { namespaceName: "company.team7", flowId: "flow7" }',
  'one label': 'where: { labels: ["team:team7"] }',
};

/** Measures the first and the deepest page of each list. @returns the maximum ratio. */
export async function pages(bench: Bench, rounds: number): Promise<number> {
  const { client } = await bench.person('viewer', 'Viewer');
  const ratios: number[] = [];
  for (const [name, where] of Object.entries(lists)) {
    const page = async (args: string) =>
      (
        await client.ok<any>(
          `{ tenant(key: "main") { executions(first: 20, ${args} ${where}) { nodes { id } pageInfo { endCursor } } } }`,
        )
      ).tenant.executions;
    // The second-to-last page, reached from the end.
    const { tenant } = await client.ok<any>(
      `{ tenant(key: "main") { executions(last: 21, ${where}) { pageInfo { startCursor } } } }`,
    );
    const deepest = `after: "${tenant.executions.pageInfo.startCursor}",`;
    const times = { first: [] as number[], deepest: [] as number[] };
    for (let i = -5; i < rounds; i += 1) {
      const first = await timed(() => page(''));
      const deep = await timed(() => page(deepest));
      if (i < 0) continue;
      times.first.push(first);
      times.deepest.push(deep);
    }
    const [first, deep] = [median(times.first), median(times.deepest)];
    ratios.push(deep / first);
    let fault: string | undefined;
    const counted = await timed(async () => {
      [fault] = await client.codes(`{ tenant(key: "main") { executions(first: 0, ${where}) { totalCount } } }`);
    });
    console.log(
      `pages of ${name}: first ${first.toFixed(1)} ms, deepest ${deep.toFixed(1)} ms: ratio ${(deep / first).toFixed(2)} (goal 2); totalCount ${fault ?? `${counted.toFixed(0)} ms`}`,
    );
  }
  return Math.max(...ratios);
}

/** Measures executions: reports, memory during an ingest, pages over many rows. */
export async function executions(): Promise<void> {
  const bench = await openBench();
  try {
    await bench.driver.query(
      `INSERT INTO "Flow" (id, "tenantId", namespace, "flowId", revision, source, disabled, "declaredDisabled", "taskCount")
       SELECT 'flow-' || n, $1, 'company.team' || n, 'hello', 1, '', false, false, 1 FROM generate_series(0, 19) n`,
      [bench.tenant.id],
    );
    await ingest(bench, soak ? 200 : 60);
    const count = soak ? 10_000_000 : 1_000_000;
    console.log(`${count.toLocaleString('en')} executions:`);
    await fill(bench, count);
    await pages(bench, soak ? 100 : 30);
  } finally {
    await bench.close();
  }
}
