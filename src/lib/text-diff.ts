import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { unavailable } from '../errors.ts';
import { FairQueue } from './fair-queue.ts';
import { assertNoLock } from './held-lock.ts';

/** Max time. A diff of very different texts can take too long, and then returns null. */
const maxMs = 2_000;

/** A text and its name. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** A few concurrent diffs, one per owner. */
const queue = new FairQueue({
  width: 4,
  share: 1,
  perOwner: 50,
  total: 500,
  refusal: () => unavailable('Too many of your diffs are waiting. Request fewer at once.'),
});

/**
 * Computes the unified diff of two texts, in steps between which other work runs. Returns null if it takes too long.
 * @param owner owner in the queue of diffs.
 */
export const unifiedDiff = (owner: string, before: NamedText, after: NamedText): Promise<string | null> =>
  queue.run(owner, () => compare(before, after));

function compare(before: NamedText, after: NamedText): Promise<string | null> {
  assertNoLock();
  const { promise, resolve } = Promise.withResolvers<string | null>();
  createTwoFilesPatch(before.name, after.name, before.text, after.text, undefined, undefined, {
    headerOptions: FILE_HEADERS_ONLY,
    timeout: maxMs,
    callback: (patch) => resolve(patch ?? null),
  });
  return promise;
}
