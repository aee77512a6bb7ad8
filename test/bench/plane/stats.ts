import { rmSync } from 'node:fs';
import { within } from '../../../src/access/where.ts';
import { readConfig } from '../../../src/config.ts';
import { openDatabase } from '../../../src/db/client.ts';
import { startEmbedded } from '../../../src/db/embedded.ts';
import type { PrismaClient } from '../../../src/db/generated/client.ts';
import { migrate } from '../../../src/db/migrate.ts';
import { type Ask, countExecutions, countFigures } from '../../../src/resources/orchestration/stats/count.ts';
import type { Reach } from '../../../src/resources/orchestration/stats/reach.ts';
import { windowOf } from '../../../src/resources/orchestration/stats/window.ts';
import { temporaryFolder } from '../../support/folder.ts';

const { limits } = readConfig({ DATABASE_URL: 'postgresql://x/y', GATEHOUSE_MASTER_KEY: 'x'.repeat(32) });
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Creates a tenant with this many executions, spread over 30 days and 50 namespaces, with their counts by day. */
async function fill(prisma: PrismaClient, tenantId: string, count: number): Promise<void> {
  await prisma.$executeRaw`INSERT INTO "Tenant" (id, key, name) VALUES (${tenantId}, ${tenantId}, ${tenantId})`;
  await prisma.$executeRaw`
    INSERT INTO "Execution" (id, "tenantId", "executionId", namespace, "flowId", state, "startedAt", "durationMs")
    SELECT ${tenantId} || lpad(i::text, 10, '0'), ${tenantId}, 'e' || i, 'company.n' || i % 50, 'flow' || i % 7,
      (ARRAY['SUCCESS', 'SUCCESS', 'SUCCESS', 'FAILED', 'KILLED', 'RUNNING'])[1 + i % 6],
      date_trunc('day', now(), 'UTC') + interval '1 day' - interval '30 days' * (i::float8 / ${count}), i % 60000
    FROM generate_series(1, ${count}::int) i`;
  await prisma.$executeRaw`
    INSERT INTO "ExecutionDay" ("tenantId", namespace, day, state, count, "durationMs")
    SELECT "tenantId", namespace, date_trunc('day', "startedAt", 'UTC'), state, count(*), sum("durationMs")
    FROM "Execution" WHERE "tenantId" = ${tenantId} GROUP BY 1, 2, 3, 4`;
  await prisma.$executeRawUnsafe('ANALYZE');
}

const askOf = (tenantId: string): Ask => {
  const all = [{ tenantId, where: { tenantId } }];
  const some = [{ tenantId, where: { AND: [{ tenantId }, { OR: [within('company.n1'), within('company.n2')] }] } }];
  const reach = {
    namespaces: all,
    flows: some,
    triggers: some,
    users: all,
    groups: all,
    roles: all,
    serviceAccounts: all,
  };
  return { reach: { ...reach, executions: all } as Reach, window: windowOf({ days: 30 }, new Date()) };
};

export interface StatsFigures {
  readonly executions: number;
  /** Returns the median time of all figures with the daily series, in milliseconds. */
  readonly milliseconds: number;
}

/** Measures all figures of a tenant, for tenants of each size in one store. */
export async function measureStats(sizes: readonly number[], rounds = 15): Promise<StatsFigures[]> {
  const folder = temporaryFolder('bench-stats');
  const server = await startEmbedded(folder);
  try {
    await migrate(server.connection);
    const database = openDatabase(server.connection, limits);
    const { prisma } = database;
    for (const size of sizes) await fill(prisma, `t${size}`, size);
    const times = new Map<number, number[]>(sizes.map((size) => [size, []]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const size of sizes) {
        const began = performance.now();
        const ask = askOf(`t${size}`);
        const [, [days]] = await Promise.all([countFigures(prisma, [ask]), countExecutions(prisma, [ask])]);
        const counted = days!.reduce((sum, { count }) => sum + count, 0);
        if (counted !== size) throw new Error(`counted ${counted} of ${size}`);
        // The first round warms up.
        if (round > 0) times.get(size)!.push(performance.now() - began);
      }
    }
    await database.close();
    return sizes.map((executions) => ({ executions, milliseconds: median(times.get(executions)!) }));
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints the figure. @returns true if it is within its bound. */
export async function benchStats(): Promise<boolean> {
  const [small, great] = await measureStats([10_000, 1_000_000]);
  const ratio = great!.milliseconds / small!.milliseconds;
  console.log(
    `stats over 30 days: ${small!.milliseconds.toFixed(1)} ms at 10,000 executions, ${great!.milliseconds.toFixed(1)} ms at 1,000,000: ${ratio.toFixed(2)} times (at most 10)`,
  );
  return ratio <= 10;
}

if (import.meta.main && !(await benchStats())) process.exitCode = 1;
