import type { SecondFactorKind } from '../auth/methods.ts';
import type { Providers } from '../auth/oidc/providers.ts';
import { escaped, page, pageHeadersWith } from './page.ts';
import { passkeyScript, scriptSource } from './passkey-script.ts';

/** A provider as the page and its API name it. */
export interface ShownProvider {
  readonly name: string;
  readonly title: string;
}

/** Returns what pages show of the providers. */
export const shownProviders = (providers: Providers): ShownProvider[] =>
  [...providers.values()].map(({ settings: { name, title } }) => ({ name, title }));

export interface SignInPage {
  /** Path to go to after the sign-in. */
  readonly next: string;
  readonly providers: readonly ShownProvider[];
  /** True if a person who forgot the password can get a link by mail. */
  readonly canReset?: boolean;
  readonly username?: string;
  /** Why the last attempt failed. */
  readonly fault?: string;
}

/** Path where the sign-in at a provider begins. */
export const providerPath = ({ name }: ShownProvider): string => `/auth/oidc/${name}`;

/** Headers of the pages with a passkey. */
export const signInHeaders = pageHeadersWith(scriptSource);

const shownFault = (fault: string | undefined): string =>
  fault === undefined ? '' : `<p class="fault" role="alert" id="fault">${escaped(fault)}</p>\n`;

/** A form that the script shows and submits. Without scripts, it stays hidden. */
const passkeyForm = (
  purpose: 'sign-in' | 'second-factor',
  next: string,
  isOnly = false,
): string => `<p class="fault" role="alert" id="passkey-fault" hidden></p>
<form data-passkey="${purpose}" hidden>
<input type="hidden" name="next" value="${escaped(next)}">
<button${isOnly ? '' : ' class="plain"'}>Use a passkey</button>
</form>`;

/** Returns the sign-in page. Its password form and its links work without scripts. */
export const signInPage = ({ next, providers, canReset = false, username = '', fault }: SignInPage): string =>
  page(
    `${fault === undefined ? '' : 'Error: '}Sign in`,
    `<h1>Sign in</h1>
${shownFault(fault)}<form method="post" action="/auth/sign-in">
<input type="hidden" name="next" value="${escaped(next)}">
<label for="username">User name or e-mail address</label>
<input id="username" name="username" value="${escaped(username)}" autocomplete="username" autocapitalize="none" spellcheck="false" required${fault === undefined ? ' autofocus' : ''}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${fault === undefined ? '' : ' autofocus aria-describedby="fault"'}>
<button>Sign in</button>
</form>${canReset ? '\n<p class="more"><a href="/auth/reset-password">Forgot your password?</a></p>' : ''}
<p class="or"${providers.length === 0 ? ' data-with-passkey hidden' : ''}>or</p>
${passkeyForm('sign-in', next)}
${providers.map((one) => link(one, next)).join('\n')}
<script>${passkeyScript}</script>`,
  );

export interface FactorPage {
  readonly next: string;
  /** What the person can give. */
  readonly asks: readonly SecondFactorKind[];
  readonly fault?: string;
}

/** Returns the page that asks for the second factor, after the password. */
export function codePage({ next, asks, fault }: FactorPage): string {
  const hasCode = asks.includes('TOTP');
  const hasPasskey = asks.includes('PASSKEY');
  const code = `<form method="post" action="/auth/sign-in">
<input type="hidden" name="next" value="${escaped(next)}">
<label for="code">Code of your app, or a recovery code</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" maxlength="30" required autofocus${fault === undefined ? '' : ' aria-describedby="fault"'}>
<button>Sign in</button>
</form>`;
  return page(
    `${fault === undefined ? '' : 'Error: '}Second factor`,
    `<h1>Second factor</h1>
${shownFault(fault)}${hasCode ? `${code}\n` : ''}${hasPasskey && !hasCode ? '<p>The password is right. Use one of your passkeys to sign in.</p>\n<noscript><p>Your passkey requires JavaScript in the browser.</p></noscript>\n' : ''}${hasPasskey ? `${passkeyForm('second-factor', next, !hasCode)}\n` : ''}<a class="button" href="${escaped(`/auth/sign-in?next=${encodeURIComponent(next)}`)}">Back to the sign-in</a>
<script>${passkeyScript}</script>`,
  );
}

const link = (provider: ShownProvider, next: string): string =>
  `<a class="button" href="${escaped(`${providerPath(provider)}?next=${encodeURIComponent(next)}`)}">Sign in with ${escaped(provider.title)}</a>`;

/** Returns a page about a sign-in that failed, with a way back. */
export const faultPage = (message: string, next: string): string =>
  page(
    'Error: Sign in',
    `<h1>The sign-in failed</h1>
<p class="fault" role="alert">${escaped(message)}</p>
<a class="button" href="${escaped(`/auth/sign-in?next=${encodeURIComponent(next)}`)}">Back to the sign-in</a>`,
  );

/** Returns the path to go to after the sign-in: `/` for everything that is not a path of this gateway. */
export function safeNext(given: string | null | undefined): string {
  const base = 'http://gateway.invalid';
  const url = given?.startsWith('/') ? URL.parse(given, base) : null;
  if (url?.origin !== base) return '/';
  const path = `${url.pathname}${url.search}${url.hash}`;
  // A path that begins with two slashes is the address of another host.
  return /^\/(?![/\\])/.test(path) ? path : '/';
}
