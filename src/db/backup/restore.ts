import { existsSync, lchownSync, mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OperatorError } from '../../lib/operator-error.ts';
import { type Place, preparePlace } from '../embedded-place.ts';
import type { Account } from '../postgres-account.ts';
import { copyFile, hashFile, type Progress } from './copy.ts';
import { type Manifest, readManifest } from './manifest.ts';

/** Folders that PostgreSQL expects and that a list of files does not name. */
const folders = [
  'base',
  'global',
  'pg_commit_ts',
  'pg_dynshmem',
  'pg_logical/mappings',
  'pg_logical/snapshots',
  'pg_multixact/members',
  'pg_multixact/offsets',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_tblspc',
  'pg_twophase',
  'pg_wal/archive_status',
  'pg_wal/summaries',
  'pg_xact',
];
const inCluster = 'postgres/';

/** @throws {OperatorError} if a file is missing or was changed. */
export async function verifyBackup(folder: string, progress: Progress): Promise<Manifest> {
  const manifest = readManifest(folder);
  for (const { path, bytes, sha256 } of manifest.files) {
    const found = await hashFile(join(folder, path), progress).catch((error: Error) => {
      throw new OperatorError(`The backup is damaged: ${path} cannot be read (${error.message}).`);
    });
    if (found.bytes !== bytes || found.sha256 !== sha256)
      throw new OperatorError(`The backup is damaged: ${path} is not the file that was backed up.`);
  }
  return manifest;
}

/** @throws {OperatorError} if the data folder has files. */
export function assertUnused(dataDir: string): void {
  const present = existsSync(dataDir) ? readdirSync(dataDir).filter((name) => name !== '.gitignore') : [];
  if (present.length > 0)
    throw new OperatorError(
      `The data folder ${dataDir} is not empty. Move it away first, or set GATEHOUSE_DATA_DIR to a new folder.`,
    );
}

/** Writes a verified backup into an unused data folder. A restore that fails leaves nothing. */
export async function writeStore(
  folder: string,
  { files }: Manifest,
  dataDir: string,
  accountName: string | undefined,
  progress: Progress,
): Promise<void> {
  assertUnused(dataDir);
  const place = preparePlace(dataDir, accountName);
  const { account } = place;
  try {
    const made = new Set<string>();
    const folderFor = (path: string): void => {
      if (path === place.data || made.has(path)) return;
      folderFor(dirname(path));
      mkdirSync(path, { recursive: true, mode: 0o700 });
      own(path, account);
      made.add(path);
    };
    for (const name of folders) folderFor(join(place.data, name));
    for (const { path, bytes } of files) {
      const isOfCluster = path.startsWith(inCluster);
      const target = isOfCluster ? join(place.data, path.slice(inCluster.length)) : join(dataDir, path);
      if (isOfCluster) folderFor(dirname(target));
      const copied = await copyFile(join(folder, path), target, progress);
      if (copied?.bytes !== bytes) throw new OperatorError(`The backup was changed during the restore: ${path}.`);
      if (isOfCluster) own(target, account);
    }
  } catch (error) {
    discard(dataDir, place);
    throw error;
  }
}

function own(path: string, account: Account | undefined): void {
  if (account) lchownSync(path, account.uid, account.gid);
}

/** Removes what a failed restore wrote. */
function discard(dataDir: string, { data }: Place): void {
  rmSync(data, { recursive: true, force: true });
  for (const name of existsSync(dataDir) ? readdirSync(dataDir) : [])
    rmSync(join(dataDir, name), { recursive: true, force: true });
}

/** The same for a store that does not pass its checks. */
export function discardStore(dataDir: string): void {
  const link = join(dataDir, 'postgres');
  let data = link;
  try {
    data = readlinkSync(link);
  } catch {
    // A folder of its own.
  }
  discard(dataDir, { data } as Place);
}
