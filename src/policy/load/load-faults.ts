import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Several things that are wrong with one policy. */
export class Faults extends Error {
  readonly list: readonly string[];
  constructor(list: readonly string[]) {
    super(list.join('; '));
    this.list = list;
  }
}

/** What is wrong with the policy of this file, each fault with the file, and the line where it is known. */
export function faultsOf(error: unknown, path: string): string[] {
  if (error instanceof Faults) return error.list.map((fault) => `${path}: ${fault}`);
  if (!(error instanceof Error)) return [`${path}: ${String(error)}`];
  const { faults } = error as { faults?: unknown };
  if (Array.isArray(faults)) return faults.map((fault) => `${path}: ${String(fault)}`);
  const line = lineIn(error, path) ?? lineOfSyntax(path);
  return [`${path}${line === undefined ? '' : `:${line}`}: ${error.name}: ${error.message}`];
}

/** Node begins the stack with the place of a fault of syntax; of others, the first frame in the file counts. */
function lineIn({ stack = '' }: Error, path: string): string | undefined {
  const places = [pathToFileURL(path).href, path].map((place) => place.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`(?:${places.join('|')}):(\\d+)`).exec(stack)?.[1];
}

/** Of JavaScript, Node tells no line: the parser of TypeScript does. */
function lineOfSyntax(path: string): string | undefined {
  try {
    stripTypeScriptTypes(readFileSync(path, 'utf8'), { sourceUrl: path });
  } catch (error) {
    return lineIn(error as Error, path);
  }
  return undefined;
}
