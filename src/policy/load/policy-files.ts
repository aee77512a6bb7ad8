import { AsyncLocalStorage } from 'node:async_hooks';
import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { z } from 'zod';
import { NotUtf8, readTextFile } from '../../lib/text-file.ts';

const maxBytes = 1_000_000;
const current = new AsyncLocalStorage<string | undefined>();

/** Reads settings whose files lie in this folder of the operator's; undefined: none may be named. */
export const inPolicyFiles = <T>(folder: string | undefined, work: () => T): T => current.run(folder, work);

const isInside = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way !== '' && !way.startsWith('..') && !isAbsolute(way);
};

/**
 * A file that settings name: its text takes its place in them, so that a change of the file is a change of the policies.
 * Settings can be changed through the API: whatever lies outside of the operator's folder is refused in the same words,
 * whether it is there or not, and nothing of it is looked at.
 */
export const policyFile = (ending: string) =>
  z.string().transform((given, context): { path: string; text: string } => {
    const fault = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    const folder = current.getStore();
    if (folder === undefined) return fault('names a file, and policyFiles names no folder for them');
    const path = resolve(folder, given);
    if (!isInside(resolve(folder), path)) return fault('is not in the folder that policyFiles names');
    if (!given.endsWith(ending)) return fault(`is no ${ending} file`);
    try {
      const real = realpathSync(path);
      if (!isInside(realpathSync(folder), real)) return fault('is not in the folder that policyFiles names');
      const found = statSync(real);
      if (!found.isFile() || found.size > maxBytes) return fault('is no file of at most 1 MB');
      return { path: given, text: readTextFile(real) };
    } catch (error) {
      if (error instanceof NotUtf8) return fault(`is no text: ${error.message}`);
      return fault('cannot be read in the folder that policyFiles names');
    }
  });
