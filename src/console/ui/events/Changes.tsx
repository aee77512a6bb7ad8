import { graphql, useFragment } from 'react-relay/hooks';
import type { Changes_event$key } from '../../generated/Changes_event.graphql.ts';

const fragment = graphql`
  fragment Changes_event on AuditEvent {
    kind
    patch
    revertPatch
  }
`;

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

interface Line {
  readonly field: string;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

const inWords = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Each changed field with its value before and after. The patch back has the values before. */
function linesOf(patch: readonly Operation[], back: readonly Operation[]): Line[] {
  const former = new Map(back.filter(({ op }) => op !== 'remove').map(({ path, value }) => [path, value]));
  const lines = patch.map(
    ({ op, path, value }): Line => ({
      field: path.slice(1).replaceAll('/', '.') || 'all',
      ...(former.has(path) && { before: inWords(former.get(path)) }),
      ...(op !== 'remove' && { after: inWords(value) }),
    }),
  );
  return lines.flatMap((line) => (line.field === 'all' ? whole(line) : [line]));
}

/** A created or deleted object as one line for each field. */
function whole({ before, after }: Line): Line[] {
  const [was, is] = [before, after].map((text) => {
    try {
      return (text === undefined ? {} : JSON.parse(text)) as Record<string, unknown>;
    } catch {
      return { all: text };
    }
  });
  const fields = new Set([...Object.keys(was ?? {}), ...Object.keys(is ?? {})]);
  return [...fields].map((field) => ({
    field,
    ...(was?.[field] != null && { before: inWords(was[field]) }),
    ...(is?.[field] != null && { after: inWords(is[field]) }),
  }));
}

/** What an event changed, field by field. */
export function Changes({ event: key }: { event: Changes_event$key }) {
  const { patch, revertPatch } = useFragment(fragment, key);
  const lines = linesOf((patch ?? []) as Operation[], (revertPatch ?? []) as Operation[]).filter(
    ({ before, after }) => before !== undefined || after !== undefined,
  );
  if (lines.length === 0) return <p className="quiet">This event changed nothing.</p>;
  return (
    <section className="diff" aria-label="Changes">
      <div className="diff-head">
        <span>Changes</span>
        <span>
          {lines.length} {lines.length === 1 ? 'field' : 'fields'}
        </span>
      </div>
      <ol>
        {lines.map(({ field, before, after }) => [
          before !== undefined && (
            <li key={`-${field}`} className="del">
              <span>
                − {field}: {before}
              </span>
            </li>
          ),
          after !== undefined && (
            <li key={`+${field}`} className="add">
              <span>
                + {field}: {after}
              </span>
            </li>
          ),
        ])}
      </ol>
    </section>
  );
}
