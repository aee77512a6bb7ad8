import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { median } from '../plane/store.ts';

export { median };

/** A contestant's program that answers. */
export interface Running {
  readonly url: string;
  readonly child: ChildProcess;
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

/** Sends one document. */
export async function ask(url: string, token: string, query: string, variables?: object): Promise<any> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  return response.json().catch(() => ({ status: response.status }));
}

/** Starts a program on a free port, and waits until it answers. */
export async function startProgram(
  program: readonly string[],
  path: string,
  token: string,
  settings: Record<string, string>,
): Promise<Running> {
  const port = await freePort();
  const env = { ...process.env, NODE_ENV: 'production', PORT: String(port), ...settings };
  const child = spawn(process.execPath, program, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}${path}`;
  for (let i = 0; ; i += 1) {
    if (i > 300) throw new Error(`${program[0]} does not answer`);
    const answer = await ask(url, token, '{ __typename }').catch(() => undefined);
    if (answer !== undefined) return { url, child };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const statOf = (pid: number): string[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};
/** Positions of the times of a process, and of its children that have ended. */
const own = [11, 12];
const ended = [13, 14];
const ticks = (pid: number, positions = own): number => {
  const fields = statOf(pid);
  return positions.reduce((sum, position) => sum + Number(fields[position]), 0) * 10_000;
};
/** CPU time of a PostgreSQL server in microseconds: of the postmaster and its processes. */
function databaseTime(postmaster: number): number {
  // Also those of connections that have ended.
  let sum = ticks(postmaster, [...own, ...ended]);
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (Number(statOf(Number(entry))[1]) === postmaster) sum += ticks(Number(entry));
    } catch {
      // It ended in the meantime.
    }
  }
  return sum;
}

/** Figures of one round. */
export interface Shot {
  readonly rate: number;
  readonly p99: number;
  readonly cpu: number;
  readonly databaseCpu: number;
}

/** The load runs in a process of its own. @param load parameters of contestants/load.ts. */
export async function shoot({ url, child }: Running, postmaster: number, load: object): Promise<Shot> {
  const [cpu, databaseCpu] = [ticks(child.pid!), databaseTime(postmaster)];
  const program = 'test/bench/compare/contestants/load.ts';
  const running = spawn(process.execPath, [program, JSON.stringify({ url, ...load })]);
  let text = '';
  running.stdout.on('data', (part: Buffer) => {
    text += part.toString();
  });
  running.stderr.pipe(process.stderr);
  await new Promise((resolve) => running.on('close', resolve));
  const { total, rate, p99, failed } = JSON.parse(text);
  if (failed > 0) throw new Error(`${failed} requests failed at ${url}`);
  return {
    rate,
    p99,
    cpu: (ticks(child.pid!) - cpu) / total,
    databaseCpu: (databaseTime(postmaster) - databaseCpu) / total,
  };
}
