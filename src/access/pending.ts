import type { Tx } from '../db/transaction.ts';

/** Actor, action and object of an audit event. The events of `append` in src/audit/record.ts are whole drafts. */
export interface PendingEvent {
  readonly tenantId: string;
  readonly type: string;
  readonly resource: string;
  readonly resourceId: string;
  readonly actorId: string;
  readonly impersonatorId: string;
  readonly patch?: unknown;
}

const pending = new WeakMap<Tx, PendingEvent[]>();

/**
 * Events are written at the end of their transaction. Until then, author lookups find them here.
 * @returns true for the first event of the transaction.
 */
export function notePending(tx: Tx, event: PendingEvent): boolean {
  const own = pending.get(tx);
  if (!own) pending.set(tx, [event]);
  else own.push(event);
  return own === undefined;
}

export const pendingIn = (tx: Tx): readonly PendingEvent[] => pending.get(tx) ?? [];
