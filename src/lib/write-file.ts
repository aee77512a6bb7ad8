import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

function sync(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Creates a file atomically, also after a power failure. Only its owner can read it.
 * @throws EEXIST if the file exists. It is unchanged.
 */
export function createWhole(path: string, text: string): void {
  const staging = `${path}.${process.pid}.new`;
  rmSync(staging, { force: true });
  const file = openSync(staging, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    // Unlike a rename, a link never replaces another file.
    linkSync(staging, path);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    // Some file systems do not support links.
    renameSync(staging, path);
  } finally {
    rmSync(staging, { force: true });
  }
  sync(dirname(path));
}
