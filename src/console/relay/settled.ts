import { useSyncExternalStore } from 'react';

let count = 0;
const listeners = new Set<() => void>();

/** Says, after the store has it, that an answer is here. */
export function settle(): void {
  setTimeout(() => {
    count += 1;
    for (const listener of listeners) listener();
  });
}

/**
 * Renders again when an answer is here. React keeps a skeleton for at least 300 ms, so that it does not flicker; an update
 * of its own shows the rows at once.
 */
export const useSettled = (): number =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => count,
  );
