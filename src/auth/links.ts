import { conflict } from '../errors.ts';

/** Creates links to the pages of the gateway, for mails and for administrators. */
export class Links {
  /** Origin of the gateway for browsers: GATEHOUSE_PUBLIC_URL, or the address of a gateway that listens on a loopback host. */
  origin: string | undefined;
  /** True if the gateway sends mails. Links are then sent, and not shown to the person who causes them. */
  readonly areSent: boolean;

  constructor(origin: string | undefined, areSent: boolean) {
    this.origin = origin;
    this.areSent = areSent;
  }

  /** @throws CONFLICT if the origin is unknown. */
  to(path: string, token: string): string {
    if (this.origin === undefined)
      throw conflict('The gateway does not know its own address for links. Set GATEHOUSE_PUBLIC_URL.');
    return `${this.origin}${path}?token=${token}`;
  }
}
