import type { Doer } from '../access/grant.ts';
import type { TenantRef } from '../access/tenant-ref.ts';
import type { Store } from '../db/transaction.ts';
import { GatehouseError } from '../errors.ts';
import { canonicalJson, type Json } from '../lib/json.ts';
import { appendTogether, tenantOfChain } from './append-together.ts';
import { type AuditDraft, actionName } from './event.ts';
import { envelope } from './record.ts';

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
  await appendTogether(store, draft);
  return head.id;
}

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
      await recordReading(store, doer(), await tenantOfChain(store, tenantId), readings);
    }
  }
}
