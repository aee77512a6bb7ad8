import { parseDocument } from 'yaml';

/**
 * Sets the namespace or ID in the source of a blueprint. All other bytes are unchanged.
 * @param source a validated source: a map with a plain id and namespace.
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
  // From the end, so that earlier offsets stay valid.
  return parts
    .sort((a, b) => b.from - a.from)
    .reduce((text, { from, to, text: value }) => text.slice(0, from) + quoted(value) + text.slice(to), source);
}

/** Quotes a name that YAML would not read as a text. */
const quoted = (name: string): string => (parseDocument(name).toJS() === name ? name : JSON.stringify(name));
