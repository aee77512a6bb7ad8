import { type Permission, split } from '../access/catalog.ts';
import type { Doer } from '../access/grant.ts';
import type { Store } from '../db/transaction.ts';
import type { GatehouseError } from '../errors.ts';
import { newId } from '../lib/ids.ts';
import type { Json } from '../lib/json.ts';
import { appendTogether, tenantOfChain } from './append-together.ts';
import { actionName } from './event.ts';
import { Merging } from './merging.ts';
import { envelope } from './record.ts';
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

/** Streams that end together share an event: a token with a thousand sockets causes one event. */
const gatherMs = 300;
const retryMs = 2_000;

/** Records streams that ended because their right or credential was revoked. */
export class EndedStreams {
  readonly #store: Store;
  readonly #merging = new Merging();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  note(stream: EndedStream): void {
    const { doer, permission, field, tenantId, error } = stream;
    const key = JSON.stringify([doer.id, doer.impersonator?.id, permission, field, tenantId, error.code]);
    this.#merging.gather(key, (count) => this.#write(stream, count));
    this.#plan(gatherMs);
  }

  #plan(milliseconds: number): void {
    this.#timer ??= setTimeout(() => void this.flush().catch(() => this.#plan(retryMs)), milliseconds).unref();
  }

  /** Records the collected streams. Those that fail are retried with the next flush. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#merging.sweep();
  }

  async #write({ doer, permission, field, tenantId, error }: EndedStream, count: number): Promise<void> {
    const tenant = await tenantOfChain(this.#store, tenantId);
    const [resource] = split(permission);
    await appendTogether(this.#store, {
      // A new ID: the subscriber can choose the request ID.
      ...envelope({ ...doer, requestId: newId() }),
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
}
