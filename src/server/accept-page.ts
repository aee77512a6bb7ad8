import { escaped, page } from './page.ts';
import { providerPath, type ShownProvider } from './sign-in-page.ts';

export interface AcceptPage {
  readonly token: string;
  readonly tenant: string;
  readonly email: string;
  readonly passwordLength: number;
  readonly providers: readonly ShownProvider[];
  /** Name of the user who is signed in. */
  readonly signedInAs: string | undefined;
  readonly username?: string;
  /** Why the last attempt failed. */
  readonly fault?: string;
}

const title = 'Accept the invitation';

/** Returns the page of an invitation. Its forms and links work without scripts. */
export function acceptPage(content: AcceptPage): string {
  const { tenant, email, signedInAs, fault } = content;
  return page(
    `${fault === undefined ? '' : 'Error: '}${title}`,
    `<h1>${title}</h1>
<p>You are invited to <strong>${escaped(tenant)}</strong>, as ${escaped(email)}.</p>
${fault === undefined ? '' : `<p class="fault" role="alert" id="fault">${escaped(fault)}</p>\n`}${signedInAs === undefined ? newAccount(content) : ownAccount(content, signedInAs)}`,
  );
}

const form = (token: string, fields: string): string => `<form method="post" action="/auth/accept">
<input type="hidden" name="token" value="${escaped(token)}">
${fields}
</form>`;

const ownAccount = ({ token }: AcceptPage, name: string): string =>
  form(token, `<button>Accept as ${escaped(name)}</button>`);

function newAccount({ token, passwordLength, providers, username = '', fault }: AcceptPage): string {
  const next = encodeURIComponent(`/auth/accept?token=${token}`);
  const describedBy = fault === undefined ? 'rule' : 'fault rule';
  return `${form(
    token,
    `<label for="username">User name</label>
<input id="username" name="username" value="${escaped(username)}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="100" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="${passwordLength}" aria-describedby="${describedBy}" required>
<p class="hint" id="rule">At least ${passwordLength} characters.</p>
<button>Create the account</button>`,
  )}
<p class="or">or, if you have an account</p>
<a class="button" href="/auth/sign-in?next=${next}">Sign in</a>${providers
    .map(
      (one) =>
        `\n<a class="button" href="${escaped(`${providerPath(one)}?next=${next}`)}">Sign in with ${escaped(one.title)}</a>`,
    )
    .join('')}`;
}

/** Returns a page about a link that does not work. */
export const deadLinkPage = (message: string): string =>
  page(
    'Error: The link does not work',
    `<h1>The link does not work</h1>
<p class="fault" role="alert">${escaped(message)}</p>
<a class="button" href="/auth/sign-in">Sign in</a>`,
  );
