import type { Permission } from '../access/catalog.ts';
import type { Doer } from '../access/grant.ts';
import type { Store } from '../db/transaction.ts';
import type { GatehouseError } from '../errors.ts';
import { recordRefusal } from './refusal.ts';

interface RefusedRead {
  readonly doer: Doer;
  readonly permission: Permission;
  readonly field: string;
  readonly tenantId: string | undefined;
  readonly error: GatehouseError;
}
interface Merged {
  readonly key: string;
  readonly read: RefusedRead;
  readonly minute: number;
  /** How many of that minute are not on record yet. */
  unreported: number;
}

const greatestSize = 10_000;
const minuteOf = (now: number): number => Math.floor(now / 60_000);

/**
 * Puts refused reads on record: the first of a minute, for each actor, permission and tenant, before its answer, the
 * rest of that minute as one event with their count. A page that asks for much it may not see is one event, not a flood.
 */
export class RefusedReads {
  readonly #store: Store;
  readonly #merged = new Map<string, Merged>();

  constructor(store: Store) {
    this.#store = store;
  }

  async note(read: RefusedRead, now = Date.now()): Promise<void> {
    const { doer, permission, tenantId } = read;
    const key = [doer.id, doer.impersonator?.id ?? '', permission, tenantId ?? ''].join(' ');
    const minute = minuteOf(now);
    const known = this.#merged.get(key);
    if (known?.minute === minute) {
      known.unreported += 1;
      return;
    }
    if (this.#merged.size >= greatestSize) await this.sweep(Number.POSITIVE_INFINITY);
    const merged = { key, read, minute, unreported: 1 };
    this.#merged.set(key, merged);
    if (known) await this.#report(known);
    await this.#report(merged);
  }

  /** Writes down what minutes that are over still hold. What cannot be written now is kept for the next time. */
  async sweep(now = Date.now()): Promise<void> {
    for (const [key, merged] of this.#merged) {
      if (merged.minute >= minuteOf(now)) continue;
      await this.#report(merged);
      if (merged.unreported === 0 && this.#merged.get(key) === merged) this.#merged.delete(key);
    }
  }

  async #report(merged: Merged): Promise<void> {
    const { doer, permission, field, tenantId, error } = merged.read;
    const count = merged.unreported;
    if (count === 0) return;
    // Taken before it is written, so that nobody else writes it too; given back where it could not be.
    merged.unreported = 0;
    try {
      const tenant =
        tenantId === undefined
          ? null
          : await this.#store.prisma.tenant.findFirst({ where: { id: tenantId }, select: { id: true, key: true } });
      await recordRefusal(this.#store, doer, { permission, field, tenant, resourceId: '', error, count });
    } catch (fault) {
      const kept = this.#merged.get(merged.key) ?? merged;
      kept.unreported += count;
      this.#merged.set(merged.key, kept);
      throw fault;
    }
  }
}
