import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeGitignore } from '../db/gitignore.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { createWhole } from '../lib/write-file.ts';

const minBytes = 32;

/** True if this data folder contains a store. */
const hasStore = (dataDir: string): boolean => existsSync(join(dataDir, 'postgres', 'PG_VERSION'));

function read(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new OperatorError(`The master key cannot be read from ${path}: ${(error as Error).message}.`);
  }
  const bytes = Buffer.byteLength(text);
  if (bytes < minBytes)
    throw new OperatorError(
      `The master key in ${path} has ${bytes} bytes. It must have at least ${minBytes}, because a guessed key gives access to every account. ` +
        'Restore the file from a backup. If the store in the same folder is new, remove the whole folder.',
    );
  return text;
}

/**
 * Returns the root secret: the given one, or the key file of the data folder. The first start creates this file.
 * @throws {OperatorError} if the file of an existing store is missing, or if the key is too short. Nothing is written then.
 */
export function masterKey(given: string | undefined, dataDir: string): string {
  if (given !== undefined) return given;
  const path = join(dataDir, 'master.key');
  if (existsSync(path)) return read(path);
  if (hasStore(dataDir))
    throw new OperatorError(
      `${path} is missing. The store in the same folder was created with this key: without it, API tokens do not work, secrets cannot be decrypted and checkpoints cannot be verified. ` +
        'Restore the file from a backup, or set GATEHOUSE_MASTER_KEY to the same key. Another key does not open this store. If the key is permanently lost, run: gatehouse secrets reset',
    );
  makeMasterKey(dataDir);
  return read(path);
}

/** Writes a new master key to the data folder, if it has none. @throws {OperatorError} if the folder is not writable. */
export function makeMasterKey(dataDir: string): void {
  const path = join(dataDir, 'master.key');
  try {
    mkdirSync(dataDir, { recursive: true });
    writeGitignore(dataDir);
    createWhole(path, randomBytes(32).toString('base64url'));
  } catch (error) {
    // A concurrent start wrote its key first, and that key is used.
    if (!existsSync(path))
      throw new OperatorError(
        `The data folder ${dataDir} is not writable (${(error as Error).message}). Set GATEHOUSE_DATA_DIR to a folder that this account can write to.`,
      );
  }
}
