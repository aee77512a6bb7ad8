import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  readonly to: string;
  readonly from: string;
  readonly text: string;
}

/** A real SMTP server that keeps the mails it accepts. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  /** Answers to the next recipients: the code of a refusal, or undefined to accept. */
  readonly refusals: (number | undefined)[] = [];
  readonly #server: SMTPServer;

  private constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      logger: false,
      onRcptTo: (_address, _session, done) => {
        const code = this.refusals.shift();
        done(code === undefined ? null : Object.assign(new Error('no'), { responseCode: code }));
      },
      onData: (stream, { envelope }, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const text = Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '=');
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
          this.mails.push({ to: envelope.rcptTo.map(({ address }) => address).join(), from, text });
          done();
        });
      },
    });
  }

  static async start(): Promise<MailServer> {
    const server = new MailServer();
    await once(server.#server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.#server.server.address() as AddressInfo).port}`;
  }

  /** Returns the link in the newest mail to this address. */
  linkTo(address: string): string | undefined {
    const mail = this.mails.findLast(({ to }) => to === address);
    return mail && /http:\S+\?token=[\w-]{60}/.exec(mail.text)?.[0];
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
