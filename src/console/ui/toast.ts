import { useSyncExternalStore } from 'react';

export interface Toast {
  readonly id: number;
  readonly title: string;
  readonly text?: string | undefined;
}

const shownMs = 6_000;
let toasts: readonly Toast[] = [];
let count = 0;
const listeners = new Set<() => void>();

const set = (next: readonly Toast[]) => {
  toasts = next;
  for (const listener of listeners) listener();
};

export const dismiss = (id: number): void => set(toasts.filter((one) => one.id !== id));

/** Says for a moment that something is done. */
export function toast(title: string, text?: string): void {
  count += 1;
  const id = count;
  set([...toasts.slice(-2), { id, title, text }]);
  setTimeout(() => dismiss(id), shownMs);
}

export const useToasts = (): readonly Toast[] =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
