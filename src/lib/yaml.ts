import './plain-faults.ts';
import {
  Alias,
  type Document,
  isScalar,
  Lexer,
  LineCounter,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { z } from 'zod';
import type { Issue } from '../errors.ts';
import { assertNoLock } from './held-lock.ts';

export type Parsed<T> =
  | { ok: true; value: T /** The line at which the text says this part of the value. */; lineOf: LineOf }
  | { ok: false; issues: Issue[] };
export type LineOf = (path: readonly PropertyKey[]) => number;

/** A parsed YAML text that is not yet checked against a model. */
export interface ReadYaml {
  readonly value: unknown;
  readonly lineOf: LineOf;
  /** Returns the start and end offsets of a part of the value, or undefined. */
  readonly rangeOf: (path: readonly PropertyKey[]) => readonly [number, number] | undefined;
}

export interface YamlLimits {
  /** Max nesting depth of maps and lists. */
  readonly depth: number;
  /** Max bytes of the value as JSON, with aliases expanded. */
  readonly bytes: number;
  /** Max tokens (names, values, separators) of the text. */
  readonly tokens: number;
}

/** Max reported faults. The rest is reported after these are fixed. */
const maxIssues = 100;

const fault = (message: string, line = 1): { issues: Issue[] } => ({ issues: [{ path: [], message, line }] });

/** Parses YAML (or JSON, its subset). Every syntax fault is reported with its line. */
export function readYaml(text: string, limits?: YamlLimits): ReadYaml | { issues: Issue[] } {
  assertNoLock();
  if (limits && hasMoreTokens(text, limits.tokens)) return fault('The text has too many parts.');
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    // The parser's own check for duplicate keys takes quadratic time.
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, merge: true });
  } catch (error) {
    // The parser is recursive: a text of ten thousand brackets exceeds the stack.
    if (error instanceof RangeError) return fault('The text is nested too deeply.');
    throw error;
  }
  const errors = [
    ...document.errors.map(({ message, pos }) => ({ message, at: pos[0] })),
    ...checked(document).map((at) => ({ message: 'Map keys must be unique', at })),
  ];
  if (errors.length > 0) {
    if (errors.some(({ message }) => message.includes('call stack'))) return fault('The text is nested too deeply.');
    return {
      issues: errors.slice(0, maxIssues).map(({ message, at }) => ({
        path: [],
        message,
        line: lines.linePos(at).line,
      })),
    };
  }
  const nodeAt = (path: readonly PropertyKey[]) =>
    document.getIn(path, true) as { range?: [number, number, number] } | undefined;
  const lineOf: LineOf = (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = nodeAt(path.slice(0, length));
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
    if (limits) {
      const line = tooDeep(value, limits.depth);
      if (line) return fault(`Maps and lists can be nested at most ${limits.depth} levels deep.`, lineOf(line));
      if (Buffer.byteLength(JSON.stringify(value) ?? '') > limits.bytes)
        return fault(`With aliases expanded, the text exceeds ${limits.bytes} bytes.`);
    }
  } catch (error) {
    return fault((error as Error).message);
  }
  const rangeOf = (path: readonly PropertyKey[]) => {
    const range = nodeAt(path)?.range;
    return range && ([range[0], range[1]] as const);
  };
  return { value, lineOf, rangeOf };
}

/** Counted before parsing, because the parser takes a minute for some texts with many small parts. */
function hasMoreTokens(text: string, most: number): boolean {
  let count = 0;
  for (const _token of new Lexer().lex(text)) {
    count += 1;
    if (count > most) return true;
  }
  return false;
}

/** An integer beyond 2^53 is read as text, because it would be rounded as a number. */
function exact({ value, source }: Scalar): unknown {
  const isRounded = typeof value === 'number' && !Number.isSafeInteger(value);
  return isRounded && /^[-+]?(\d+|0[xo][\da-f]+)$/i.test(source ?? '') ? source : value;
}

/**
 * Resolves an alias directly. The library searches all anchors and aliases for each alias, which takes quadratic time.
 */
function resolveTo(alias: Alias, target: Anchored | undefined): void {
  const candidates = target ? [target, alias] : [alias];
  alias.resolve = (document, context) => {
    if (!context) return target;
    context.aliasResolveCache = candidates;
    return Alias.prototype.resolve.call(alias, document, context);
  };
}
type Anchored = Scalar | YAMLMap | YAMLSeq;

/** Keeps numbers exact, and resolves aliases directly. @returns the offsets of duplicate keys. */
function checked(document: Document.Parsed): number[] {
  const found: number[] = [];
  const anchors = new Map<string, Anchored>();
  const note = (node: Anchored) => node.anchor !== undefined && anchors.set(node.anchor, node);
  visit(document, {
    Alias(_key, node) {
      resolveTo(node, anchors.get(node.source));
    },
    Seq(_key, node) {
      note(node);
    },
    Map(_key, node) {
      note(node);
      const { items } = node;
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (key !== null && !isScalar(key)) continue;
        const value = key ? exact(key) : null;
        if (seen.has(value)) found.push(key?.range?.[0] ?? 0);
        seen.add(value);
      }
    },
    Scalar(_key, node) {
      note(node);
      if (typeof node.value === 'number') node.value = exact(node);
    },
  });
  return found;
}

/** Returns the path of a part that is nested too deeply. A recursive value is infinitely deep. */
function tooDeep(value: unknown, depth: number): PropertyKey[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === 0) return [];
  for (const [key, member] of Object.entries(value)) {
    const found = tooDeep(member, depth - 1);
    if (found) return [Array.isArray(value) ? Number(key) : key, ...found];
  }
  return undefined;
}

/** Returns the faults of a value against a model, with the lines of its text. */
export const issuesOf = (error: z.ZodError, lineOf: LineOf): Issue[] =>
  error.issues.slice(0, maxIssues).map((issue) => ({
    path: issue.path as (string | number)[],
    message: issue.message,
    line: lineOf(issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path),
  }));

/**
 * Parses YAML (or JSON, its subset) and checks it against a model. Every fault of syntax and content is reported with
 * its line.
 */
export function parseYaml<T>(text: string, model: z.ZodType<T>): Parsed<T> {
  const read = readYaml(text);
  if ('issues' in read) return { ok: false, issues: read.issues };
  const { value, lineOf } = read;
  const result = model.safeParse(value ?? {});
  return result.success
    ? { ok: true, value: result.data, lineOf }
    : { ok: false, issues: issuesOf(result.error, lineOf) };
}
