import { useSyncExternalStore } from 'react';
import type { StepUp } from './fault.ts';

/** What the viewer has to do before an operation can be repeated. */
export type Hurdle = { readonly kind: 'sign-in' } | ({ readonly kind: 'step-up' } & StepUp);

export interface AskedHurdle {
  readonly hurdle: Hurdle;
  readonly passed: Promise<boolean>;
  readonly settle: (isPassed: boolean) => void;
}

let asked: AskedHurdle | undefined;
const listeners = new Set<() => void>();
const notify = () => {
  for (const listener of listeners) listener();
};

/**
 * Shows a dialog, and waits until the viewer passes it or closes it. Operations that wait for the same dialog share it.
 */
export function overcome(hurdle: Hurdle): Promise<boolean> {
  if (asked?.hurdle.kind === hurdle.kind) return asked.passed;
  let settle: (isPassed: boolean) => void = () => undefined;
  const passed = new Promise<boolean>((resolve) => {
    settle = (isPassed) => {
      asked = undefined;
      notify();
      resolve(isPassed);
    };
  });
  asked = { hurdle, passed, settle };
  notify();
  return passed;
}

export const useHurdle = (): AskedHurdle | undefined =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => asked,
  );
