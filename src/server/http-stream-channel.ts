import type { ServerResponse } from 'node:http';
import { type Mask, resultText } from '../graphql/mask.ts';
import { graceMs, slowMs, tooSlow } from '../graphql/streams/slow-consumer.ts';
import type { StreamChannel } from '../graphql/streams/stream-channel.ts';
import { partOf } from './use-multipart-subscriptions.ts';

/** Size of the queue from which on nothing is added to a combined write. */
const maxQueued = 65_536;

const isMultipart = (response: ServerResponse): boolean =>
  String(response.getHeader('content-type')).startsWith('multipart/');
const payloadOf = (text: string): string => partOf(`{"payload":${text}}`);
const eventOf = (text: string): string => `event: next\ndata: ${text}\n\n`;

/**
 * The channel of one operation over HTTP. Items are written to the response between the start of the stream and its
 * end, which the result processor writes. It also writes pings, whole ones, so nothing is interleaved. The format is
 * that of the processor.
 */
export function httpChannel(
  response: ServerResponse,
  operation: StreamChannel['operation'],
  mask: Mask,
): StreamChannel {
  let held: string | undefined;
  let format: ((text: string) => string) | undefined;
  const write = (text: string) => {
    if (text !== '' && !response.destroyed && !response.writableEnded) response.write(text);
  };
  return {
    operation,
    textOf: resultText(mask),
    send(text) {
      format ??= isMultipart(response) ? payloadOf : eventOf;
      if (held === undefined) write(format(text));
      else held += format(text);
    },
    together(work) {
      held = '';
      try {
        return work();
      } finally {
        const text = held;
        held = undefined;
        write(text);
      }
    },
    get isFull() {
      return response.writableNeedDrain || (held ? held.length + response.writableLength >= maxQueued : false);
    },
    async drained() {
      if (!response.writableNeedDrain) return;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const done = () => resolve();
      response.once('drain', done);
      response.once('close', done);
      const slow = setTimeout(() => {
        reject(tooSlow(this.cursor?.()));
        cutOffUnlessRead(response);
      }, slowMs);
      try {
        await promise;
      } finally {
        clearTimeout(slow);
        response.off('drain', done);
        response.off('close', done);
      }
    },
    cursor: undefined,
  };
}

/** Leaves time to read the reason. */
function cutOffUnlessRead(response: ServerResponse): void {
  const timer = setTimeout(() => response.destroy(), graceMs).unref();
  response.once('drain', () => clearTimeout(timer));
  response.once('close', () => clearTimeout(timer));
}
