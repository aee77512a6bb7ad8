import { AsyncLocalStorage } from 'node:async_hooks';
import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { z } from 'zod';
import { NotUtf8, readTextFile } from '../../lib/text-file.ts';

const maxBytes = 1_000_000;
const current = new AsyncLocalStorage<string | undefined>();

/**
 * Runs `work`, which parses settings, with this folder for the files that settings name. Undefined: files are not
 * allowed.
 */
export const inPolicyFiles = <T>(folder: string | undefined, work: () => T): T => current.run(folder, work);

const isInside = (folder: string, path: string): boolean => {
  const inner = relative(folder, path);
  return inner !== '' && !inner.startsWith('..') && !isAbsolute(inner);
};

/**
 * A setting that names a file with this ending. The text of the file becomes part of the settings, so changing the file
 * changes the policies.
 *
 * Settings can be changed through the API. A path outside of the operator's folder is therefore refused with the same
 * message whether it exists or not, and is never read.
 */
export const policyFile = (ending: string) =>
  z.string().transform((given, context): { path: string; text: string } => {
    const fault = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    const folder = current.getStore();
    if (folder === undefined) return fault('names a file, but policyFiles is not configured');
    const path = resolve(folder, given);
    if (!isInside(resolve(folder), path)) return fault('is not in the folder of policyFiles');
    if (!given.endsWith(ending)) return fault(`is not a ${ending} file`);
    try {
      const real = realpathSync(path);
      if (!isInside(realpathSync(folder), real)) return fault('is not in the folder of policyFiles');
      const found = statSync(real);
      if (!found.isFile() || found.size > maxBytes) return fault('is not a file of at most 1 MB');
      return { path: given, text: readTextFile(real) };
    } catch (error) {
      if (error instanceof NotUtf8) return fault(`is not text: ${error.message}`);
      return fault('cannot be read in the folder of policyFiles');
    }
  });
