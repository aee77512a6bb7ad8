import { GatehouseError } from '../errors.ts';

/** A break of the store: a restore to another history, or a restart of its server. */
export type Break = 'restored' | 'restarted';

/**
 * The history of the store that this gateway has seen. A restore invalidates all data in memory: caches store the
 * epoch, and drop entries of earlier ones.
 */
export class History {
  #epoch = 0;
  readonly #listeners = new Set<(what: Break) => void>();

  /** Number of observed restores. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Calls back immediately, before any further read or decision. @returns a function to unsubscribe. */
  on(listener: (what: Break) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  broke(what: Break): void {
    if (what === 'restored') this.#epoch += 1;
    for (const listener of this.#listeners) listener(what);
  }
}

/** The error that ends a stream of changes, because changes during the break are unknown. */
export const historyBroke = () =>
  new GatehouseError(
    'CURSOR_EXPIRED',
    'The store was restored, or its server was restarted. List again, then subscribe again.',
    { ahead: true },
  );
