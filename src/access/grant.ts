import type { Tx } from '../db/transaction.ts';
import type { ActorKind, Credential } from './actor.ts';
import type { Permission, ResourceName } from './catalog.ts';
import type { Row, RowChange } from './row.ts';
import type { Where } from './where.ts';

export type { Row, RowChange } from './row.ts';

declare const brand: unique symbol;

/** Permissions in one subtree: tenantId null is the instance level, namespace '' the whole tenant. */
export interface CeilingPart {
  readonly tenantId: string | null;
  readonly namespace: string;
  readonly permissions: readonly Permission[];
}

/** Who acts and when, as recorded in audit events. */
export interface Doer {
  readonly kind: ActorKind;
  readonly id: string;
  readonly name: string;
  readonly impersonator?: { readonly id: string; readonly name: string };
  readonly ip?: string;
  readonly reason?: string;
  readonly requestId: string;
  /** Request ID that the caller chose. Not trustworthy. */
  readonly callerRequestId?: string;
  /** The session of a browser, and how its person signed in. Absent for all other credentials. */
  readonly session?: SignedInBy;
}

export interface SignedInBy {
  readonly id: string;
  readonly method: string;
  readonly provider?: string;
}

/** What events record of the request of a doer. */
export type Origin = Pick<Doer, 'ip' | 'requestId' | 'callerRequestId'>;

/**
 * An allowed decision on one permission in one scope. Only `policy/` creates it, so a service that requires
 * `Grant<'GROUP:UPDATE'>` cannot be called without that decision.
 */
export interface Grant<P extends Permission = Permission> {
  readonly [brand]: P;
  readonly permission: P;
  /** The tenant of the decision; null at instance level. */
  readonly tenantId: string | null;
  /** Filter for the rows within reach. */
  readonly where: Where;
  readonly decisionId: string;
  readonly doer: Doer;
  /** True if the row is within reach. */
  matches(row: Row): boolean;
  /** True if the doer can read this row of the same resource. Separates FORBIDDEN from NOT_FOUND. */
  mayRead(row: Row): boolean;
  /** True if the doer has the permission for a row of any resource of the tenant. False if it cannot be decided. */
  mayDo(permission: Permission, row: Row): boolean;
  /** The doer's credential. */
  readonly credential: Credential;
  readonly isSuperAdmin: boolean;
  /** Max permissions of the credential; null for all of its owner's. Credentials that it creates have no more. */
  readonly ceiling: readonly CeilingPart[] | null;
  /** The doer's permissions, as a ceiling for credentials that they create for others; null for no limit. */
  reach(): readonly CeilingPart[] | null;
  /**
   * Those of these permissions that the doer does not have in the tenant's subtree (null: at instance level) and so
   * cannot grant to others.
   */
  missing(permissions: readonly Permission[], tenantId: string | null, namespace: string): Permission[];
  /** Notes for the audit event of a change: shadow policies, obligations. */
  notesOn(resource: ResourceName, change: RowChange): readonly string[];
  /** The error for a row out of reach, with the policy and reason. */
  refusalOf(row: Row): Error & { readonly evidence?: readonly object[] };
  /**
   * Checks that the row is within reach before and after, then runs the policies' reviews. Throws FORBIDDEN or
   * POLICY_ERROR.
   */
  review(tx: Tx, change: RowChange): Promise<void>;
}
