/**
 * Where a request spends its time: self time of the server by layer, in microseconds for a request. Takes the name of a
 * document (tiny, list, nested; default list) or of a change (updateGroup …). The profile stays in the folder that is printed: a browser's developer
 * tools show it as a flame graph.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Change, changes, filled } from './compare/changes.ts';
import { documents, type Work } from './compare/documents.ts';
import { masterKey, openStore } from './compare/store.ts';

const work = (process.argv[2] ?? 'list') as Work | Change;
let sent = 0;
/** The document, with another row and value each time. */
function nextBody(): string {
  sent += 1;
  return JSON.stringify(work in changes ? filled(changes[work as Change], sent) : { query: documents[work as Work] });
}
const detailed = process.argv[3] === 'functions';
const seconds = Number(process.env['SECONDS'] ?? 5);

const store = await openStore();
const file = join(mkdtempSync(join(tmpdir(), 'gatehouse-profile-')), `${work}.cpuprofile`);
const port = await new Promise<number>((resolve) => {
  const probe = createServer().listen(0, () => {
    const { port: free } = probe.address() as { port: number };
    probe.close(() => resolve(free));
  });
});
const child = spawn(
  process.execPath,
  ['--import', join(import.meta.dirname, 'compare/profiler.ts'), 'src/main.ts', 'serve'],
  {
    env: {
      ...process.env,
      PROFILE: file,
      NODE_ENV: 'production',
      PORT: String(port),
      DATABASE_URL: store.databaseUrl,
      GATEHOUSE_MASTER_KEY: masterKey,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  },
);
const ended = new Promise((resolve) => child.on('exit', resolve));

const ask = async (): Promise<void> => {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${work in changes ? store.adminToken : store.token}`,
    },
    body: nextBody(),
  });
  const { errors } = (await response.json()) as { errors?: unknown };
  if (errors) throw new Error(JSON.stringify(errors));
};
for (let i = 0; i < 100; i += 1) {
  if (
    await ask().then(
      () => true,
      () => false,
    )
  )
    break;
  await new Promise((resolve) => setTimeout(resolve, 100));
}
/** Asks for so many seconds. @returns the number of requests. */
async function load(time: number): Promise<number> {
  let requests = 0;
  const until = performance.now() + time * 1_000;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (performance.now() < until) {
        await ask();
        requests += 1;
      }
    }),
  );
  return requests;
}
// Compiled and cached code is measured, not the first requests.
await load(seconds);
child.kill('SIGUSR2');
const requests = await load(seconds);
child.kill('SIGTERM');
await ended;
await store.close();

interface Profile {
  readonly nodes: readonly { id: number; callFrame: { functionName: string; url: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}
const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile;
const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
const layerOf = ({ functionName, url }: { functionName: string; url: string }): string => {
  const path = url.replace(/^file:\/\//, '').replace(`${process.cwd()}/`, '');
  const name = detailed ? ` ${functionName}` : '';
  if (path === '') return `(${functionName.replace(/[()]/g, '')})`;
  const [, packaged] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
  if (packaged) return packaged + name;
  return (detailed || !path.startsWith('src/') ? path : path.split('/').slice(0, 3).join('/')) + name;
};
const times = new Map<string, number>();
profile.samples.forEach((id, i) => {
  const layer = layerOf(frames.get(id)!);
  if (layer !== '(idle)' && layer !== '(program)') times.set(layer, (times.get(layer) ?? 0) + profile.timeDeltas[i]!);
});
console.log(`${requests} requests, flame graph: ${file}`);
for (const [layer, time] of [...times].sort((a, b) => b[1] - a[1]).slice(0, 45))
  console.log(`${Math.round(time / requests)}`.padStart(7), layer);
