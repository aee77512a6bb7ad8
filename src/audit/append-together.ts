import type { TenantRef } from '../access/tenant-ref.ts';
import { withoutDeadline } from '../db/deadline.ts';
import { inTransaction, type Store } from '../db/transaction.ts';
import { remember } from '../lib/remember.ts';
import type { AuditDraft } from './event.ts';
import { append } from './record.ts';
import { isPassing } from './unwritable.ts';

/** Max transactions at once, each of one chain, so that a locked chain does not delay the others. */
const lanes = 4;
/** Max events per transaction. */
const maxBatch = 200;

type Draft = Parameters<typeof append>[1];
interface Waiting {
  readonly draft: Draft;
  readonly done: PromiseWithResolvers<void>;
}

/** Writes concurrent events of a chain in one transaction: a thousand streams can open in a second. */
class Queue {
  readonly #store: Store;
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #writing = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  write(draft: Draft): Promise<void> {
    const done = Promise.withResolvers<void>();
    remember(this.#waiting, draft.tenantId, () => [] as Waiting[]).push({ draft, done });
    this.#start();
    return done.promise;
  }

  #start(): void {
    for (const [chain, waiting] of this.#waiting) {
      if (this.#writing.size >= lanes) return;
      if (this.#writing.has(chain)) continue;
      this.#writing.add(chain);
      const some = waiting.splice(0, maxBatch);
      // The rest waits behind the other chains.
      this.#waiting.delete(chain);
      if (waiting.length > 0) this.#waiting.set(chain, waiting);
      void this.#write(some).finally(() => {
        this.#writing.delete(chain);
        this.#start();
      });
    }
  }

  async #write(some: readonly Waiting[]): Promise<void> {
    try {
      await this.#commit(some.map(({ draft }) => draft));
      for (const { done } of some) done.resolve();
    } catch (error) {
      // An error about one event must not affect the others, so each is retried alone.
      if (some.length === 1 || isPassing(error)) for (const { done } of some) done.reject(error);
      else for (const { draft, done } of some) await this.#commit([draft]).then(done.resolve, done.reject);
    }
  }

  /** Ignores the deadline of the request: every event must be recorded. */
  #commit(drafts: readonly Draft[]): Promise<void> {
    return withoutDeadline(() =>
      inTransaction(this.#store, async (tx) => {
        for (const draft of drafts) append(tx, draft);
      }),
    );
  }
}
const queues = new WeakMap<Store, Queue>();

/** Records an event that belongs to no change, in a transaction with concurrent ones. @throws if it is not recorded. */
export const appendTogether = (store: Store, draft: AuditDraft): Promise<void> =>
  remember(queues, store, () => new Queue(store)).write(draft);

/** Returns the tenant of a chain. Null for the instance's chain, which also continues the chain of a deleted tenant. */
export async function tenantOfChain({ prisma }: Store, tenantId: string | undefined): Promise<TenantRef | null> {
  if (tenantId === undefined || tenantId === '') return null;
  return prisma.tenant.findFirst({ where: { id: tenantId }, select: { id: true, key: true } });
}
