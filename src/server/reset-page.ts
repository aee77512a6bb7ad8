import { escaped, page } from './page.ts';

const title = 'Set a new password';
const shownFault = (fault: string | undefined): string =>
  fault === undefined ? '' : `<p class="fault" role="alert" id="fault">${escaped(fault)}</p>\n`;
const back = '<a class="button" href="/auth/sign-in">Back to the sign-in</a>';

/** Returns the page on which a person asks for a link. @param areSent true if the gateway sends mails. */
export const askPage = (areSent: boolean, fault?: string): string =>
  page(
    `${fault === undefined ? '' : 'Error: '}${title}`,
    areSent
      ? `<h1>${title}</h1>
<p>You get a link by mail.</p>
${shownFault(fault)}<form method="post" action="/auth/reset-password">
<label for="username">User name or e-mail address</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus${fault === undefined ? '' : ' aria-describedby="fault"'}>
<button>Send the link</button>
</form>
${back}`
      : `<h1>${title}</h1>
<p>This gateway sends no mails. Ask an administrator for a link.</p>
${back}`,
  );

/** Returns the page after the request. It is the same for known and unknown names. */
export const askedPage = (): string =>
  page(
    title,
    `<h1>${title}</h1>
<p role="status">If a user with this name or address exists, a link is on its way. It works for an hour.</p>
${back}`,
  );

export interface ResetPage {
  readonly token: string;
  readonly username: string;
  readonly passwordLength: number;
  readonly fault?: string;
}

/** Returns the page of a link, on which the person sets the password. */
export const resetPage = ({ token, username, passwordLength, fault }: ResetPage): string =>
  page(
    `${fault === undefined ? '' : 'Error: '}${title}`,
    `<h1>${title}</h1>
${shownFault(fault)}<form method="post" action="/auth/reset-password">
<input type="hidden" name="token" value="${escaped(token)}">
<label for="username">User name</label>
<input id="username" value="${escaped(username)}" autocomplete="username" readonly>
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="${passwordLength}" aria-describedby="${fault === undefined ? 'rule' : 'fault rule'}" required autofocus>
<p class="hint" id="rule">At least ${passwordLength} characters. You are signed out everywhere.</p>
<button>Set the password</button>
</form>`,
  );
