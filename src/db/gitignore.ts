import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** True for Gatehouse's own files in a data folder. */
const isOwn = (name: string): boolean => /^(master\.key|postgres)(\.|$)/.test(name);

/**
 * Excludes a data folder from git and npm packages, because it contains the master key. A folder with other files or
 * with its own rules is unchanged.
 */
export function writeGitignore(dataDir: string): void {
  if (readdirSync(dataDir).every(isOwn)) writeFileSync(join(dataDir, '.gitignore'), '*\n', { flag: 'wx' });
}
