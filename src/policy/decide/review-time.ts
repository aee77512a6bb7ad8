import type { LookUps } from '../contract.ts';

/** Whatever can be waited for, also what is no promise of the language's own. */
export const isThenable = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

/** Tells whether a look-up of the engine's own is on its way. */
export function watch(look: LookUps): { watched: LookUps; isWaiting: () => boolean } {
  let waiting = 0;
  const watched = new Proxy(look, {
    get: (own, name) => {
      const ask = Reflect.get(own, name) as (...args: unknown[]) => unknown;
      return async (...args: unknown[]) => {
        waiting += 1;
        try {
          return await ask.apply(own, args);
        } finally {
          waiting -= 1;
        }
      };
    },
  });
  return { watched, isWaiting: () => waiting > 0 };
}

/** The time of a policy's own work: waiting for the database, or for a lock there, ends with the request's time. */
export async function withinTime<T>(work: Promise<T>, milliseconds: number, isWaiting: () => boolean): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const look = (): void => {
      if (isWaiting()) timer = setTimeout(look, milliseconds);
      else reject(new Error(`its review took more than ${milliseconds} ms`));
    };
    timer = setTimeout(look, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
