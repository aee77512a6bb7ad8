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
  readonly read: RefusedRead;
  readonly minute: number;
  /** How many more there were in that minute. */
  more: number;
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
      known.more += 1;
      return;
    }
    if (this.#merged.size >= greatestSize) await this.sweep(Number.POSITIVE_INFINITY);
    this.#merged.set(key, { read, minute, more: 0 });
    if (known) await this.#rest(known);
    await this.#record(read, 1);
  }

  /** Writes down what minutes that are over still hold. */
  async sweep(now = Date.now()): Promise<void> {
    for (const [key, merged] of this.#merged) {
      if (merged.minute >= minuteOf(now)) continue;
      this.#merged.delete(key);
      await this.#rest(merged);
    }
  }

  async #rest({ read, more }: Merged): Promise<void> {
    if (more > 0) await this.#record(read, more);
  }

  async #record({ doer, permission, field, tenantId, error }: RefusedRead, count: number): Promise<void> {
    const tenant =
      tenantId === undefined
        ? null
        : await this.#store.prisma.tenant.findUnique({ where: { id: tenantId }, select: { id: true, key: true } });
    await recordRefusal(this.#store, doer, { permission, field, tenant, resourceId: '', error, count });
  }
}
