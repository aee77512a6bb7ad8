import { execFileSync } from 'node:child_process';
import { lchownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../lib/operator-error.ts';

/** An operating-system account for PostgreSQL, which refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Reports why the embedded PostgreSQL cannot run. The command line prints its message. */
export class EmbeddedStoreError extends OperatorError {}

/** Account of PostgreSQL under root, if no other is configured. */
export const sharedAccount = 'nobody';

/** Log message if the embedded PostgreSQL runs as the shared account. */
export const sharedAccountWarning =
  `PostgreSQL runs as the shared account ${sharedAccount}: every other process of ${sharedAccount} on this machine can read and change the whole store. ` +
  'Create a separate account (useradd --system --no-create-home gatehouse-db) and start with GATEHOUSE_POSTGRES_ACCOUNT=gatehouse-db.';

const idOf = (flag: '-u' | '-g', name: string): number =>
  Number(execFileSync('id', [flag, '--', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim());

/** Returns the account to run as; undefined for the current one. @param name configured name of the account. */
export function unprivilegedAccount(name?: string): Account | undefined {
  const own = process.getuid?.();
  let account: Account;
  try {
    if (own !== 0 && name === undefined) return undefined;
    account = { uid: idOf('-u', name ?? sharedAccount), gid: idOf('-g', name ?? sharedAccount) };
  } catch {
    throw new EmbeddedStoreError(
      `The account ${name ?? sharedAccount} does not exist on this machine. Set GATEHOUSE_POSTGRES_ACCOUNT to an existing account for PostgreSQL.`,
    );
  }
  if (own === 0) {
    if (account.uid !== 0) return account;
    throw new EmbeddedStoreError('PostgreSQL cannot run as root. Set GATEHOUSE_POSTGRES_ACCOUNT to another account.');
  }
  if (account.uid === own) return undefined;
  throw new EmbeddedStoreError(
    `Only root can run PostgreSQL as ${name}. Unset GATEHOUSE_POSTGRES_ACCOUNT, or start the gateway as root.`,
  );
}

/** Changes the owner of a cluster: only files of the former owner are changed. */
export function giveTo(path: string, { uid, gid }: Account): void {
  const former = lstatSync(path).uid;
  if (former === uid) return;
  const give = (at: string): void => {
    const found = lstatSync(at);
    if (found.uid !== former || (found.isFile() && found.nlink > 1)) return;
    lchownSync(at, uid, gid);
    if (found.isDirectory()) for (const name of readdirSync(at)) give(join(at, name));
  };
  give(path);
}
