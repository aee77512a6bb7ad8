import { renderSVG } from 'uqr';
import { escaped, page, pageHeadersWith } from './page.ts';
import { passkeyScript, scriptSource } from './passkey-script.ts';

const title = 'Set up a second factor';

export const enrolHeaders = pageHeadersWith(scriptSource);

const shownFault = (fault: string | undefined): string =>
  fault === undefined ? '' : `<p class="fault" role="alert" id="fault">${escaped(fault)}</p>\n`;

/** Returns the page on which a person chooses a second factor. The app works without scripts. */
export const choicePage = (username: string, next: string, fault?: string): string =>
  page(
    `${fault === undefined ? '' : 'Error: '}${title}`,
    `<h1>${title}</h1>
<p>Your organisation requires one of <strong>${escaped(username)}</strong>. You are signed in as soon as it is set up.</p>
${shownFault(fault)}<form method="post" action="/auth/enrol">
<input type="hidden" name="next" value="${escaped(next)}">
<button>Use an authenticator app</button>
</form>
<p class="or" data-with-passkey hidden>or</p>
<p class="fault" role="alert" id="passkey-fault" hidden></p>
<form data-passkey="enrol" hidden>
<input type="hidden" name="next" value="${escaped(next)}">
<label for="name">Name of the passkey</label>
<input id="name" name="name" value="Passkey" maxlength="100" autocomplete="off" required>
<button class="plain">Create a passkey</button>
</form>
<script>${passkeyScript}</script>`,
  );

export interface AppPage {
  readonly next: string;
  /** The secret in Base32, and as a URI. */
  readonly secret: string;
  readonly uri: string;
  readonly fault?: string | undefined;
}

/** Returns the page with the secret of an app, which asks for a code of it. */
export const appPage = ({ next, secret, uri, fault }: AppPage): string =>
  page(
    `${fault === undefined ? '' : 'Error: '}${title}`,
    `<h1>${title}</h1>
<p>Scan the code with your authenticator app, or <a href="${escaped(uri)}">open the app</a> on this device.</p>
<figure>${renderSVG(uri, { border: 2 })}</figure>
<p>Without a camera, enter this key in the app:<br><span class="key">${secret.replace(/(.{4})(?=.)/g, '$1 ')}</span></p>
${shownFault(fault)}<form method="post" action="/auth/enrol">
<input type="hidden" name="next" value="${escaped(next)}">
<label for="code">Code that the app shows</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="10" required autofocus${fault === undefined ? '' : ' aria-describedby="fault"'}>
<button>Confirm</button>
</form>`,
  );

/** Returns the page after the enrolment, with codes for a person who loses the app. */
export const recoveryPage = (codes: readonly string[], next: string): string =>
  page(
    'Recovery codes',
    `<h1>Keep your recovery codes</h1>
<p>Each works once if you lose the app. They are shown only now: print them, or store them in a password manager.</p>
<ul class="codes">
${codes.map((code) => `<li>${escaped(code)}</li>`).join('\n')}
</ul>
<a class="button strong" href="${escaped(next)}">I have stored them</a>`,
  );
