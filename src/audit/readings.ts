import type { Doer } from '../access/grant.ts';
import type { TenantRef } from '../access/tenant-ref.ts';
import { withoutDeadline } from '../db/deadline.ts';
import { inTransaction, type Store } from '../db/transaction.ts';
import { GatehouseError } from '../errors.ts';
import { canonicalJson, type Json } from '../lib/json.ts';
import { remember } from '../lib/remember.ts';
import { type AuditDraft, actionName } from './event.ts';
import { append, envelope } from './record.ts';

/** One read of the log: the field or the path of an export, with its arguments. */
export interface Reading {
  readonly field: string;
  readonly args: object;
  /** The namespace, if the read is limited to one. */
  readonly namespace?: string;
  readonly decisionId?: string | undefined;
}

/** Longer arguments are shortened: an event is not the place for long texts. */
const maxArgs = 2_000;

const argsOf = ({ args }: Reading): Json => {
  const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value != null));
  const text = canonicalJson(given);
  return text.length <= maxArgs ? (JSON.parse(text) as Json) : `${text.slice(0, maxArgs).toWellFormed()}…`;
};

/** Records a read of a chain in a separate transaction. @returns the event ID. */
export async function recordReading(
  store: Store,
  doer: Doer,
  tenant: TenantRef | null,
  readings: readonly Reading[],
): Promise<string> {
  const head = envelope(doer);
  const asked = new Map<string, { field: string; args: Json; times: number }>();
  for (const reading of readings) {
    const args = argsOf(reading);
    const key = canonicalJson([reading.field, args]);
    const known = asked.get(key);
    if (known) known.times += 1;
    else asked.set(key, { field: reading.field, args, times: 1 });
  }
  const namespaces = new Set(readings.map(({ namespace = '' }) => namespace));
  const read = [...asked.values()].map(({ times, ...one }) => (times > 1 ? { ...one, times } : one));
  const decisionId = readings.find((reading) => reading.decisionId !== undefined)?.decisionId;
  const draft: AuditDraft = {
    ...head,
    tenantId: tenant?.id ?? '',
    tenantKey: tenant?.key ?? '',
    type: 'READ',
    action: actionName('AUDITLOG', 'read'),
    outcome: 'SUCCESS',
    resource: 'AUDITLOG',
    resourceId: '',
    resourceKey: tenant?.key ?? '',
    namespace: namespaces.size === 1 ? [...namespaces][0]! : '',
    ...(decisionId !== undefined && { decisionId }),
    patchText: '',
    details: { read } as Json,
  };
  await remember(queues, store, () => new Queue(store)).write(draft);
  return head.id;
}

/** Writes concurrent reads in one transaction: a thousand streams can open in a second. */
class Queue {
  readonly #store: Store;
  #waiting: { draft: AuditDraft; done: PromiseWithResolvers<void> }[] = [];
  #isWriting = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @throws if this read could not be recorded. */
  write(draft: AuditDraft): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ draft, done });
    if (!this.#isWriting) void this.#run();
    return done.promise;
  }

  async #run(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0, maxBatch);
      try {
        await this.#commit(some.map(({ draft }) => draft));
        for (const { done } of some) done.resolve();
      } catch (error) {
        // The fault may concern only one of them, so each is retried alone.
        if (some.length === 1) some[0]!.done.reject(error);
        else for (const { draft, done } of some) await this.#commit([draft]).then(done.resolve, done.reject);
      }
    }
    this.#isWriting = false;
  }

  /** Ignores the deadline of the request: every read must be recorded. */
  #commit(drafts: readonly AuditDraft[]): Promise<void> {
    return withoutDeadline(() =>
      inTransaction(this.#store, async (tx) => {
        for (const draft of drafts) append(tx, draft);
      }),
    );
  }
}
const queues = new WeakMap<Store, Queue>();
const maxBatch = 200;

/** Collects the reads of the log by one operation: one event per chain, recorded before the response. */
export class Readings {
  readonly #byChain = new Map<string, Reading[]>();
  #isClosed = false;

  /** Rejects further reads: a stream has no end at which they could be recorded. */
  close(): void {
    this.#isClosed = true;
  }

  /** @param tenantId undefined for the instance's chain, or for all chains together. */
  note(tenantId: string | undefined, reading: Reading): void {
    if (this.#isClosed)
      throw new GatehouseError('BAD_INPUT', 'A subscription cannot read the audit log in other fields.');
    const known = this.#byChain.get(tenantId ?? '');
    if (known) known.push(reading);
    else this.#byChain.set(tenantId ?? '', [reading]);
  }

  async write(store: Store, doer: () => Doer): Promise<void> {
    const chains = [...this.#byChain];
    this.#byChain.clear();
    for (const [tenantId, readings] of chains) {
      // The chain of a deleted tenant has ended, so the read is recorded in the instance's chain.
      const tenant =
        tenantId === ''
          ? null
          : await store.prisma.tenant.findFirst({ where: { id: tenantId }, select: { id: true, key: true } });
      await recordReading(store, doer(), tenant, readings);
    }
  }
}
