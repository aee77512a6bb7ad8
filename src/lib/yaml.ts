import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Issue } from '../errors.ts';

export type Parsed<T> =
  | { ok: true; value: T /** The line at which the text says this part of the value. */; lineOf: LineOf }
  | { ok: false; issues: Issue[] };
export type LineOf = (path: readonly PropertyKey[]) => number;

/**
 * Reads YAML (or JSON, its subset) and checks it against a model.
 * Every fault, of syntax and of content, comes back with its line.
 */
export function parseYaml<T>(text: string, model: z.ZodType<T>): Parsed<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const issues = document.errors.map((error) => ({
      path: [],
      message: error.message,
      line: lines.linePos(error.pos[0]).line,
    }));
    return { ok: false, issues };
  }
  const lineOf: LineOf = (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { ok: false, issues: [{ path: [], message: (error as Error).message, line: 1 }] };
  }
  const result = model.safeParse(value ?? {});
  if (result.success) return { ok: true, value: result.data, lineOf };
  const issues = result.error.issues.map((issue) => ({
    path: issue.path as (string | number)[],
    message: issue.message,
    line: lineOf(issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path),
  }));
  return { ok: false, issues };
}
