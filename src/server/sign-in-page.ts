import type { Providers } from '../auth/oidc/providers.ts';
import { escaped, page } from './page.ts';

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

/** Returns the sign-in page. Its form and its links work without scripts. */
export const signInPage = ({ next, providers, canReset = false, username = '', fault }: SignInPage): string =>
  page(
    `${fault === undefined ? '' : 'Error: '}Sign in`,
    `<h1>Sign in</h1>
${fault === undefined ? '' : `<p class="fault" role="alert" id="fault">${escaped(fault)}</p>\n`}<form method="post" action="/auth/sign-in">
<input type="hidden" name="next" value="${escaped(next)}">
<label for="username">User name</label>
<input id="username" name="username" value="${escaped(username)}" autocomplete="username" autocapitalize="none" spellcheck="false" required${fault === undefined ? ' autofocus' : ''}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${fault === undefined ? '' : ' autofocus aria-describedby="fault"'}>
<button>Sign in</button>
</form>${canReset ? '\n<p class="more"><a href="/auth/reset-password">Forgot your password?</a></p>' : ''}${providers.length === 0 ? '' : `\n<p class="or">or</p>\n${providers.map((one) => link(one, next)).join('\n')}`}`,
  );

/** Returns the page that asks for the second factor, after the password. */
export const codePage = (next: string, fault?: string): string =>
  page(
    `${fault === undefined ? '' : 'Error: '}Second factor`,
    `<h1>Second factor</h1>
${fault === undefined ? '' : `<p class="fault" role="alert" id="fault">${escaped(fault)}</p>\n`}<form method="post" action="/auth/sign-in">
<input type="hidden" name="next" value="${escaped(next)}">
<label for="code">Code of your app, or a recovery code</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" maxlength="30" required autofocus${fault === undefined ? '' : ' aria-describedby="fault"'}>
<button>Sign in</button>
</form>
<a class="button" href="${escaped(`/auth/sign-in?next=${encodeURIComponent(next)}`)}">Back to the sign-in</a>`,
  );

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
