import { createHmac } from 'node:crypto';
import type { Destination } from '../../config.ts';
import { eventJson } from '../export-line.ts';
import { post, type Target } from './target.ts';

/** The signature of a delivery: HMAC-SHA256 of `time.body`, so that an old one cannot be sent again as new. */
export const signatureOf = (secret: string, time: number, body: string): string =>
  `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`;

/**
 * POSTs a batch as `{ "events": [{ seq, prevHash, hash, event }] }`. `Gatehouse-Signature` proves it (t is in seconds
 * since 1970), `Gatehouse-Delivery` is the same whenever the same batch comes again.
 */
export const webhookTarget = ({ url, secret = '' }: Extract<Destination, { to: 'webhook' }>): Target => ({
  async send(events, signal) {
    const body = `{"events":[${events.map((event) => eventJson(event)).join(',')}]}`;
    const headers = {
      'gatehouse-signature': signatureOf(secret, Math.floor(Date.now() / 1_000), body),
      'gatehouse-delivery': `${events[0]!.id}.${events.length}`,
    };
    await post(url, body, headers, signal);
    return {};
  },
});
