/** A query that the page has sent. */
export interface Sent {
  readonly name: string;
  readonly query: string;
  readonly variables: object;
}

/** Queries of the frame and of choices in forms, which are not about the page. */
const others = /^(Frame|Announcements|Start|choices|OwnerChoice|useFound)/;

let path = '';
const sent = new Map<string, Sent>();

/** Keeps the last query of each name, for the page of the address. */
export function keepSent(one: Sent): void {
  if (path !== location.pathname) sent.clear();
  path = location.pathname;
  if (!others.test(one.name)) sent.set(one.name, one);
}

export const sentHere = (): readonly Sent[] => (path === location.pathname ? [...sent.values()] : []);

/** For GraphiQL: the document, with its variables in a comment. */
export const asDocument = ({ query, variables }: Sent): string => {
  const comment = JSON.stringify(variables, null, 2).split('\n');
  return `${['Variables:', ...comment].map((line) => `# ${line}`).join('\n')}\n${query}`;
};

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A command for a shell. The reader sets the API token. */
export const asCurl = ({ query, variables }: Sent): string =>
  [
    `curl ${quoted(`${location.origin}/graphql`)}`,
    `-H 'Content-Type: application/json'`,
    `-H "Authorization: Bearer $GATEHOUSE_TOKEN"`,
    `--data ${quoted(JSON.stringify({ query, variables }))}`,
  ].join(' \\\n  ');
