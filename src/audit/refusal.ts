import { type Permission, split } from '../access/catalog.ts';
import type { Doer } from '../access/grant.ts';
import { withoutDeadline } from '../db/deadline.ts';
import { inTransaction, type Store } from '../db/transaction.ts';
import type { GatehouseError } from '../errors.ts';
import type { Json } from '../lib/json.ts';
import { type AuditType, actionName } from './event.ts';
import { append, envelope } from './record.ts';

export interface Refused {
  readonly permission: Permission;
  /** The GraphQL field that was asked for. */
  readonly field: string;
  readonly tenant: { readonly id: string; readonly key: string } | null;
  readonly resourceId: string;
  /** What it was called in the request; nobody vouches for it. */
  readonly resourceKey?: string;
  readonly error: GatehouseError;
  /** How many alike, where they are merged (default 1). */
  readonly count?: number;
}

const types: Record<string, AuditType> = { CREATE: 'CREATE', READ: 'READ', UPDATE: 'UPDATE', DELETE: 'DELETE' };

/** What an event tells of the error by which something was refused: a no, or that nothing could be said. */
export function verdictOf(error: GatehouseError) {
  const { decisionId, policy } = error.extensions as { decisionId?: string; policy?: string };
  return {
    outcome: error.code === 'POLICY_ERROR' ? ('ERROR' as const) : ('DENIED' as const),
    ...(decisionId !== undefined && { decisionId }),
    ...(policy !== undefined && { policy }),
  };
}

/** Writes down a refusal in a transaction of its own, after the rollback and before the answer. */
export async function recordRefusal(
  store: Store,
  doer: Doer,
  { permission, field, tenant, resourceId, resourceKey = resourceId, error, count = 1 }: Refused,
): Promise<void> {
  const [resource, action] = split(permission);
  // Also of a request whose time is over: a refusal is never left out.
  const write = () =>
    inTransaction(store, async (tx) => {
      append(tx, {
        ...envelope(doer),
        tenantId: tenant?.id ?? '',
        tenantKey: tenant?.key ?? '',
        type: types[action]!,
        action: actionName(resource, action),
        ...verdictOf(error),
        resource,
        resourceId,
        resourceKey: resourceKey.slice(0, 200).toWellFormed(),
        namespace: '',
        patchText: '',
        details: { field, code: error.code, ...(count > 1 && { count }) } as Json,
      });
    });
  await withoutDeadline(write);
}
