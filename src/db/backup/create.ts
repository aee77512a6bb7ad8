import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Connection } from '../embedded.ts';
import { copyFile, hashFile, type Progress, walk } from './copy.ts';
import { type BackupFile, type Manifest, manifestFile } from './manifest.ts';

/** Files and contents of folders of a running server that mean nothing to another one, as in PostgreSQL's documents. */
const omittedFiles = new Set([
  'postmaster.pid',
  'postmaster.opts',
  'backup_label',
  'tablespace_map',
  'current_logfiles.tmp',
  'postgresql.auto.conf.tmp',
]);
const emptied = [
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
];
const isOmitted = (path: string): boolean =>
  omittedFiles.has(path) ||
  emptied.some((folder) => path.startsWith(`${folder}/`)) ||
  path.split('/').some((part) => part.startsWith('pgsql_tmp') || part === 'pg_internal.init');

/** Files of the data folder that belong to a running gateway, not to the store. */
const ofGateway = /^(postgres|postgres\.run|postgres\.log|\.gitignore)($|\/)|\.(lock|sock)$/;

export interface BackupOptions {
  readonly dataDir: string;
  readonly version: string;
  readonly connection: Connection;
  readonly progress: Progress;
}

/**
 * Copies the embedded store into a new folder, while it runs. The copy has every transaction that was committed before
 * the end of the backup. A backup that fails leaves nothing.
 * @throws {OperatorError} if the folder exists and is not empty.
 */
export async function createBackup(folder: string, options: BackupOptions): Promise<Manifest> {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new OperatorError(`The folder ${folder} is not empty. Choose a new folder for each backup.`);
  const staging = `${folder}.partial`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true, mode: 0o700 });
  try {
    const manifest = await copyStore(staging, options);
    writeFileSync(join(staging, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
    rmSync(folder, { recursive: true, force: true });
    renameSync(staging, folder);
    return manifest;
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
}

async function copyStore(
  staging: string,
  { dataDir, version, connection, progress }: BackupOptions,
): Promise<Manifest> {
  const files: BackupFile[] = [];
  const copy = async (from: string, path: string): Promise<void> => {
    const copied = await copyFile(from, join(staging, path), progress);
    if (copied) files.push({ path, ...copied });
  };
  const client = new pg.Client(connection);
  await client.connect();
  const first = async <Row>(text: string, values: unknown[] = []): Promise<Row> =>
    (await client.query(text, values)).rows[0] as Row;
  try {
    const createdAt = new Date().toISOString();
    const { data } = await first<{ data: string }>(`SELECT current_setting('data_directory') AS data`);
    const { postgres } = await first<{ postgres: string }>(
      `SELECT (current_setting('server_version_num')::int / 10000)::text AS postgres`,
    );
    const { events } = await first<{ events: number }>(`SELECT count(*)::float8 AS events FROM "AuditEvent"`);
    // Keeps the write-ahead log from being recycled meanwhile. The slot ends with this connection.
    await client.query('SELECT pg_create_physical_replication_slot($1, true, true)', [
      `gatehouse_backup_${process.pid}`,
    ]);
    const { lsn: startLsn } = await first<{ lsn: string }>('SELECT pg_backup_start($1, true)::text AS lsn', [
      'gatehouse backup',
    ]);
    for await (const { path, isFolder } of walk(data, isOmitted)) {
      if (isFolder) mkdirSync(join(staging, 'postgres', path), { recursive: true, mode: 0o700 });
      else await copy(join(data, path), `postgres/${path}`);
    }
    const { lsn: stopLsn, label } = await first<{ lsn: string; label: string }>(
      'SELECT lsn::text AS lsn, labelfile AS label FROM pg_backup_stop(wait_for_archive => false)',
    );
    writeFileSync(join(staging, 'postgres', 'backup_label'), label, { mode: 0o600 });
    files.push({ path: 'postgres/backup_label', ...(await hashFile(join(staging, 'postgres', 'backup_label'))) });
    const { from, to } = await first<{ from: string; to: string }>(
      'SELECT pg_walfile_name($1::pg_lsn) AS from, pg_walfile_name($2::pg_lsn) AS to',
      [startLsn, stopLsn],
    );
    for (const name of readdirSync(join(data, 'pg_wal')).sort())
      if ((/^[0-9A-F]{24}$/.test(name) && name >= from && name <= to) || name.endsWith('.history'))
        await copy(join(data, 'pg_wal', name), `postgres/pg_wal/${name}`);
    for await (const { path, isFolder } of walk(dataDir, (own) => ofGateway.test(own)))
      if (!isFolder) await copy(join(dataDir, path), path);
    const hasMasterKey = files.some(({ path }) => path === 'master.key');
    return { format: 1, version, postgres, createdAt, startLsn, stopLsn, events, hasMasterKey, files };
  } finally {
    await client.end();
  }
}

/** Bytes of a folder's files, as an estimate of the work. */
export async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { path, isFolder } of walk(folder, () => false))
    if (!isFolder) bytes += statSync(join(folder, path), { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
