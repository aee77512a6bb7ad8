import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { ResourceName } from '../access/catalog.ts';
import type { Json } from '../lib/json.ts';

export const auditTypes = [
  'CREATE',
  'READ',
  'UPDATE',
  'DELETE',
  'LOGIN',
  'LOGOUT',
  'LOGIN_FAILURE',
  'ACCOUNT_LOCKED',
  'IMPERSONATE',
] as const;
export type AuditType = (typeof auditTypes)[number];
export const auditOutcomes = ['SUCCESS', 'DENIED', 'ERROR'] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

/** Action name in events: GROUP and add-member result in group.add-member. */
export const actionName = (resource: ResourceName, verb: string): string =>
  `${resource.toLowerCase().replaceAll('_', '-')}.${verb.toLowerCase()}`;

/** The record of one change, refusal or sign-in. The chain adds seq and hashes. An empty text means none. */
export interface AuditDraft {
  readonly id: string;
  /** Chain of the event: a tenant ID, or '' for the instance. */
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
  /** The policy that refused the request. */
  readonly policy?: string;
  readonly reason?: string;
  readonly patch?: Json;
  readonly revertPatch?: Json;
  /** The patch as text, for search. */
  readonly patchText: string;
  readonly details?: Json;
}

/** Content that the digest covers, from a draft or from its stored row. */
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
const structured = (name: string, value: unknown): string => (value == null ? '' : `"${name}":${canonicalize(value)},`);

/**
 * Returns the content of an event without its place in the chain, as canonical JSON (RFC 8785), without null. Each field
 * is written explicitly, because verification of a chain reads millions of events.
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

/** Hash of an event's content, which the chain stores. */
export const digestOf = (content: string | Uint8Array): string => hash('sha256', content);

/** Hash that links an event to the previous one. The database function audit_append computes the same. */
export const chainHash = (previous: string, seq: bigint | number, digest: string): string =>
  hash('sha256', `${previous}:${seq}:${digest}`);

/** Previous hash of the first event of a chain. */
export const chainStart = '0'.repeat(64);
