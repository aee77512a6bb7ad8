import { parseDocument } from 'yaml';

/**
 * The source of a blueprint as a flow of another namespace or id. Everything else stays as it is, byte for byte.
 * @param source a source that was checked: a map with a plain id and namespace.
 */
export function placedSource(
  source: string,
  { namespace, flowId }: { namespace: string | undefined; flowId: string | undefined },
): string {
  const document = parseDocument(source);
  const parts = Object.entries({ namespace, id: flowId }).flatMap(([key, value]) => {
    const range = (document.get(key, true) as { range?: [number, number, number] | null } | undefined)?.range;
    return value === undefined || !range ? [] : [{ from: range[0], to: range[1], text: value }];
  });
  // From the end: what comes first keeps its place.
  return parts
    .sort((a, b) => b.from - a.from)
    .reduce((text, { from, to, text: value }) => text.slice(0, from) + quoted(value) + text.slice(to), source);
}

/** A name that YAML would read as something else than a text needs quotes. */
const quoted = (name: string): string => (parseDocument(name).toJS() === name ? name : JSON.stringify(name));
