import { createHash } from 'node:crypto';
import type { ResourceName } from '../access/catalog.ts';
import { canonicalJson, type Json } from '../lib/json.ts';

export const auditTypes = [
  'CREATE',
  'READ',
  'UPDATE',
  'DELETE',
  'LOGIN_FAILURE',
  'ACCOUNT_LOCKED',
  'IMPERSONATE',
] as const;
export type AuditType = (typeof auditTypes)[number];
export const auditOutcomes = ['SUCCESS', 'DENIED', 'ERROR'] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

/** How events name an act: GROUP and add-member give group.add-member. */
export const actionName = (resource: ResourceName, verb: string): string =>
  `${resource.toLowerCase().replaceAll('_', '-')}.${verb.toLowerCase()}`;

/** What is written down of one change, refusal or sign-in; the chain adds seq and hashes. Empty text means none. */
export interface AuditDraft {
  readonly id: string;
  /** Whose chain: a tenant's id, or '' for the instance. */
  readonly tenantId: string;
  readonly tenantKey: string;
  readonly at: string;
  readonly type: AuditType;
  /** resource.verb, such as group.update. */
  readonly action: string;
  readonly outcome: AuditOutcome;
  readonly actorKind: string;
  readonly actorId: string;
  readonly actorName: string;
  readonly impersonatorId: string;
  readonly impersonatorName: string;
  readonly resource: ResourceName;
  readonly resourceId: string;
  readonly resourceKey: string;
  readonly namespace: string;
  readonly ip?: string;
  readonly requestId: string;
  readonly decisionId?: string;
  /** The policy that refused. */
  readonly policy?: string;
  readonly reason?: string;
  readonly patch?: Json;
  readonly revertPatch?: Json;
  /** The patch as text, for searching. */
  readonly patchText: string;
  readonly details?: Json;
}

/** What the chain holds fast of an event: everything but its place in the chain. */
export const digestOf = (draft: AuditDraft): string => createHash('sha256').update(canonicalJson(draft)).digest('hex');

/** How an event hangs on the one before it. The database's audit_append computes the same. */
export const chainHash = (previous: string, seq: bigint, digest: string): string =>
  createHash('sha256').update(`${previous}:${seq}:${digest}`).digest('hex');
