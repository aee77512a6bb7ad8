import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { withoutDeadline } from '../../db/deadline.ts';
import type { PrismaClient } from '../../db/generated/client.ts';
import { unauthenticated } from '../../errors.ts';
import type { Freshness } from '../session/freshness.ts';
import { loadPrincipals, type Principal } from './principal.ts';

const maxSize = 20_000;
const maxBatch = 200;

/** Caches principals by id. A principal that is older than the known revision is loaded again. */
export class Principals {
  readonly #stored: DataLoader<string, Principal | undefined>;
  readonly #freshness: Freshness;
  readonly #known = new LRUCache<string, Principal>({ max: maxSize });
  readonly #loading = new Map<string, Promise<Principal>>();

  constructor(db: PrismaClient, freshness: Freshness) {
    // After a change of access, every subscriber's principal is loaded again, so loads are batched into one statement.
    this.#stored = new DataLoader(
      async (ids) => {
        const found = await withoutDeadline(() => loadPrincipals(db, ids));
        return ids.map((id) => found.get(id));
      },
      { cache: false, maxBatchSize: maxBatch },
    );
    this.#freshness = freshness;
  }

  /** Drops all entries. Call it after a restore of the store. */
  forget(): void {
    this.#known.clear();
    this.#loading.clear();
  }

  /** @throws UNAUTHENTICATED if the principal does not exist. */
  get(id: string): Principal | Promise<Principal> {
    const known = this.#known.get(id);
    if (known && known.revision >= this.#freshness.state.revision) return known;
    // A load that began before the newest revision was known may miss it, so it is not shared.
    const key = `${id} ${this.#freshness.state.revision}`;
    let loading = this.#loading.get(key);
    if (!loading) {
      const own = withoutDeadline(() => this.#load(id)).finally(() => {
        if (this.#loading.get(key) === own) this.#loading.delete(key);
      });
      loading = own;
      this.#loading.set(key, own);
    }
    return loading;
  }

  async #load(id: string): Promise<Principal> {
    const { history } = this.#freshness;
    const { epoch } = history;
    const principal = await this.#stored.load(id);
    // Data that was read before a restore is not cached.
    if (epoch !== history.epoch) return this.#load(id);
    if (!principal) {
      this.#known.delete(id);
      throw unauthenticated();
    }
    this.#known.set(id, principal);
    return principal;
  }
}
