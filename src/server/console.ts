import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { encodingOf } from './encoding.ts';
import type { Handler } from './plain-post.ts';
import type { Route } from './route.ts';

/** The folder that the build of the console writes. */
const built = join(import.meta.dirname, '..', 'console', 'dist');

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
};
const endings = { br: '.br', gzip: '.gz' } as const;

const security: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
};

/** Scripts and styles come from the gateway only, and texts never become code. Nothing is inline without the nonce. */
const policyOf = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');

/** Serves the page of the console: the same for each of its paths. */
function servePage(page: string, status = 200): Handler {
  return (_request, response) => {
    const nonce = randomBytes(16).toString('base64url');
    const body = page.replace('<head>', `<head><meta property="csp-nonce" nonce="${nonce}" />`);
    response
      .writeHead(status, {
        ...security,
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Length': Buffer.byteLength(body),
        'Content-Security-Policy': policyOf(nonce),
        'X-Frame-Options': 'DENY',
        'Cache-Control': 'no-store',
      })
      .end(body);
  };
}

const forever = 'public, max-age=31536000, immutable';
const forADay = 'public, max-age=86400';

/** Serves a file, whose name contains the hash of its content. The build has compressed it. */
function serveAsset(name: string, files: ReadonlyMap<string, Buffer>, keep = forever): Handler {
  return (request, response) => {
    const accepted = encodingOf(request);
    const encoding = accepted && files.has(`${name}${endings[accepted]}`) ? accepted : undefined;
    const body = files.get(encoding ? `${name}${endings[encoding]}` : name)!;
    response
      .writeHead(200, {
        ...security,
        'Content-Type': types[extname(name)] ?? 'application/octet-stream',
        'Content-Length': body.length,
        'Cache-Control': keep,
        ...(encoding && { 'Content-Encoding': encoding }),
      })
      .end(body);
  };
}

const methods = ['GET'];

export interface Console {
  /** Its page at `/` and below `/t/`, and its files. */
  readonly routeOf: (path: string) => Route | undefined;
  /** The page for a path that does not exist. */
  readonly serveMissing: Handler;
}

/** Undefined if the console is not built: the gateway then serves only the API. */
export function createConsole(): Console | undefined {
  const file = join(built, 'index.html');
  if (!existsSync(file)) return undefined;
  const html = readFileSync(file, 'utf8');
  const page = { methods, serve: servePage(html) };
  // About 2 MB. Read once, so that no request waits for the disk.
  const assets = join(built, 'assets');
  const files = new Map(readdirSync(assets).map((name) => [name, readFileSync(join(assets, name))]));
  const icon = [...files.keys()].find((name) => /^favicon-[\w-]+\.svg$/.test(name));
  const routeOf = (path: string): Route | undefined => {
    if (path === '/' || path.startsWith('/t/')) return page;
    // Browsers ask for it on pages that name no icon, such as the sign-in.
    if (path === '/favicon.ico' && icon !== undefined) return { methods, serve: serveAsset(icon, files, forADay) };
    const [, name] = /^\/assets\/([\w.-]+)$/.exec(path) ?? [];
    return name !== undefined && files.has(name) ? { methods, serve: serveAsset(name, files) } : undefined;
  };
  return { routeOf, serveMissing: servePage(html, 404) };
}
