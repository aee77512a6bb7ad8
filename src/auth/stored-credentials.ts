import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { withoutDeadline } from '../db/deadline.ts';
import type { Freshness } from '../policy/session/freshness.ts';

/** Min interval between two writes of the last use of a credential. */
export const lastUseMs = 60_000;
const maxCache = 50_000;
const maxBatch = 500;
/** Another gateway may have updated the last use of a row, so it is read again after this time. */
const rereadMs = 60_000;

interface StoredRow {
  readonly hash: string;
  /** The revision of access in the same snapshot. */
  readonly revision: bigint;
}

export interface StoredCredentialsOptions<Row extends StoredRow> {
  readonly freshness: Freshness;
  /** Reads the rows with these hashes. */
  readonly read: (hashes: readonly string[]) => Promise<readonly Row[]>;
  /** True if the credential is no longer valid at this time. */
  readonly isOver: (row: Row, now: Date) => boolean;
}

/**
 * Caches credentials (API tokens, sessions) by their hash. A row is valid until the access revision changes, which every
 * revocation does. Failed look-ups are not cached.
 */
export class StoredCredentials<Row extends StoredRow> {
  readonly #options: StoredCredentialsOptions<Row>;
  readonly #known = new LRUCache<string, { readonly row: Row; readonly readAt: number }>({ max: maxCache });
  readonly #stored: DataLoader<string, Row | undefined>;

  constructor(options: StoredCredentialsOptions<Row>) {
    this.#options = options;
    // After a change of access, the credentials of all streams are verified again: one statement reads many.
    this.#stored = new DataLoader(
      async (hashes) => {
        const rows = await withoutDeadline(() => options.read(hashes));
        const byHash = new Map(rows.map((row) => [row.hash, row]));
        return hashes.map((hash) => byHash.get(hash));
      },
      { cache: false, maxBatchSize: maxBatch },
    );
  }

  /** Clears the cache, because the store has another history. */
  forget(): void {
    this.#known.clear();
  }

  /** Returns the valid credential with this hash. */
  async find(hash: string, now: Date): Promise<Row | undefined> {
    const { freshness, isOver } = this.#options;
    const known = this.#known.get(hash);
    const isCurrent =
      known &&
      known.row.revision >= freshness.state.revision &&
      Math.abs(now.getTime() - known.readAt) < rereadMs &&
      !isOver(known.row, now);
    const row = isCurrent ? known.row : await this.read(hash);
    return row && !isOver(row, now) ? row : undefined;
  }

  /** Returns the cached row, without checking it. */
  get(hash: string): Row | undefined {
    return this.#known.get(hash)?.row;
  }

  /** Replaces a cached row, unless another one was cached in the meantime. @returns false if so. */
  replace(hash: string, former: Row, row: Row): boolean {
    const known = this.#known.get(hash);
    if (known?.row !== former) return false;
    this.#known.set(hash, { row, readAt: known.readAt });
    return true;
  }

  /** Reads the row from the store and caches it. */
  async read(hash: string): Promise<Row | undefined> {
    const readAt = Date.now();
    const { history } = this.#options.freshness;
    const { epoch } = history;
    const row = await this.#stored.load(hash);
    if (epoch !== history.epoch) return this.read(hash);
    if (row) this.#known.set(hash, { row, readAt });
    else this.#known.delete(hash);
    return row;
  }
}
