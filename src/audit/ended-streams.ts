import { type Permission, split } from '../access/catalog.ts';
import type { Doer } from '../access/grant.ts';
import { withoutDeadline } from '../db/deadline.ts';
import { inTransaction, type Store } from '../db/transaction.ts';
import type { GatehouseError } from '../errors.ts';
import { newId } from '../lib/ids.ts';
import type { Json } from '../lib/json.ts';
import { actionName } from './event.ts';
import { append, envelope } from './record.ts';
import { verdictOf } from './refusal.ts';

/** A stream that ended because a right or a credential was revoked. */
export interface EndedStream {
  /** The subscriber. */
  readonly doer: Doer;
  readonly permission: Permission;
  /** The subscription field. */
  readonly field: string;
  readonly tenantId: string | undefined;
  readonly error: GatehouseError;
}
interface Merged {
  readonly stream: EndedStream;
  count: number;
}

/** Streams that end together share an event: a token with a thousand sockets causes one event. */
const gatherMs = 300;
const retryMs = 2_000;

/** Records streams that ended because their right or credential was revoked. */
export class EndedStreams {
  readonly #store: Store;
  #gathered = new Map<string, Merged>();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  note(stream: EndedStream): void {
    const { doer, permission, field, tenantId, error } = stream;
    const key = JSON.stringify([doer.id, doer.impersonator?.id, permission, field, tenantId, error.code]);
    const known = this.#gathered.get(key);
    if (known) known.count += 1;
    else this.#gathered.set(key, { stream, count: 1 });
    this.#plan(gatherMs);
  }

  #plan(milliseconds: number): void {
    this.#timer ??= setTimeout(() => void this.flush().catch(() => this.#plan(retryMs)), milliseconds).unref();
  }

  /** Records the collected streams. Those that fail are retried with the next flush. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const gathered = this.#gathered;
    this.#gathered = new Map();
    if (gathered.size === 0) return;
    try {
      await withoutDeadline(() => this.#write([...gathered.values()]));
    } catch (error) {
      for (const [key, merged] of gathered) {
        const newer = this.#gathered.get(key);
        if (newer) newer.count += merged.count;
        else this.#gathered.set(key, merged);
      }
      throw error;
    }
  }

  async #write(merged: readonly Merged[]): Promise<void> {
    const ids = merged.flatMap(({ stream }) => stream.tenantId ?? []);
    await inTransaction(this.#store, async (tx) => {
      const tenants = await tx.tenant.findMany({ where: { id: { in: ids } }, select: { id: true, key: true } });
      for (const { stream, count } of merged) {
        const { doer, permission, field, tenantId, error } = stream;
        const tenant = tenants.find(({ id }) => id === tenantId);
        const [resource] = split(permission);
        append(tx, {
          // A new ID: the subscriber can choose the request ID.
          ...envelope({ ...doer, requestId: newId() }),
          // A deleted tenant has no chain, so the event is recorded in the instance's.
          tenantId: tenant?.id ?? '',
          tenantKey: tenant?.key ?? '',
          type: 'READ',
          action: actionName(resource, 'stream-ended'),
          ...verdictOf(error),
          resource,
          resourceId: '',
          resourceKey: '',
          namespace: '',
          patchText: '',
          details: { field, code: error.code, permission, ...(count > 1 && { count }) } as Json,
        });
      }
    });
  }
}
