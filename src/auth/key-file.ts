import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepUnpublished } from '../db/unpublished.ts';
import { ToldError } from '../lib/told-error.ts';
import { createWhole } from '../lib/write-file.ts';

const minBytes = 32;

/** Has a first start made a store in this data folder? */
const hasStore = (dataDir: string): boolean => existsSync(join(dataDir, 'postgres', 'PG_VERSION'));

function read(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new ToldError(`The master key cannot be read from ${path}: ${(error as Error).message}.`);
  }
  const bytes = Buffer.byteLength(text);
  if (bytes < minBytes)
    throw new ToldError(
      `The master key in ${path} has ${bytes} bytes, and at least ${minBytes} are needed: whoever guesses it can sign in as anybody. ` +
        'Restore the file from a backup. If the store beside it is new, remove the whole data folder.',
    );
  return text;
}

/**
 * The root secret: as given, or from the key file of the data folder, which the first start makes.
 * @throws {ToldError} where the file is missing beside a store, or too short. Nothing is written then.
 */
export function masterKey(given: string | undefined, dataDir: string): string {
  if (given !== undefined) return given;
  const path = join(dataDir, 'master.key');
  if (existsSync(path)) return read(path);
  if (hasStore(dataDir))
    throw new ToldError(
      `${path} is missing, and the store beside it was made with it: without it no API token works, no secret opens and no checkpoint is proved. ` +
        'Restore the file from a backup, or set GATEHOUSE_MASTER_KEY to the same key. Another key does not open this store. If the key is lost for good: gatehouse secrets start-anew.',
    );
  makeMasterKey(dataDir);
  return read(path);
}

/** Writes a new master key into the data folder, where there is none. @throws {ToldError} where it cannot be written. */
export function makeMasterKey(dataDir: string): void {
  const path = join(dataDir, 'master.key');
  try {
    mkdirSync(dataDir, { recursive: true });
    keepUnpublished(dataDir);
    createWhole(path, randomBytes(32).toString('base64url'));
  } catch (error) {
    // Another start was first: its key counts.
    if (!existsSync(path))
      throw new ToldError(
        `The data folder ${dataDir} cannot be written (${(error as Error).message}). Set GATEHOUSE_DATA_DIR to a folder that this account may write to.`,
      );
  }
}
