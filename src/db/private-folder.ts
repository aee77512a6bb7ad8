import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type Account, EmbeddedStoreError } from './postgres-account.ts';

const own = (): number => process.getuid?.() ?? 0;

/** @throws {EmbeddedStoreError} if another account can create or rename files in this folder. */
export function assertGuarded(path: string): void {
  const real = realpathSync(path);
  const { uid, mode } = lstatSync(real);
  if (uid !== 0 && uid !== own())
    throw new EmbeddedStoreError(
      `The folder ${real} belongs to another account (${uid}), which could read the database. Change its owner, or choose another data folder.`,
    );
  // In a sticky folder, such as /tmp, an account cannot rename files of others.
  if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0)
    throw new EmbeddedStoreError(
      `Every account can write to the folder ${real} and could replace the database. Run: chmod o-w ${real}`,
    );
}

/** True if the path is a folder that only this account can access. False for a link. */
export function isPrivate(path: string, account: Account | undefined): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === (account?.uid ?? own()) && (found.mode & 0o077) === 0;
}

/**
 * Creates a folder that only the account can access, or uses such a folder if it exists.
 * @throws {EmbeddedStoreError} if it is a link or belongs to another account, or if other accounts can write to its
 * parent.
 */
export function privateFolder(path: string, account: Account | undefined): void {
  assertGuarded(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
    if (account) chownSync(path, account.uid, account.gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const found = lstatSync(path);
  const owner = account?.uid ?? own();
  if (!found.isDirectory() || found.uid !== owner)
    throw new EmbeddedStoreError(
      `${path} is not a folder of PostgreSQL's account (${owner}). Remove it if it is not in use.`,
    );
  chmodSync(path, 0o700);
}

/** Opens a file to append. Never follows a link. */
export function openOwn(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  let file: number;
  try {
    file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  } catch (error) {
    throw new EmbeddedStoreError(`${path} cannot be opened: ${(error as Error).message}.`);
  }
  const found = fstatSync(file);
  if (found.isFile() && found.uid === own() && found.nlink === 1) return file;
  closeSync(file);
  throw new EmbeddedStoreError(`${path} is not a file of the gateway. Remove it.`);
}

/** Writes a new file that only the account can access. @throws if the path exists, including a link. */
export function handOver(path: string, text: string, account: Account | undefined): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    fchmodSync(file, 0o600);
    // Uses the descriptor, because the path may lead elsewhere by now.
    if (account) fchownSync(file, account.uid, account.gid);
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}
