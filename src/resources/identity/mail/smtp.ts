import { createTransport } from 'nodemailer';
import type { Letter } from './outbox.ts';

/** Sends a mail. @throws if the server did not accept it. */
export type Send = (letter: Letter) => Promise<void>;

const waitMs = 10_000;

/** Sends mails by SMTP. The certificate of the server is verified, and STARTTLS is used where the server offers it. */
export function createSend({ url, from }: { readonly url: string; readonly from: string }): Send {
  const transport = createTransport({
    url,
    connectionTimeout: waitMs,
    greetingTimeout: waitMs,
    socketTimeout: 3 * waitMs,
    // Mails have no content from elsewhere.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async ({ to, subject, text }) => {
    // An object, so that the address is not parsed as a list.
    await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
  };
}

/** True if the server refuses the mail itself, so that another attempt is useless. */
export const isFinal = (error: unknown): boolean => {
  const { code, responseCode = 0 } = error as { code?: string; responseCode?: number };
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode >= 500;
};
