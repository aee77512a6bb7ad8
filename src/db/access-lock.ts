import { AsyncLocalStorage } from 'node:async_hooks';

const held = new AsyncLocalStorage<boolean>();

/** Runs the part of a change of access that holds the lock for which all other changes of access wait. */
export const holdingAccessLock = <T>(work: () => Promise<T>): Promise<T> => held.run(true, work);

/**
 * Called by everything that takes longer than a few statements: hashing, parsing, what goes over the network.
 * @throws Error where the lock of access is held: that is a fault of the code, found by any test that comes by.
 */
export function assertNoAccessLock(): void {
  if (held.getStore()) throw new Error('Slow work while the lock of access is held: do it before, in `prepare`.');
}
