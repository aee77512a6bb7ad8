import type { Tx } from '../db/transaction.ts';

/** Actor, action and object of an audit event. */
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

/** Events are written at the end of their transaction. Until then, author lookups find them here. */
export function notePending(tx: Tx, event: PendingEvent): void {
  const own = pending.get(tx);
  if (own) own.push(event);
  else pending.set(tx, [event]);
}

export const pendingIn = (tx: Tx): readonly PendingEvent[] => pending.get(tx) ?? [];
