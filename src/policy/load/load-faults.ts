import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Several faults of one policy. */
export class Faults extends Error {
  readonly list: readonly string[];
  constructor(list: readonly string[]) {
    super(list.join('; '));
    this.list = list;
  }
}

/** Returns the faults of a policy file, each with the path, and the line if it is known. */
export function faultsOf(error: unknown, path: string): string[] {
  if (error instanceof Faults) return error.list.map((fault) => `${path}: ${fault}`);
  if (!(error instanceof Error)) return [`${path}: ${String(error)}`];
  const { faults } = error as { faults?: unknown };
  if (Array.isArray(faults)) return faults.map((fault) => `${path}: ${String(fault)}`);
  const line = lineIn(error, path) ?? lineOfSyntax(path);
  return [`${path}${line === undefined ? '' : `:${line}`}: ${error.name}: ${error.message}`];
}

/**
 * Returns the line of an error in a file. Node.js puts the place of a syntax error first in the stack; for other
 * errors, the first frame in the file counts.
 */
function lineIn({ stack = '' }: Error, path: string): string | undefined {
  const places = [pathToFileURL(path).href, path].map((place) => place.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`(?:${places.join('|')}):(\\d+)`).exec(stack)?.[1];
}

/** Returns the line of a syntax error in a JavaScript file. Node.js omits it, but its TypeScript parser reports it. */
function lineOfSyntax(path: string): string | undefined {
  try {
    stripTypeScriptTypes(readFileSync(path, 'utf8'), { sourceUrl: path });
  } catch (error) {
    return lineIn(error as Error, path);
  }
  return undefined;
}
