import { hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Keys for separate uses, all derived from one root secret: none tells another. */
export interface Keys {
  /** Hashes API tokens at rest. */
  readonly pepper: Buffer;
  /** Signs cursors. */
  readonly cursor: Buffer;
  /** Names entries of the sign-in cache. */
  readonly cache: Buffer;
}

export function deriveKeys(master: string): Keys {
  const derive = (label: string) => Buffer.from(hkdfSync('sha256', master, 'gatehouse', label, 32));
  return { pepper: derive('api-token'), cursor: derive('cursor'), cache: derive('sign-in-cache') };
}

/** The root secret: as given, or from the data folder's key file, which the first start makes. */
export function masterKey(given: string | undefined, dataDir: string): string {
  if (given !== undefined) return given;
  const path = join(dataDir, 'master.key');
  if (!existsSync(path)) {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(path, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' });
  }
  return readFileSync(path, 'utf8').trim();
}
