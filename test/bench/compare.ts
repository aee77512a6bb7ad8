/**
 * Compares Gatehouse with common alternatives over the same rows: alternating rounds, medians, ratios and CPU time of
 * server and database per request. Writes RESULTS.md. SHORT=1 checks that the contestants give the same answers, and
 * runs one short round.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { documents, type Work } from './compare/documents.ts';
import { ask, median, type Running, type Shot, shoot, startProgram } from './compare/measure.ts';
import { masterKey, openStore } from './compare/store.ts';

const isShort = process.env['SHORT'] === '1';
const [rounds, seconds, connections] = isShort ? [1, 0.5, 4] : [5, 2, 20];

/** Programs that answer the documents, and PostGraphile with its own. */
const contestants = [
  'gatehouse',
  'gatehouse by cookie',
  'mercurius',
  'bare',
  'apollo',
  'floor',
  'postgraphile',
] as const;
type Contestant = (typeof contestants)[number];
/** The same gateway, and the same reader with a session in place of a token. */
const byCookie: Contestant = 'gatehouse by cookie';
const own: Partial<Record<Contestant, Record<Work, string>>> = {
  postgraphile: {
    tiny: '{ __typename }',
    list: '{ allTriggers(first: 20) { nodes { id triggerId disabled flow: flowByTenantIdAndFlowKey { id revision } } } }',
    nested:
      '{ allFlows(first: 20) { nodes { id flowId triggers: triggersByTenantIdAndFlowKey(first: 5) { nodes { id triggerId } } } } }',
  },
};

const store = await openStore();
const { databaseUrl, token, cookie } = store;

function start(name: Contestant): Promise<Running> {
  const isOwn = name === 'gatehouse';
  const program = isOwn ? ['src/main.ts', 'serve'] : [`test/bench/compare/contestants/${name}.ts`];
  const path = isOwn || name === 'postgraphile' || name === 'mercurius' || name === 'bare' ? '/graphql' : '/';
  return startProgram(program, path, token, {
    DATABASE_URL: databaseUrl,
    ...(isOwn ? { GATEHOUSE_MASTER_KEY: masterKey } : { BENCH_TOKEN: token }),
  });
}

const works = Object.keys(documents) as Work[];
const queryOf = (name: Contestant, work: Work): string => own[name]?.[work] ?? documents[work];
const running = new Map<Contestant, Running>();
try {
  for (const name of contestants) running.set(name, name === byCookie ? running.get('gatehouse')! : await start(name));
  const plain = (value: unknown): string =>
    JSON.stringify(value).replace(
      /"id":"([A-Za-z0-9+/=]+)"/g,
      (_all, id) => `"id":"${Buffer.from(id, 'base64').toString()}"`,
    );
  for (const work of works) {
    const answers = new Map<Contestant, string>();
    for (const name of contestants) {
      const answer = await ask(running.get(name)!.url, token, queryOf(name, work));
      if (answer.errors || !answer.data) throw new Error(`${name} ${work}: ${JSON.stringify(answer).slice(0, 500)}`);
      if (!own[name]) answers.set(name, plain(answer));
    }
    const [expected] = answers.values();
    for (const [name, answer] of answers)
      if (answer !== expected)
        throw new Error(
          `${name} answers ${work} differently: ${answer.slice(0, 300)} instead of ${expected!.slice(0, 300)}`,
        );
  }
  const shots = new Map<string, Shot[]>();
  for (let round = -1; round < rounds; round += 1)
    for (const work of works)
      for (const name of round % 2 ? contestants : [...contestants].reverse()) {
        const credential = name === byCookie ? { cookie } : { token };
        const load = { connections, duration: seconds, ...credential, bodies: [{ query: queryOf(name, work) }] };
        const shot = await shoot(running.get(name)!, store.postmaster, load);
        // The first round warms up.
        if (round >= 0) shots.set(`${name} ${work}`, [...(shots.get(`${name} ${work}`) ?? []), shot]);
      }
  const rateOf = (name: Contestant, work: Work) => median(shots.get(`${name} ${work}`)!.map(({ rate }) => rate));
  const lines: string[] = [];
  for (const work of works) {
    lines.push(
      `\n## ${work}\n\n\`${documents[work]}\`\n`,
      '| | requests/s (range) | Gatehouse against it | p99 ms | CPU µs of server | of database |',
      '|---|---|---|---|---|---|',
    );
    for (const name of contestants) {
      const taken = shots.get(`${name} ${work}`)!;
      const rates = taken.map(({ rate }) => Math.round(rate));
      const figure = (of: (shot: Shot) => number) => Math.round(median(taken.map(of)));
      const ratio = (rateOf('gatehouse', work) / rateOf(name, work)).toFixed(2);
      lines.push(
        `| ${name} | ${figure(({ rate }) => rate)} (${Math.min(...rates)}–${Math.max(...rates)}) | ${ratio} | ${figure(({ p99 }) => p99)} | ${figure(({ cpu }) => cpu)} | ${figure(({ databaseCpu }) => databaseCpu)} |`,
      );
    }
  }
  console.log(lines.join('\n'));
  if (!isShort) writeFileSync(join(import.meta.dirname, 'RESULTS.md'), `${head()}${lines.join('\n')}\n`);
} finally {
  for (const { child } of running.values()) child.kill('SIGKILL');
  await store.close();
}

function head(): string {
  const versions = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8')).dependencies as Record<
    string,
    string
  >;
  const list = Object.entries(versions).filter(([, version]) => /^\d/.test(version));
  return [
    '# Side by side',
    '',
    '`npm run bench` writes this page. Ratios within a run compare; figures of different runs and machines do not.',
    '',
    `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}, PostgreSQL 18, ${connections} connections, ${rounds} rounds of ${seconds} s, on ${new Date().toISOString().slice(0, 10)}. Load, servers and database share the cores. ${list.map(([name, version]) => `${name} ${version}`).join(', ')}.`,
    '',
    'Gatehouse has everything on: token, access by ten bindings, limits, audit, guards. Mercurius, the floor and the bare stack look the token up in a map and send the same condition. PostGraphile answers documents of its own without access.',
    '',
  ].join('\n');
}
