import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { createWhole } from '../lib/write-file.ts';
import { type Place, preparePlace, runningPid } from './embedded-place.ts';
import { writeGitignore } from './gitignore.ts';
import { EmbeddedStoreError } from './postgres-account.ts';
import { handOver, isPrivate, openOwn } from './private-folder.ts';
import { isDuplicate, stateOf } from './sql-state.ts';

const run = promisify(execFile);

/** Connection options of `pg`. */
export interface Connection {
  readonly host?: string;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly connectionString?: string;
}

export interface EmbeddedServer {
  readonly connection: Connection;
  /** Process id of the postmaster. */
  readonly pid: number;
  /** True if the server was already running, after its gateway was killed. */
  readonly adopted: boolean;
  stop(): Promise<void>;
}

const ownVersion = '18';

/** @throws {EmbeddedStoreError} if the folder cannot be used. */
function placeIn(dataDir: string, account: string | undefined): Place {
  try {
    return preparePlace(dataDir, account);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof EmbeddedStoreError || code === undefined) throw error;
    throw new EmbeddedStoreError(
      `The data folder ${dataDir} cannot be used (${message}). Set GATEHOUSE_DATA_DIR to a folder that this account can write to.`,
      { cause: error },
    );
  }
}

const settings = {
  listen_addresses: '',
  max_connections: '120',
  shared_buffers: '128MB',
  unix_socket_permissions: '0700',
  log_min_messages: 'warning',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * Starts the bundled PostgreSQL with its data in `dataDir`, or adopts the server that already runs there. It listens
 * only on a Unix socket in a private folder, with a generated password.
 */
export async function startEmbedded(dataDir: string, account?: string): Promise<EmbeddedServer> {
  const place = runningPlace(placeIn(dataDir, account));
  writeGitignore(dataDir);
  const passwordFile = join(dataDir, 'postgres.password');
  if (!existsSync(join(place.data, 'PG_VERSION'))) await initialise(place, passwordFile);
  const version = readFileSync(join(place.data, 'PG_VERSION'), 'utf8').trim();
  if (version !== ownVersion)
    throw new EmbeddedStoreError(
      `The data in ${place.data} belongs to PostgreSQL ${version}, but this program includes ${ownVersion}. Use the version of Gatehouse that created the data, or migrate the data with pg_dump and pg_restore.`,
    );
  if (!existsSync(passwordFile))
    throw new EmbeddedStoreError(
      `${passwordFile} is missing. Without it, the data in ${place.data} cannot be opened. Restore it from a backup.`,
    );
  const connection: Connection = {
    host: place.socket,
    user: 'gatehouse',
    password: readFileSync(passwordFile, 'utf8').trim(),
    database: 'gatehouse',
  };
  const server = { ...connection, database: 'postgres' };
  const adopted = await answers(server);
  if (!adopted) await launch(place, server, join(dataDir, 'postgres.log'));
  await createDatabase(server, 'gatehouse');
  const pid = postmasterPid(place)!;
  return { connection, pid, adopted, stop: () => stopServer(place) };
}

/**
 * Creates the cluster next to its target and renames it when complete, so that an aborted start leaves no partial
 * cluster.
 */
async function initialise(place: Place, passwordFile: string): Promise<void> {
  if (readdirSync(place.data).length > 0)
    throw new EmbeddedStoreError(
      `${place.data} contains other files than a database. Set GATEHOUSE_DATA_DIR to another folder, or remove the files.`,
    );
  const staging = `${place.data}.initialising`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { mode: 0o700 });
  // initdb reads the password as the server's account. Only the gateway can read the permanent copy.
  const password = randomBytes(24).toString('base64url');
  const handover = join(place.socket, 'password');
  rmSync(handover, { force: true });
  handOver(handover, password, place.account);
  if (place.account) chownSync(staging, place.account.uid, place.account.gid);
  const args = ['-D', staging, '-U', 'gatehouse', '-A', 'scram-sha-256', '--pwfile', handover];
  try {
    await run(join(place.binaries, 'bin', 'initdb'), [...args, '-E', 'UTF8', '--no-locale', '--no-instructions'], {
      ...place.account,
      cwd: staging,
      env: {},
    });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new EmbeddedStoreError(
      `The embedded PostgreSQL could not be set up: ${stderr?.trim() || (error as Error).message}`,
    );
  } finally {
    rmSync(handover, { force: true });
  }
  rmSync(passwordFile, { force: true });
  createWhole(passwordFile, password);
  // Fails if the folder is not empty: foreign files are never removed.
  rmdirSync(place.data);
  renameSync(staging, place.data);
}

