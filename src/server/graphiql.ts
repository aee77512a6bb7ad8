import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { compress, type Encoding, encodingOf } from './encoding.ts';
import { signInForm, signInScript, signInStyle } from './sign-in-form.ts';

const options = {
  title: 'Gatehouse',
  shouldPersistHeaders: false,
  defaultQuery: `{
  viewer {
    name
    superAdmin
    tenants { nodes { key name } }
  }
}
`,
};

/** Adds the sign-in form to the page of the library. @throws if the page of the library has an unexpected structure. */
function withSignIn(page: string): string {
  const parts: readonly [string, string][] = [
    ['</head>', `<meta name="viewport" content="width=device-width"><style>${signInStyle}</style></head>`],
    ['<div id="root">', `${signInForm}<script>${signInScript}</script><div id="root">`],
    ['YogaGraphiQL.renderYogaGraphiQL(\n', 'whenSignedIn(() => YogaGraphiQL.renderYogaGraphiQL(\n'],
  ];
  const end = page.lastIndexOf(');');
  let made = `${page.slice(0, end)}));${page.slice(end + 2)}`;
  for (const [from, to] of parts) {
    const at = from === '</head>' ? made.indexOf(from) : made.lastIndexOf(from);
    if (at < 0) throw new Error(`The page of GraphiQL has no ${from.trim()}.`);
    made = made.slice(0, at) + to + made.slice(at + from.length);
  }
  return made;
}

/** Restricts the page to its own scripts and to requests to this gateway, and forbids frames. */
function headersOf(html: string): Record<string, string> {
  const hash = (text: string) => createHash('sha256').update(text).digest('base64');
  const scripts = [...html.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text);
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map((text) => `'sha256-${hash(text)}'`).join(' ')}`,
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'img-src data: blob:',
    'font-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    // Cached but revalidated each time, because an upgrade of the gateway changes the page.
    'Cache-Control': 'no-cache',
  };
}

interface Page {
  readonly body: Buffer;
  readonly headers: Record<string, string>;
  readonly tag: string;
}
let page: Promise<Page> | undefined;
const compressed = new Map<Encoding, Promise<Buffer>>();

/**
 * The page is large and the same for every caller, so it is rendered, hashed and compressed once. Its library takes 50 MB
 * of memory, so it is loaded for the first caller.
 */
async function renderPage(): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = withSignIn(renderGraphiQL(options));
  const body = Buffer.from(html);
  const tag = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return { body, headers: headersOf(html), tag };
}

function thePage(): Promise<Page> {
  page ??= renderPage();
  return page;
}

function bodyIn({ body }: Page, encoding: Encoding | undefined): Buffer | Promise<Buffer> {
  if (encoding === undefined) return body;
  const known = compressed.get(encoding);
  if (known) return known;
  const made = compress(body, encoding);
  compressed.set(encoding, made);
  return made;
}

/** Returns true if a browser requests the page. */
export const asksForPage = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.accept?.includes('text/html') === true;

export async function servePage(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const encoding = encodingOf(request);
  const rendered = await thePage();
  const { headers, tag } = rendered;
  const etag = `"${tag}${encoding === undefined ? '' : `-${encoding}`}"`;
  for (const [name, value] of Object.entries({ ...headers, ETag: etag })) response.setHeader(name, value);
  if (request.headers['if-none-match']?.includes(etag)) return void response.writeHead(304).end();
  const body = await bodyIn(rendered, encoding);
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': body.length,
    ...(encoding !== undefined && { 'Content-Encoding': encoding }),
  });
  response.end(body);
}
