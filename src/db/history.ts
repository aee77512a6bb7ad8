import { GatehouseError } from '../errors.ts';

/** What happened to the store: it is of another history, or the same one after a restart of its server. */
export type Break = 'restored' | 'restarted';

/**
 * Which history of the store this gateway has seen. After a restore, all that is in memory is of a history that is no
 * more: who keeps something notes the epoch, and drops what is of an earlier one.
 */
export class History {
  #epoch = 0;
  readonly #listeners = new Set<(what: Break) => void>();

  /** Counts the restores that were seen. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Calls back at once, before anything else is read or decided. @returns how to stop. */
  on(listener: (what: Break) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  broke(what: Break): void {
    if (what === 'restored') this.#epoch += 1;
    for (const listener of this.#listeners) listener(what);
  }
}

/** What ends a stream of changes, which cannot tell what happened in between. */
export const historyBroke = () =>
  new GatehouseError(
    'CURSOR_EXPIRED',
    'The store was restored, or its server was restarted. List again, then subscribe again.',
    { ahead: true },
  );
