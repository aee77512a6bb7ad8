import type { Letter } from '../mail/outbox.ts';

/** Names in mails are on one line and short, so that they cannot pretend to be other text. */
const shown = (name: string): string => name.replace(/\s+/g, ' ').slice(0, 100).toWellFormed();

export interface InvitationContent {
  readonly to: string;
  readonly tenant: string;
  /** Name of the inviter. */
  readonly by: string;
  readonly url: string;
  readonly expiresAt: Date;
}

export const invitationLetter = ({ to, tenant, by, url, expiresAt }: InvitationContent): Letter => ({
  to,
  subject: `Invitation to ${shown(tenant)}`,
  text: `Hello,

${shown(by)} invites you to ${shown(tenant)} on Gatehouse. Open this link to accept:

${url}

The link works once, until ${expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC.
If you do not expect this invitation, ignore this mail.
`,
});
