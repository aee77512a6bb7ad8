/**
 * Compares mutations with the same changes written by hand on the driver: alternating rounds with one client and with
 * 32, medians, ratios and CPU time of server and database for each change. Prints the statements of each mutation.
 * SHORT=1 runs one short round.
 */
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/lib/log.ts';
import { roundTrips } from '../support/round-trips.ts';
import { type Change, changes, filled } from './compare/changes.ts';
import { ask, median, type Running, type Shot, shoot, startProgram } from './compare/measure.ts';
import { masterKey, openStore } from './compare/store.ts';

const isShort = process.env['SHORT'] === '1';
const [rounds, seconds] = isShort ? [1, 0.5] : [Number(process.env['ROUNDS'] ?? 5), 2];
const only = process.env['ONLY']?.split(',');
const works = (Object.keys(changes) as Change[]).filter((work) => !only || only.includes(work));
const contestants = ['gatehouse', 'floor'] as const;
type Contestant = (typeof contestants)[number];

const store = await openStore();
const { databaseUrl, adminToken: token, postmaster } = store;

async function printStatements(): Promise<void> {
  const config = readConfig({ PORT: '0', DATABASE_URL: databaseUrl, GATEHOUSE_MASTER_KEY: masterKey });
  const app = await createApp(config, { connectionString: databaseUrl }, createLog('error'));
  try {
    await app.freshness.confirm();
    const url = `${await app.listen()}/graphql`;
    for (const work of works) {
      const change = async (n: number) => {
        const { query, variables } = filled(changes[work], n);
        const answer = await ask(url, token, query, variables);
        if (answer.errors || !answer.data) throw new Error(`${work}: ${JSON.stringify(answer)}`);
      };
      await change(1);
      const { sent, count } = await roundTrips(app, () => change(2));
      console.log(`\n## ${work}: ${sent.length} statements in ${count} round trips\n`);
      for (const { text, trip } of sent) console.log(`${trip}. ${text.replace(/\s+/g, ' ').slice(0, 150)}`);
    }
  } finally {
    await app.close();
  }
}

const running = new Map<Contestant, Running>();
try {
  await printStatements();
  const own = { DATABASE_URL: databaseUrl, GATEHOUSE_MASTER_KEY: masterKey };
  running.set('gatehouse', await startProgram(['src/main.ts', 'serve'], '/graphql', token, own));
  const place = { DATABASE_URL: databaseUrl, BENCH_TOKEN: token };
  running.set('floor', await startProgram(['test/bench/compare/contestants/mutation-floor.ts'], '/', token, place));
  for (const work of works) {
    const answers = [];
    for (const name of contestants) {
      const { query, variables } = filled(changes[work], 3);
      answers.push(JSON.stringify(await ask(running.get(name)!.url, token, query, variables)));
    }
    if (answers[0] !== answers[1]) throw new Error(`${work}: ${answers.join(' and ')} differ`);
  }
  const shots = new Map<string, Shot[]>();
  for (let round = -1; round < rounds; round += 1)
    for (const work of works)
      for (const connections of [1, 32])
        for (const name of round % 2 ? contestants : [...contestants].reverse()) {
          const load = { connections, duration: seconds, token, bodies: [changes[work]] };
          const shot = await shoot(running.get(name)!, postmaster, load);
          const key = `${name} ${work} ${connections}`;
          // The first round warms up.
          if (round >= 0) shots.set(key, [...(shots.get(key) ?? []), shot]);
        }
  console.log(
    '\n| change | clients | | changes/s (range) | of the floor | p99 ms | CPU µs of server | of database |\n|---|---|---|---|---|---|---|---|',
  );
  for (const work of works)
    for (const connections of [1, 32])
      for (const name of contestants) {
        const of = (who: Contestant) => shots.get(`${who} ${work} ${connections}`)!;
        const figure = (read: (shot: Shot) => number, who: Contestant = name) => median(of(who).map(read));
        const rates = of(name).map(({ rate }) => Math.round(rate));
        const ratio = figure(({ rate }) => rate) / figure(({ rate }) => rate, 'floor');
        const [rate, p99, cpu, databaseCpu] = [
          figure((shot) => shot.rate),
          figure((shot) => shot.p99),
          figure((shot) => shot.cpu),
          figure((shot) => shot.databaseCpu),
        ].map(Math.round);
        console.log(
          `| ${work} | ${connections} | ${name} | ${rate} (${Math.min(...rates)}–${Math.max(...rates)}) | ${ratio.toFixed(2)} | ${p99} | ${cpu} | ${databaseCpu} |`,
        );
      }
} finally {
  for (const { child } of running.values()) child.kill('SIGKILL');
  await store.close();
}