const startMs = 60_000;
const retryMs = 15_000;
/** Log messages while processes of the previous server still use the data. */
const isHeld = /in use|already exists|another postmaster|another server|could not bind|could not create .*socket/i;

/**
 * Starts the server and waits until it responds. After a kill, processes of the previous server can use the data for a
 * moment, so the start is retried.
 */
async function launch(place: Place, server: Connection, logFile: string): Promise<void> {
  const startedAt = Date.now();
  for (;;) {
    const ended = await launchOnce(place, server, logFile, startedAt + startMs);
    if (ended === undefined) return;
    if (!isHeld.test(lastLine(logFile)) || Date.now() - startedAt > retryMs) {
      throw new EmbeddedStoreError(
        `The embedded PostgreSQL ended during its start (${ended}). Last line of its log: ${lastLine(logFile)} See ${logFile}.`,
      );
    }
    await sleep(200);
  }
}

/** @returns undefined once it responds, or how it ended. */
async function launchOnce(
  place: Place,
  server: Connection,
  logFile: string,
  deadline: number,
): Promise<number | string | undefined> {
  const log = openOwn(logFile);
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A separate session: Ctrl-C in the terminal must reach only the gateway, which then stops the server in order.
  const child = spawn(join(place.binaries, 'bin', 'postgres'), ['-D', place.data, '-k', place.socket, ...options], {
    ...place.account,
    cwd: place.data,
    detached: true,
    stdio: ['ignore', log, log],
    env: {},
  });
  closeSync(log);
  child.unref();
  let ended: number | string | undefined;
  child.once('exit', (code, signal) => {
    ended = code ?? signal ?? 'unknown';
  });
  child.once('error', (error) => {
    ended = error.message;
  });
  while (!(await answers(server))) {
    if (ended !== undefined) return (await answers(server)) ? undefined : ended;
    if (Date.now() > deadline)
      throw new EmbeddedStoreError(
        `The embedded PostgreSQL did not answer within ${startMs / 1_000} s. See ${logFile}.`,
      );
    await sleep(25);
  }
  return undefined;
}

async function answers(server: Connection): Promise<boolean> {
  const client = new pg.Client({ ...server, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch (error) {
    if (stateOf(error) === '28P01')
      throw new EmbeddedStoreError(
        'postgres.password in the data folder is not the password of the data in the same folder. Restore both from the same backup.',
      );
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function createDatabase(server: Connection, name: string): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE "${name}"`);
  } catch (error) {
    if (stateOf(error) !== '42P04' && !isDuplicate(error)) throw error;
  } finally {
    await client.end();
  }
}

function lastLine(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
  const fault = lines.findLast((line) => /FATAL|PANIC|ERROR/.test(line)) ?? lines.at(-1) ?? '';
  return `${fault.slice(0, 300)}.`;
}

/** Returns the place with the socket of a server that already runs there, after its gateway was killed. */
function runningPlace(place: Place): Place {
  const file = join(place.data, 'postmaster.pid');
  if (!existsSync(file)) return place;
  const [pid, , , , socket = ''] = readFileSync(file, 'utf8').split('\n');
  if (socket === '' || socket === place.socket || runningPid(place.data) === undefined) return place;
  if (isPrivate(socket, place.account)) return { ...place, socket };
  throw new EmbeddedStoreError(
    `A PostgreSQL (process ${pid}) runs on the data in ${place.data} with its socket in ${socket}, which other accounts can access. Stop it first.`,
  );
}

function postmasterPid(place: Place): number | undefined {
  const file = join(place.data, 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
}

/** Fast shutdown: open transactions are rolled back, and all committed data is on disk. */
async function stopServer(place: Place): Promise<void> {
  const pid = postmasterPid(place);
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGINT');
    while (existsSync(join(place.data, 'postmaster.pid'))) {
      process.kill(pid, 0);
      await sleep(20);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
