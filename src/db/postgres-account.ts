import { execFileSync } from 'node:child_process';
import { lchownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ToldError } from '../lib/told-error.ts';

/** PostgreSQL refuses to run as root; then it runs as this user. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Why the embedded PostgreSQL cannot serve: told to the person at the command line as it is. */
export class EmbeddedStoreError extends ToldError {}

/** The account that PostgreSQL runs as under root where no other is named. */
export const sharedAccount = 'nobody';

/** What the log says where the embedded PostgreSQL runs as the shared account. */
export const sharedAccountWarning =
  `PostgreSQL runs as the shared account ${sharedAccount}: every other process of ${sharedAccount} on this machine can read and change the whole store. ` +
  'Make an account for it (useradd --system --no-create-home gatehouse-db) and start with GATEHOUSE_POSTGRES_ACCOUNT=gatehouse-db.';

const idOf = (flag: '-u' | '-g', name: string): number =>
  Number(execFileSync('id', [flag, '--', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim());

/**
 * The account to run as: undefined is the caller's own.
 * @param name as the settings have it.
 */
export function unprivilegedAccount(name?: string): Account | undefined {
  const own = process.getuid?.();
  let account: Account;
  try {
    if (own !== 0 && name === undefined) return undefined;
    account = { uid: idOf('-u', name ?? sharedAccount), gid: idOf('-g', name ?? sharedAccount) };
  } catch {
    throw new EmbeddedStoreError(
      `There is no account ${name ?? sharedAccount} on this machine. Set GATEHOUSE_POSTGRES_ACCOUNT to one that PostgreSQL may run as.`,
    );
  }
  if (own === 0) {
    if (account.uid !== 0) return account;
    throw new EmbeddedStoreError('PostgreSQL does not run as root. Set GATEHOUSE_POSTGRES_ACCOUNT to another account.');
  }
  if (account.uid === own) return undefined;
  throw new EmbeddedStoreError(
    `Only root can run PostgreSQL as ${name}. Unset GATEHOUSE_POSTGRES_ACCOUNT, or start the gateway as root.`,
  );
}

/** Gives a cluster to the account that it runs as from now on: whatever belonged to the former owner, and nothing else. */
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
