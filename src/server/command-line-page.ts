import { escaped, page } from './page.ts';

/** What a person is asked to allow. */
export interface Grantable {
  readonly username: string;
  /** Name of the machine, as the command states it. */
  readonly client: string;
  /** Address of the command, if it differs from that of the browser. */
  readonly ip?: string | undefined;
  readonly begunAt?: Date | undefined;
  readonly days: number;
  readonly action: string;
  /** Path of this page, to which another user returns after the sign-in. */
  readonly here: string;
  /** Hidden fields. */
  readonly fields: Readonly<Record<string, string>>;
}

const title = 'Sign in the command line';

const hidden = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`)
    .join('\n');

const row = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `<dt>${name}</dt><dd>${escaped(value)}</dd>\n`;

const notYou = (here: string): string =>
  `<p class="more"><a href="${escaped(`/auth/sign-in?next=${encodeURIComponent(here)}`)}">Sign in as another user</a></p>`;

/** Returns the page on which a person allows a command line to act for them. It works without scripts. */
export const grantPage = ({ username, client, ip, begunAt, days, action, here, fields }: Grantable): string =>
  page(
    title,
    `<h1>${title}</h1>
<p>The command <strong>gatehouse login</strong> asks for an API token that acts as you, with all of your permissions.</p>
<dl>
${row('User', username)}${row('Machine', client)}${row('Address', ip)}${row('Begun', begunAt && `${begunAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`)}${row('Expires', `in ${days} days`)}</dl>
<p>Allow it only if you have just run this command yourself. You can revoke the token at any time.</p>
<form method="post" action="${action}">
${hidden(fields)}
<button name="answer" value="allow">Allow</button>
<button name="answer" value="deny" class="plain">Deny</button>
</form>
${notYou(here)}`,
  );

/** Returns the page on which a person enters the code that the command shows. */
export const userCodePage = (username: string, fault?: string): string =>
  page(
    `${fault === undefined ? '' : 'Error: '}${title}`,
    `<h1>${title}</h1>
<p>You are signed in as <strong>${escaped(username)}</strong>.</p>
${fault === undefined ? '' : `<p class="fault" role="alert" id="fault">${escaped(fault)}</p>\n`}<form method="post" action="/auth/device">
<label for="code">Code that the command shows</label>
<input id="code" name="code" class="code" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20" required autofocus${fault === undefined ? '' : ' aria-describedby="fault"'}>
<button>Continue</button>
</form>
${notYou('/auth/device')}`,
  );

/** Returns the page after the answer. */
export const answeredPage = (isAllowed: boolean): string =>
  page(
    title,
    isAllowed
      ? `<h1>The command line is signed in</h1>
<p role="status">You can close this page, and go on in the terminal.</p>`
      : `<h1>Denied</h1>
<p role="status">The command line was not signed in. You can close this page.</p>`,
  );

/** Returns a page about a sign-in that cannot go on. */
export const commandFaultPage = (message: string): string =>
  page(
    `Error: ${title}`,
    `<h1>The command line cannot sign in</h1>
<p class="fault" role="alert">${escaped(message)}</p>`,
  );
