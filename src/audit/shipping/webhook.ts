import { createHmac } from 'node:crypto';
import type { Destination } from '../../config.ts';
import { eventJson } from '../export-line.ts';
import { post, type Target } from './target.ts';

/** Signature of a delivery: HMAC-SHA256 of `time.body`, so that an old delivery cannot be replayed as a new one. */
export const signatureOf = (secret: string, time: number, body: string): string =>
  `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`;

/**
 * POSTs a batch as `{ "events": [{ seq, prevHash, hash, event }] }`. `Gatehouse-Signature` authenticates it (t is in
 * seconds since 1970). `Gatehouse-Delivery` is the same for every attempt of a batch.
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
