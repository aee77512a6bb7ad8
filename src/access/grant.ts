import type { Tx } from '../db/transaction.ts';
import type { ActorKind, Credential } from './actor.ts';
import type { Permission, ResourceName } from './catalog.ts';
import type { Row, RowChange } from './row.ts';
import type { Where } from './where.ts';

export type { Row, RowChange } from './row.ts';

declare const brand: unique symbol;

/** Permissions in one subtree: tenantId null is the instance level, namespace '' all of the tenant. */
export interface CeilingPart {
  readonly tenantId: string | null;
  readonly namespace: string;
  readonly permissions: readonly Permission[];
}

/** Who did it and when, as audit events tell it. */
export interface Doer {
  readonly kind: ActorKind;
  readonly id: string;
  readonly name: string;
  readonly impersonator?: { readonly id: string; readonly name: string };
  readonly ip?: string;
  readonly reason?: string;
  readonly requestId: string;
  /** What the caller calls the request; anybody can choose it. */
  readonly callerRequestId?: string;
}

/**
 * The engine's "yes" to one permission in one scope. Only `policy/` makes it, so a service that asks for
 * `Grant<'GROUP:UPDATE'>` cannot be called without that decision.
 */
export interface Grant<P extends Permission = Permission> {
  readonly [brand]: P;
  readonly permission: P;
  /** The tenant decided for; null at instance level. */
  readonly tenantId: string | null;
  /** The rows within reach, for a query. */
  readonly where: Where;
  readonly decisionId: string;
  readonly doer: Doer;
  /** Is this row within reach? */
  matches(row: Row): boolean;
  /** May the doer read this row of the same resource? Tells FORBIDDEN from NOT_FOUND. */
  mayRead(row: Row): boolean;
  /** May the doer do this with a row of whichever resource of its tenant? False where it cannot be decided. */
  mayDo(permission: Permission, row: Row): boolean;
  /** What the doer signed in by. */
  readonly credential: Credential;
  readonly isSuperAdmin: boolean;
  /** What the credential may do at most; null: all that its owner may. A credential that its owner makes has no more. */
  readonly ceiling: readonly CeilingPart[] | null;
  /** What the doer holds, as a ceiling for credentials that they make of others; null: they may hand out everything. */
  reach(): readonly CeilingPart[] | null;
  /** Of these permissions, those that the doer does not hold in the tenant's subtree (null: at instance level) and so may not hand on. */
  missing(permissions: readonly Permission[], tenantId: string | null, namespace: string): Permission[];
  /** What is to be told in the audit event of a change besides it: policies in shadow, obligations. */
  notesOn(resource: ResourceName, change: RowChange): readonly string[];
  /** The error of a row that is not within reach: which policy left it out, and why. */
  refusalOf(row: Row): Error & { readonly evidence?: readonly object[] };
  /** The reach holds before and after; then the policies' own reviews. Throws FORBIDDEN or POLICY_ERROR. */
  review(tx: Tx, change: RowChange): Promise<void>;
}
