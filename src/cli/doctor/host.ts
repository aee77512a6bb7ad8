import { existsSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

const gigabyte = 1e9;

/** The folder of the store: its free space, and who can read the key. */
export function checkHost({ databaseUrl, dataDir, masterKey }: Config): Finding[] {
  const found: Finding[] = [];
  if (databaseUrl === undefined && existsSync(dataDir)) {
    const { bavail, blocks, bsize } = statfsSync(dataDir);
    const [free, part] = [bavail * bsize, bavail / blocks];
    const message = `${(free / gigabyte).toFixed(1)} GB (${Math.round(part * 100)} %) are free in ${dataDir}.`;
    const advice = 'Free space, enlarge the disk, or shorten retention. A full disk makes the store read-only.';
    if (free < gigabyte / 5) found.push(fault('disk', message, advice));
    else if (free < 2 * gigabyte && part < 0.1) found.push(warning('disk', message, advice));
    else found.push(ok('disk', message));
  }
  const keyFile = join(dataDir, 'master.key');
  if (masterKey === undefined && existsSync(keyFile) && (statSync(keyFile).mode & 0o077) !== 0)
    found.push(fault('keys', `Other accounts of this machine can read ${keyFile}.`, `Run: chmod 600 ${keyFile}`));
  return found;
}
