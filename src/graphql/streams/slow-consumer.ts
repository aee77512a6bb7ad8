import { GatehouseError } from '../../errors.ts';
import { abortable } from '../../lib/abortable.ts';
import type { Context } from '../context.ts';
import { type Followed, recordingEnd } from './stream-ends.ts';

/** A subscriber over SSE whose network takes nothing for so long is ended; a WebSocket is closed by its channel. */
const slowMs = 10_000;
/** How long they have then to read why, before the connection is cut. */
const graceMs = 15_000;

const tooSlow = (cursor: string | undefined) =>
  new GatehouseError(
    'TOO_SLOW',
    `Nothing was taken for ${slowMs / 1_000} seconds: subscribe again${cursor === undefined ? '.' : ' after the cursor.'}`,
    cursor === undefined ? {} : { cursor },
  );

/**
 * A stream that ends wherever it stands when its reader leaves, and when its reader takes nothing: the last item says so.
 * @param cursorOf the cursor of an item, from which the reader resumes.
 */
export function endable<T>(
  stream: AsyncGenerator<T, void>,
  ended: AbortController,
  context: Context,
  followed: Followed,
  cursorOf: (item: T) => string | undefined = () => undefined,
): AsyncGenerator<T, void> {
  const own = recordingEnd(abortable(stream, ended), context, followed);
  const { cutOff } = context;
  if (!cutOff) return own;
  let timer: NodeJS.Timeout | undefined;
  let fault: GatehouseError | undefined;
  const giveUp = (cursor: string | undefined) => {
    fault = tooSlow(cursor);
    timer = setTimeout(cutOff, graceMs).unref();
    // What it reads from is let go at once.
    void own.return().catch(() => undefined);
  };
  return {
    ...own,
    async next() {
      clearTimeout(timer);
      if (fault) {
        const told = fault;
        fault = undefined;
        throw told;
      }
      const result = await own.next();
      // From here on it is the reader's time: the next item is asked for when this one is with the network.
      if (!result.done) timer = setTimeout(giveUp, slowMs, cursorOf(result.value)).unref();
      return result;
    },
    return(value) {
      clearTimeout(timer);
      return own.return(value as never);
    },
  };
}
