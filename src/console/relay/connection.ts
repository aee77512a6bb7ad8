import { useSyncExternalStore } from 'react';

const retryMs = 1_000;
const maxRetryMs = 5_000;

let isLost = false;
const listeners = new Set<() => void>();

function set(next: boolean): void {
  if (isLost === next) return;
  isLost = next;
  for (const listener of listeners) listener();
}

async function isAnswering(): Promise<boolean> {
  try {
    return (await fetch('/readyz', { cache: 'no-store' })).ok;
  } catch {
    return false;
  }
}

/** Asks the gateway until it answers again. */
export function reportLost(): void {
  if (isLost) return;
  set(true);
  let wait = retryMs;
  const ask = async () => {
    if (await isAnswering()) return set(false);
    wait = Math.min(wait * 1.5, maxRetryMs);
    setTimeout(() => void ask(), wait);
  };
  setTimeout(() => void ask(), wait);
}

/** True while the gateway cannot be reached. */
export const useIsLost = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isLost,
  );
