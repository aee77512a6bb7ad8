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
 * Makes a file that is there as a whole or not at all, also after a power failure, and that only its owner may read.
 * @throws EEXIST where there is one already: it stays as it is.
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
    // A link never takes the place of another file, as a rename does.
    linkSync(staging, path);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    // Some file systems have no links.
    renameSync(staging, path);
  } finally {
    rmSync(staging, { force: true });
  }
  sync(dirname(path));
}
