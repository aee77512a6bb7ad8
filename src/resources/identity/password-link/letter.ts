import type { Letter } from '../mail/outbox.ts';

export interface PasswordLinkContent {
  readonly to: string;
  readonly username: string;
  readonly url: string;
  readonly expiresAt: Date;
}

export const passwordLetter = ({ to, username, url, expiresAt }: PasswordLinkContent): Letter => ({
  to,
  subject: 'Set a new password',
  text: `Hello,

a new password was requested for the user ${username} of Gatehouse. Open this link to set one:

${url}

The link works once, until ${expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC. All sessions of the user then end.
If you did not request it, ignore this mail. The password stays as it is.
`,
});
