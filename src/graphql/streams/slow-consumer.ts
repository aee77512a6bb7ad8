import { GatehouseError } from '../../errors.ts';
import { abortable } from '../../lib/abortable.ts';
import type { Context } from '../context.ts';
import { type Followed, recordingEnd } from './stream-ends.ts';

/** Time without reading after which a subscriber is ended, on every transport. A slow one resumes from its cursor. */
export const slowMs = 10_000;
/** Time to read the reason before the connection is cut. */
export const graceMs = 15_000;

export const tooSlow = (cursor: string | undefined) =>
  new GatehouseError(
    'TOO_SLOW',
    `The subscriber read nothing for ${slowMs / 1_000} seconds. Subscribe again${cursor === undefined ? '.' : ' after the cursor.'}`,
    cursor === undefined ? {} : { cursor },
  );

/**
 * A stream that ends when its reader leaves or stops reading. The last item is the error.
 * @param cursorOf cursor of an item, from which the reader can resume.
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
    // Its source is released at once.
    void own.return().catch(() => undefined);
  };
  return {
    ...own,
    async next() {
      clearTimeout(timer);
      if (fault) {
        const reason = fault;
        fault = undefined;
        throw reason;
      }
      const result = await own.next();
      // From here it is the reader's time: the next item is requested when this one is with the network.
      if (!result.done) timer = setTimeout(giveUp, slowMs, cursorOf(result.value)).unref();
      return result;
    },
    return(value) {
      clearTimeout(timer);
      return own.return(value as never);
    },
  };
}
