import type { Keys } from '../../../auth/keys.ts';
import type { Store } from '../../../db/transaction.ts';
import { atMost } from '../../../lib/at-most.ts';
import type { Log } from '../../../lib/log.ts';
import { mailTopic, sendDue } from './outbox.ts';
import type { Send } from './smtp.ts';

const pollMs = 5_000;
const closeMs = 2_000;

export interface DeliveryOptions {
  readonly store: Store;
  readonly keys: Keys;
  readonly send: Send;
  readonly log: Log;
}

/** Sends mails as soon as their transaction is committed, and repeats failed attempts. @returns a function that stops. */
export function startDelivery({ store, keys, send, log }: DeliveryOptions): () => Promise<void> {
  let running: Promise<void> | undefined;
  let isAsked = false;
  const run = async (): Promise<void> => {
    do {
      isAsked = false;
      // A lost database connection is logged elsewhere, and the next poll tries again.
      await sendDue(store, keys, send, log).catch((error: Error) =>
        log.debug('no mails were sent', { error: error.message }),
      );
    } while (isAsked);
  };
  const ask = (): void => {
    isAsked = true;
    running ??= run().finally(() => {
      running = undefined;
    });
  };
  const off = store.wake.on((topic) => {
    if (topic === mailTopic || topic === '*') ask();
  });
  const timer = setInterval(ask, pollMs).unref();
  return async () => {
    off();
    clearInterval(timer);
    isAsked = false;
    // A slow mail server does not delay the stop: another gateway sends the mail again after its lease.
    if (running) await atMost(closeMs, running);
  };
}
