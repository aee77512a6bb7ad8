import { useSyncExternalStore } from 'react';

let version = 0;
const listeners = new Set<() => void>();

/** Every query on the page is sent again. What is shown stays until the answers are here. */
export function refresh(): void {
  version += 1;
  for (const listener of listeners) listener();
}

/** The number of refreshes so far. */
export const currentVersion = (): number => version;

export const useVersion = (): number =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => version,
  );
