import { hash } from 'node:crypto';
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

/** What a digest is taken over, whichever way it comes: as a draft, or as the row that was made of it. */
export interface EventContent extends Omit<AuditDraft, 'at' | 'type' | 'outcome' | 'resource' | Optional> {
  readonly at: string | Date;
  readonly type: string;
  readonly outcome: string;
  readonly resource: string;
  readonly ip?: string | null;
  readonly decisionId?: string | null;
  readonly policy?: string | null;
  readonly reason?: string | null;
  readonly patch?: unknown;
  readonly revertPatch?: unknown;
  readonly details?: unknown;
}
type Optional = 'ip' | 'decisionId' | 'policy' | 'reason' | 'patch' | 'revertPatch' | 'details';

const textual = (name: string, value: string | null | undefined): string =>
  value == null ? '' : `"${name}":${JSON.stringify(value)},`;
const structured = (name: string, value: unknown): string =>
  value == null ? '' : `"${name}":${canonicalJson(value)},`;

/**
 * The content of an event: everything but its place in the chain, as canonical JSON (keys in order, no null). Written
 * out field by field, since a million of them are read again to verify a chain.
 */
export const contentOf = (event: EventContent): string =>
  `{"action":${JSON.stringify(event.action)},"actorId":${JSON.stringify(event.actorId)},` +
  `"actorKind":${JSON.stringify(event.actorKind)},"actorName":${JSON.stringify(event.actorName)},` +
  `"at":"${typeof event.at === 'string' ? event.at : event.at.toISOString()}",` +
  textual('decisionId', event.decisionId) +
  structured('details', event.details) +
  `"id":${JSON.stringify(event.id)},"impersonatorId":${JSON.stringify(event.impersonatorId)},` +
  `"impersonatorName":${JSON.stringify(event.impersonatorName)},` +
  textual('ip', event.ip) +
  `"namespace":${JSON.stringify(event.namespace)},"outcome":${JSON.stringify(event.outcome)},` +
  structured('patch', event.patch) +
  `"patchText":${JSON.stringify(event.patchText)},` +
  textual('policy', event.policy) +
  textual('reason', event.reason) +
  `"requestId":${JSON.stringify(event.requestId)},"resource":${JSON.stringify(event.resource)},` +
  `"resourceId":${JSON.stringify(event.resourceId)},"resourceKey":${JSON.stringify(event.resourceKey)},` +
  structured('revertPatch', event.revertPatch) +
  `"tenantId":${JSON.stringify(event.tenantId)},"tenantKey":${JSON.stringify(event.tenantKey)},` +
  `"type":${JSON.stringify(event.type)}}`;

/** What the chain holds fast of an event: the hash of its content. */
export const digestOf = (content: string | Uint8Array): string => hash('sha256', content);

/** How an event hangs on the one before it. The database's audit_append computes the same. */
export const chainHash = (previous: string, seq: bigint | number, digest: string): string =>
  hash('sha256', `${previous}:${seq}:${digest}`);

/** What the first event of a chain hangs on. */
export const chainStart = '0'.repeat(64);
