import { AsyncLocalStorage } from 'node:async_hooks';

const held = new AsyncLocalStorage<boolean>();

/** Runs work that holds a lock for which many others wait. */
export const holdingLock = <T>(work: () => Promise<T>): Promise<T> => held.run(true, work);

/**
 * Called by everything that takes longer than a few statements: hashing, parsing, comparing texts.
 * @throws Error where such a lock is held. That is a fault of the code, which any test of the mutation finds.
 */
export function assertNoLock(): void {
  if (held.getStore()) throw new Error('Slow work while a lock is held for which others wait: do it in `prepare`.');
}
