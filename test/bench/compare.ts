/**
 * Compares Gatehouse with common alternatives over the same rows: alternating rounds, medians, ratios and CPU time of
 * server and database per request. Writes RESULTS.md. SHORT=1 checks that the contestants give the same answers, and
 * runs one short round.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { documents, type Work } from './compare/documents.ts';
import { masterKey, openStore } from './compare/store.ts';
import { median } from './plane/store.ts';

const isShort = process.env['SHORT'] === '1';
const [rounds, seconds, connections] = isShort ? [1, 0.5, 4] : [5, 2, 20];

/** Programs that answer the documents, and PostGraphile with its own. */
const contestants = ['gatehouse', 'mercurius', 'bare', 'apollo', 'floor', 'postgraphile'] as const;
type Contestant = (typeof contestants)[number];
const own: Partial<Record<Contestant, Record<Work, string>>> = {
  postgraphile: {
    tiny: '{ __typename }',
    list: '{ allTriggers(first: 20) { nodes { id triggerId disabled flow: flowByTenantIdAndFlowKey { id revision } } } }',
    nested:
      '{ allFlows(first: 20) { nodes { id flowId triggers: triggersByTenantIdAndFlowKey(first: 5) { nodes { id triggerId } } } } }',
  },
};

const store = await openStore();
const { databaseUrl, token } = store;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

interface Running {
  readonly url: string;
  readonly child: ChildProcess;
}

async function start(name: Contestant): Promise<Running> {
  const port = await freePort();
  const isOwn = name === 'gatehouse';
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    ...(isOwn ? { GATEHOUSE_MASTER_KEY: masterKey } : { BENCH_TOKEN: token }),
  };
  const program = isOwn ? ['src/main.ts', 'serve'] : [`test/bench/compare/contestants/${name}.ts`];
  const child = spawn(process.execPath, program, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const path = isOwn || name === 'postgraphile' || name === 'mercurius' || name === 'bare' ? '/graphql' : '/';
  const url = `http://127.0.0.1:${port}${path}`;
  for (let i = 0; ; i += 1) {
    if (i > 300) throw new Error(`${name} does not answer`);
    const answer = await ask(url, '{ __typename }').catch(() => undefined);
    if (answer !== undefined) return { url, child };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function ask(url: string, query: string): Promise<any> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  return response.json().catch(() => ({ status: response.status }));
}

const ticks = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
};
/** CPU time of all processes of PostgreSQL in microseconds. Ended ones count through their parent. */
function databaseTime(): number {
  let sum = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (readFileSync(`/proc/${entry}/comm`, 'utf8').trim() === 'postgres') sum += ticks(Number(entry));
    } catch {
      // It ended in the meantime.
    }
  }
  return sum;
}

interface Shot {
  readonly rate: number;
  readonly p99: number;
  readonly cpu: number;
  readonly databaseCpu: number;
}

/** The load runs in a process of its own. */
async function shoot({ url, child }: Running, query: string): Promise<Shot> {
  const [cpu, databaseCpu] = [ticks(child.pid!), databaseTime()];
  const load = spawn(process.execPath, [
    'test/bench/compare/contestants/load.ts',
    JSON.stringify({ url, connections, duration: seconds, token, query }),
  ]);
  let text = '';
  load.stdout.on('data', (part: Buffer) => {
    text += part.toString();
  });
  load.stderr.pipe(process.stderr);
  await new Promise((resolve) => load.on('close', resolve));
  const { total, rate, p99, failed } = JSON.parse(text);
  if (failed > 0) throw new Error(`${failed} requests failed at ${url}`);
  return { rate, p99, cpu: (ticks(child.pid!) - cpu) / total, databaseCpu: (databaseTime() - databaseCpu) / total };
}

const works = Object.keys(documents) as Work[];
const queryOf = (name: Contestant, work: Work): string => own[name]?.[work] ?? documents[work];
const running = new Map<Contestant, Running>();
try {
  for (const name of contestants) running.set(name, await start(name));
  const plain = (value: unknown): string =>
    JSON.stringify(value).replace(
      /"id":"([A-Za-z0-9+/=]+)"/g,
      (_all, id) => `"id":"${Buffer.from(id, 'base64').toString()}"`,
    );
  for (const work of works) {
    const answers = new Map<Contestant, string>();
    for (const name of contestants) {
      const answer = await ask(running.get(name)!.url, queryOf(name, work));
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
        const shot = await shoot(running.get(name)!, queryOf(name, work));
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
