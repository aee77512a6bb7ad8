import { createHash } from 'node:crypto';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { GraphiQLOptions, Plugin } from 'graphql-yoga';

let page: { readonly html: string; readonly policy: string } | undefined;

/** The page is the same for everybody; it is large, so it is made and hashed once. */
function rendered(options: GraphiQLOptions | undefined) {
  if (page) return page;
  const html = renderGraphiQL(options);
  const scripts = [...html.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  );
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.join(' ')}`,
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'img-src data: blob:',
    'font-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  page = { html, policy };
  return page;
}

export const renderPage = (options?: GraphiQLOptions): string => rendered(options).html;

/** The page runs its own scripts and no others, is shown in no frame, and talks to this gateway alone. */
export function usePageHeaders(): Plugin {
  return {
    onResponse({ response }) {
      if (!response.headers.get('content-type')?.startsWith('text/html')) return;
      response.headers.set('Content-Security-Policy', rendered(undefined).policy);
      response.headers.set('X-Frame-Options', 'DENY');
      response.headers.set('X-Content-Type-Options', 'nosniff');
      response.headers.set('Referrer-Policy', 'no-referrer');
    },
  };
}
