import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program, until } from '../server/tools.ts';
import { Client } from './client.ts';
import { freePort } from './program.ts';
import { masterKey, type World } from './world.ts';

/** A gateway in a separate process on the database of a world, so that its load is not that of the test. */
export interface Gateway {
  readonly url: string;
  readonly program: Program;
  /** Resident memory in MB. */
  memory(): number;
  /** Returns a client with the same credentials for this gateway. */
  as(client: Client): Client;
}

export async function startGateway(world: World, env: Record<string, string> = {}): Promise<Gateway> {
  const { host, user, password, database } = world.connection;
  const port = env['PORT'] ?? (await freePort());
  const program = new Program(['src/main.ts', 'serve'], {
    DATABASE_URL: `postgresql://${user}:${password}@localhost/${database}?host=${encodeURIComponent(host)}`,
    GATEHOUSE_MASTER_KEY: masterKey,
    PORT: String(port),
    NODE_ENV: 'production',
    ...env,
  });
  const url = `http://127.0.0.1:${port}`;
  const isReady = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(`the gateway:\n${program.out}${program.error}`, async () => !program.isRunning || isReady(), 20_000);
  return {
    url,
    program,
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${program.child.pid}/status`, 'utf8'))![1]) / 1_024,
    as: (client) => new Client(url, client.headers),
  };
}

export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
  readonly requests: number;
  /** The error codes of failed requests. */
  readonly failed: readonly string[];
}

/** Measures the latencies of a well-behaved user during the work: one request at a time, about thirty per second. */
export async function latenciesDuring(
  client: Client | (() => Client),
  document: string,
  attack: () => Promise<unknown>,
): Promise<Latencies> {
  const times: number[] = [];
  const failed: string[] = [];
  let running = true;
  const user = (async () => {
    while (running) {
      const started = performance.now();
      failed.push(
        ...(await (typeof client === 'function' ? client() : client)
          .codes(document)
          .catch((error: Error) => [error.message])),
      );
      times.push(performance.now() - started);
      await sleep(25);
    }
  })();
  try {
    await attack();
  } finally {
    running = false;
    await user;
  }
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), worst: times.at(-1) ?? Number.NaN, requests: times.length, failed };
}
