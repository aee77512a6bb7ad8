import { createHash } from 'node:crypto';

/** Colours and sizes are those of the console. */
const style = `
:root {
  color-scheme: light dark;
  --canvas: light-dark(#f5f6f8, #0b0d11);
  --surface: light-dark(#ffffff, #12151a);
  --line: light-dark(#e5e8ec, #252b34);
  --line-control: light-dark(#858d9b, #6e7887);
  --text: light-dark(#151920, #e9ecf1);
  --text-3: light-dark(#5f6876, #929ba9);
  --accent: light-dark(#3a50c2, #4d64d8);
  --accent-hover: light-dark(#2e419f, #566cdc);
  --focus: light-dark(#3a50c2, #8fa2ff);
  --fail-text: light-dark(#ad2318, #ff9384);
  --fail-tint: light-dark(#fdecea, #351814);
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; padding: 12vh 16px 32px; background: var(--canvas); color: var(--text); font: 0.875rem / 1.5 "Inter Variable", Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; -webkit-font-smoothing: antialiased; }
main { max-width: 360px; margin: 0 auto; padding: 24px; border: 1px solid var(--line); border-radius: 10px; background: var(--surface); box-shadow: 0 1px 2px light-dark(#1018280f, #00000066); }
header { display: flex; align-items: center; gap: 8px; margin-bottom: 20px; font-weight: 600; }
.mark { display: grid; place-items: center; width: 28px; height: 28px; border-radius: 6px; background: var(--accent); color: #fff; }
svg { width: 18px; height: 18px; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
p { margin: 0 0 16px; overflow-wrap: anywhere; }
.hint { margin: -12px 0 16px; color: var(--text-3); }
h1 { margin: 0 0 16px; font-size: 1.25rem; line-height: 1.25; font-weight: 600; letter-spacing: -0.014em; }
label { display: block; margin-bottom: 4px; font-weight: 500; }
input { width: 100%; height: 38px; margin-bottom: 16px; padding: 0 8px; border: 1px solid var(--line-control); border-radius: 6px; background: var(--surface); color: var(--text); font: inherit; font-size: 1rem; }
button, .button { width: 100%; height: 38px; border: 1px solid transparent; border-radius: 6px; background: var(--accent); color: #fff; font: inherit; font-weight: 500; cursor: pointer; }
button:hover { background: var(--accent-hover); }
.button { display: grid; place-items: center; margin-top: 8px; border-color: var(--line-control); background: none; color: var(--text); text-decoration: none; }
.button:hover { border-color: var(--accent); }
.plain { border-color: var(--line-control); background: none; color: var(--text); margin-top: 8px; }
.plain:hover { border-color: var(--accent); background: none; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 12px; margin: 0 0 16px; }
dt { color: var(--text-3); }
dd { margin: 0; overflow-wrap: anywhere; }
.code { font: 600 1.25rem / 1.5 "JetBrains Mono Variable", ui-monospace, monospace; letter-spacing: 0.08em; text-align: center; text-transform: uppercase; }
.button.strong { border-color: transparent; background: var(--accent); color: #fff; }
.button.strong:hover { background: var(--accent-hover); }
figure { margin: 0 0 16px; }
figure svg { display: block; width: 200px; height: 200px; margin: 0 auto; border-radius: 6px; }
.key, .codes { font-family: "JetBrains Mono Variable", ui-monospace, monospace; }
.codes { margin: 0 0 16px; padding: 12px; border: 1px solid var(--line); border-radius: 6px; list-style: none; text-align: center; }
.more { margin: 12px 0 0; text-align: center; }
a { color: inherit; }
.or { margin: 16px 0 8px; color: var(--text-3); text-align: center; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.fault { margin: 0 0 16px; padding: 8px 12px; border: 1px solid var(--fail-text); border-radius: 6px; background: var(--fail-tint); color: var(--fail-text); }
`;

const policyOf = (formTargets: readonly string[] = [], script?: string): string =>
  [
    "default-src 'none'",
    ...(script === undefined ? [] : [`script-src ${script}`, "connect-src 'self'"]),
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': policyOf(),
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  // With no-referrer, a browser would send the form with the origin null.
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** @param origin an origin to which the answer to a form of the page redirects: browsers check redirects too. */
export const pageHeadersFor = (origin: string): Readonly<Record<string, string>> => ({
  ...pageHeaders,
  'Content-Security-Policy': policyOf([origin]),
});

/** @param script the source expression of the page's script. */
export const pageHeadersWith = (script: string): Readonly<Record<string, string>> => ({
  ...pageHeaders,
  'Content-Security-Policy': policyOf([], script),
});

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!);

/** Returns a page of the gateway. @param body HTML. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Gatehouse</title>
<style>${style}</style>
</head>
<body>
<main>
<header><span class="mark"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 13.500v-9l2 1 3-2.500 3 2.500 2-1v9M6 13.500v-3a2 2 0 0 1 4 0v3"/></svg></span>Gatehouse</header>
${body}
</main>
</body>
</html>
`;
