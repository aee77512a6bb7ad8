import type { Doer } from '../access/grant.ts';
import type { TenantRef } from '../access/tenant-ref.ts';
import { withoutDeadline } from '../db/deadline.ts';
import { inTransaction, type Store } from '../db/transaction.ts';
import { GatehouseError } from '../errors.ts';
import { canonicalJson, type Json } from '../lib/json.ts';
import { remember } from '../lib/remember.ts';
import { type AuditDraft, actionName } from './event.ts';
import { append, envelope } from './record.ts';

/** What is asked of the log in one place: the field, or the path of an export, and its arguments. */
export interface Reading {
  readonly field: string;
  readonly args: object;
  /** The namespace, where it is confined to one. */
  readonly namespace?: string;
  readonly decisionId?: string | undefined;
}

/** Arguments that are longer are not kept as they are: an event is no place for a page of text. */
const maxArgs = 2_000;

const argsOf = ({ args }: Reading): Json => {
  const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value != null));
  const text = canonicalJson(given);
  return text.length <= maxArgs ? (JSON.parse(text) as Json) : `${text.slice(0, maxArgs).toWellFormed()}…`;
};

/** Puts on record that somebody reads a chain, in a transaction of its own. @returns the event's id. */
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

/** Of so many that come at once, those that wait go in one transaction: a thousand streams may open in a second. */
class Queue {
  readonly #store: Store;
  #waiting: { draft: AuditDraft; done: PromiseWithResolvers<void> }[] = [];
  #isWriting = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @throws where this one could not be written. */
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
        // Perhaps for one of them only: each answers for itself.
        if (some.length === 1) some[0]!.done.reject(error);
        else for (const { draft, done } of some) await this.#commit([draft]).then(done.resolve, done.reject);
      }
    }
    this.#isWriting = false;
  }

  /** Also where the time of a request is over: what was read is on record. */
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

/** What one operation reads of the log: one event for each chain, written before the answer goes out. */
export class Readings {
  readonly #byChain = new Map<string, Reading[]>();
  #isClosed = false;

  /** A stream has no end at which to write: within one, nothing else of the log is read. */
  close(): void {
    this.#isClosed = true;
  }

  /** @param tenantId undefined: the instance's chain, or all chains together. */
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
      // Of a tenant that is gone, the instance's chain tells: its own has ended.
      const tenant =
        tenantId === ''
          ? null
          : await store.prisma.tenant.findFirst({ where: { id: tenantId }, select: { id: true, key: true } });
      await recordReading(store, doer(), tenant, readings);
    }
  }
}
