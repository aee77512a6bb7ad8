import { type Permission, split } from '../access/catalog.ts';
import type { Doer } from '../access/grant.ts';
import type { Store } from '../db/transaction.ts';
import type { GatehouseError } from '../errors.ts';
import type { Json } from '../lib/json.ts';
import { appendTogether } from './append-together.ts';
import { type AuditType, actionName } from './event.ts';
import { envelope } from './record.ts';

export interface Refused {
  readonly permission: Permission;
  /** The requested GraphQL field. */
  readonly field: string;
  readonly tenant: { readonly id: string; readonly key: string } | null;
  readonly resourceId: string;
  /** Its key in the request. It is not verified. */
  readonly resourceKey?: string;
  readonly error: GatehouseError;
  /** Number of similar refusals, if they are merged (default 1). */
  readonly count?: number;
}

const types: Record<string, AuditType> = { CREATE: 'CREATE', READ: 'READ', UPDATE: 'UPDATE', DELETE: 'DELETE' };

/** Returns the outcome and policy of a refusal: denied, or no decision because of an error. */
export function verdictOf(error: GatehouseError) {
  const { decisionId, policy } = error.extensions as { decisionId?: string; policy?: string };
  return {
    outcome: error.code === 'POLICY_ERROR' ? ('ERROR' as const) : ('DENIED' as const),
    ...(decisionId !== undefined && { decisionId }),
    ...(policy !== undefined && { policy }),
  };
}

/** Records a refusal after the rollback and before the response. */
export async function recordRefusal(
  store: Store,
  doer: Doer,
  { permission, field, tenant, resourceId, resourceKey = resourceId, error, count = 1 }: Refused,
): Promise<void> {
  const [resource, action] = split(permission);
  await appendTogether(store, {
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
}
