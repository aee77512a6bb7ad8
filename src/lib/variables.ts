/**
 * True for variables that Kubernetes adds to every container for a service: `NAME_SERVICE_HOST`, `NAME_PORT=tcp://…`.
 */
const isServiceLink = (name: string, value: string): boolean =>
  /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/.test(name) ||
  (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value));

/** Edit distance: the number of inserted, removed or replaced letters. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1)
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (letter === b[j] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

const nearest = (name: string, known: readonly string[]): string | undefined =>
  known
    .map((other) => ({ other, far: distance(name, other) }))
    .filter(({ other, far }) => far <= Math.max(3, Math.floor(other.length / 4)))
    .sort((a, b) => a.far - b.far)[0]?.other;

/** Returns a message for each variable with the prefix that is not a setting, with a similar name if there is one. */
export function unknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
  prefix: string,
  known: readonly string[],
): string[] {
  return Object.entries(environment)
    .filter(([name, value = '']) => name.startsWith(prefix) && !known.includes(name) && !isServiceLink(name, value))
    .map(([name]) => {
      const meant = nearest(name, known);
      // Most settings have the prefix; a few standard ones do not.
      const bare = name.slice(prefix.length);
      const other = known.includes(bare) ? bare : meant;
      return `${name} is not a setting${other === undefined ? '' : `. Do you mean ${other}?`}`;
    });
}
