import type { LookUps } from '../contract.ts';

/** Accepts any thenable, not only native promises. */
export const isThenable = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

/** Wraps lookups and reports whether one of them is in progress. */
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

/**
 * Limits the time of a policy's own work. Lookups do not count: their time is limited by the deadline of the request.
 * @throws if the work exceeds the limit.
 */
export async function withinTime<T>(work: Promise<T>, milliseconds: number, isWaiting: () => boolean): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const look = (): void => {
      if (isWaiting()) timer = setTimeout(look, milliseconds);
      else reject(new Error(`the review exceeded ${milliseconds} ms`));
    };
    timer = setTimeout(look, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
