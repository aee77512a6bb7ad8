import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What Gatehouse itself puts into a data folder. */
const isOwn = (name: string): boolean => /^(master\.key|postgres)(\.|$)/.test(name);

/**
 * Keeps a data folder out of git and of npm packages: it holds the master key. A folder that holds other files as well,
 * or that has rules of its own, stays as it is.
 */
export function keepUnpublished(dataDir: string): void {
  if (readdirSync(dataDir).every(isOwn)) writeFileSync(join(dataDir, '.gitignore'), '*\n', { flag: 'wx' });
}
