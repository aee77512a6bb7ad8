import { Engine } from '../../../src/engine/engine.ts';
import { newId } from '../../../src/lib/ids.ts';
import { asSystem } from '../../../src/policy/session/system.ts';
import { bind } from '../../../src/resources/identity/binding/service.ts';
import { call } from '../../support/call.ts';
import { type Bench, median, openBench, timed } from './store.ts';

const rows = 5_000;
const rounds = process.env['SOAK'] === '1' ? 40 : 8;
const report = call('reportExecutions', 'results { outcome error { code } }');

let next = 0;
const execution = () => {
  next += 1;
  const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + (next + seconds) * 1_000).toISOString();
  return {
    executionId: `kit${String(next).padStart(19, '0')}`,
    namespaceName: `company.team${next % 20}`,
    flowId: 'hello',
    revision: 1,
    labels: { team: `team${next % 20}` },
    inputs: { day: '2026-01-01', limit: 100 },
    outputs: { rows: next },
    history: [
      { state: 'CREATED' as const, at: at(0) },
      { state: 'RUNNING' as const, at: at(1) },
      { state: 'SUCCESS' as const, at: at(30) },
    ],
  };
};

/** The kit against the same requests by hand: reports, and commands that are claimed and acknowledged. */
export async function kit(): Promise<void> {
  const bench = await openBench();
  try {
    await flows(bench);
    const { id, client } = await bench.person('engine', 'Engine');
    await bench.write(async (tx) => {
      const role = await tx.role.findFirstOrThrow({ where: { tenantId: null, name: 'Engine' } });
      await bind(tx, asSystem('BINDING:CREATE', 'bench'), null, {
        principalId: id,
        groupId: null,
        role,
        namespace: '',
      });
    });
    const token = client.headers['authorization']!.slice('Bearer '.length);
    let handled = 0;
    const engine = new Engine({
      url: bench.url,
      token,
      name: 'kit',
      pollMs: 20,
      onRefused: ({ message }) => {
        throw new Error(message);
      },
      onCommand: async (command) => {
        handled += 1;
        await engine.report('main', { acknowledge: [command.id] });
      },
    });
    await engine.start();
    await reports(engine, client);
    await commands(bench, engine, () => handled);
    await engine.drain();
  } finally {
    await bench.close();
  }
}

async function reports(engine: Engine, client: { ok: (query: string, variables: object) => Promise<unknown> }) {
  const times = { kit: [] as number[], hand: [] as number[] };
  for (let i = -2; i < rounds; i += 1) {
    const [a, b] = [Array.from({ length: rows }, execution), Array.from({ length: rows }, execution)];
    const byKit = await timed(async () => {
      for (let k = 0; k < rows; k += 100) await engine.report('main', { executions: a.slice(k, k + 100) });
      await engine.flush();
    });
    const byHand = await timed(async () => {
      for (let k = 0; k < rows; k += 500) {
        const executions = b.slice(k, k + 500).map((one) => ({ ...one, sequence: '1' }));
        await client.ok(report, { i: { tenantKey: 'main', serviceId: engine.serviceId, executions } });
      }
    });
    if (i < 0) continue;
    times.kit.push(byKit);
    times.hand.push(byHand);
  }
  const [byKit, byHand] = [median(times.kit), median(times.hand)];
  const perSecond = (ms: number) => Math.round((rows / ms) * 1_000);
  console.log(
    `reports by the kit: ${perSecond(byKit)} rows/s, ${perSecond(byHand)} by hand: ratio ${(byHand / byKit).toFixed(2)} (goal 0.9)`,
  );
}

async function commands({ app, tenant }: Bench, engine: Engine, handled: () => number): Promise<void> {
  const place = {
    tenantId: tenant.id,
    namespace: 'company.team1',
    flowId: 'hello',
    actorId: 'bench',
    actorName: 'bench',
  };
  const count = 5_000;
  const data = Array.from({ length: count }, () => ({ id: newId(), ...place, kind: 'PAUSE', executionId: newId() }));
  await app.database.prisma.command.createMany({ data });
  const took = await timed(async () => {
    while (handled() < count) await new Promise((resolve) => setTimeout(resolve, 5));
    await engine.flush();
  });
  console.log(`commands claimed and acknowledged by the kit: ${Math.round((count / took) * 1_000)} a second`);
}

/** The flows of the reports. */
async function flows({ driver, tenant }: Bench): Promise<void> {
  await driver.query(
    `INSERT INTO "Flow" (id, "tenantId", namespace, "flowId", revision, source, disabled, "declaredDisabled", "taskCount")
     SELECT 'kit-' || n, $1, 'company.team' || n, 'hello', 1, 'id: hello', false, false, 0 FROM generate_series(0, 19) n`,
    [tenant.id],
  );
}
