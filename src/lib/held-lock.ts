import { AsyncLocalStorage } from 'node:async_hooks';

const held = new AsyncLocalStorage<boolean>();

/** Runs work that holds a highly contended lock. */
export const holdingLock = <T>(work: () => Promise<T>): Promise<T> => held.run(true, work);

/**
 * Called before slow work: hashing, parsing, comparison of texts.
 * @throws Error if a highly contended lock is held. That is a bug, which any test of the mutation finds.
 */
export function assertNoLock(): void {
  if (held.getStore())
    throw new Error('Slow work is not allowed while a contended lock is held. Move it to `prepare`.');
}
