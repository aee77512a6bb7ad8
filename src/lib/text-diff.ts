import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { unavailable } from '../errors.ts';
import { FairQueue } from './fair-queue.ts';
import { assertNoLock } from './held-lock.ts';

/** Two texts that have nothing in common can take long; then there is no answer. */
const maxMs = 2_000;

/** A text and what it is called. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** A few at once, and one of each owner. */
const queue = new FairQueue({
  width: 4,
  share: 1,
  perOwner: 50,
  total: 500,
  refusal: () => unavailable('You have too many differences that wait to be made: ask for fewer at once.'),
});

/**
 * The unified diff of two texts, made step by step, between which others are served; null where it takes too long.
 * @param owner whose turn it takes.
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
