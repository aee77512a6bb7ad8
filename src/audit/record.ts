import { type ResourceName, split } from '../access/catalog.ts';
import type { Doer, Grant, Row, SignedInBy } from '../access/grant.ts';
import { notePending, pendingIn } from '../access/pending.ts';
import { isInstanceWide, linksOf, resourceDefinition } from '../access/resource.ts';
import { raiseRevision } from '../access/revision.ts';
import { wakeFollowers } from '../db/change-source.ts';
import type { LastStatement } from '../db/open-transaction.ts';
import { beforeCommit, type Tx, wakeAfterCommit } from '../db/transaction.ts';
import { newId } from '../lib/ids.ts';
import type { Json } from '../lib/json.ts';
import { auditedPart, patchesOf } from './diff.ts';
import { type AuditDraft, type AuditType, actionName, contentOf, digestOf } from './event.ts';
import { unwritable } from './unwritable.ts';

/** Topic of Wake for new events in this chain. */
export const auditTopic = (tenantId: string): string => `audit:${tenantId}`;

/**
 * Adds an event to the transaction. Events are written last before COMMIT, so that locks of chains are held only
 * briefly.
 */
export function append(
  tx: Tx,
  { callerRequestId, session, ...rest }: AuditDraft & { callerRequestId?: string; session?: SignedInBy },
): void {
  // Kept in addition to the gateway's own ID: a caller's ID in its place could add foreign events to a group.
  const more = {
    ...(session && { session: { ...session } }),
    ...(callerRequestId !== undefined && { callerRequestId }),
  };
  const draft = Object.keys(more).length === 0 ? rest : { ...rest, details: { ...(rest.details as object), ...more } };
  if (notePending(tx, draft)) beforeCommit(tx, 'appendAudit', () => flush(tx));
}

/** Returns the events of the transaction so far, for the response of a dry run. */
export const recordedIn = (tx: Tx): readonly AuditDraft[] => pendingIn(tx) as readonly AuditDraft[];

async function flush(tx: Tx): Promise<LastStatement[]> {
  // All events of a transaction have the same time, so that a past state never contains half of it. Changes of access
  // already hold the lock of the revision, so the order of their times is their commit order.
  const at = new Date().toISOString();
  const drafts = recordedIn(tx).map((draft) => ({ ...draft, at }));
  const chains = Map.groupBy(drafts, (draft) => draft.tenantId);
  // Sorted, so that two transactions with the same chains cannot deadlock.
  return [...chains.keys()].sort().map((tenantId) => {
    const events = chains.get(tenantId)!.map((draft) => ({ ...draft, digest: digestOf(contentOf(draft)) }));
    wakeAfterCommit(tx, auditTopic(tenantId));
    return {
      text: 'SELECT audit_append($1, $2::jsonb)',
      values: [tenantId, JSON.stringify(events)],
      isKept: true,
      failure: unwritable,
    };
  });
}

export interface Recording {
  /** Resource of the changed row. Defaults to the resource of the grant. */
  readonly resource?: ResourceName;
  readonly before: Row | null;
  readonly after: Row | null;
  /** Tenant of the chain. `key` is its public name. */
  readonly tenant: { readonly id: string; readonly key: string } | null;
  /** The verb, if it is not create, update or delete. */
  readonly verb?: string;
  /** Display name of the row, if the key of the definition needs more than the row. */
  readonly key?: string;
  /** Fields to record, if the row is a part of the resource (such as a member of a group). */
  readonly audited?: readonly string[];
  readonly details?: Json;
}

/**
 * Records a changed object in the transaction of its change. Without a difference, it records no event. It raises the
 * revision of access if the resource affects access.
 */
export function record(
  tx: Tx,
  grant: Grant,
  { resource, before, after, tenant, verb, key, audited, details }: Recording,
): void {
  const name = resource ?? split(grant.permission)[0];
  const definition = resourceDefinition(name);
  if (!definition) throw new Error(`${name} has no definition.`);
  const written = audited ? { audited } : definition;
  const patches = patchesOf(auditedPart(written, before), auditedPart(written, after));
  if (!patches && details === undefined) return;
  if (definition.feedsAccess) raiseRevision(tx);
  if (definition.live) wakeFollowers(tx, definition.model!, isInstanceWide(name) ? '' : tenant!.id);
  const row = (after ?? before)!;
  // Adding or removing a part updates the resource that contains it.
  const type: AuditType = audited ? 'UPDATE' : before === null ? 'CREATE' : after === null ? 'DELETE' : 'UPDATE';
  const notes = grant.notesOn(name, { before, after });
  const ids = linksOf(definition, row);
  const extra = {
    ...(notes.length > 0 && { notes: [...notes] }),
    ...(details as object | undefined),
    ...(ids && { ids }),
  };
  append(tx, {
    ...envelope(grant.doer),
    tenantId: tenant?.id ?? '',
    tenantKey: tenant?.key ?? '',
    type,
    action: actionName(name, verb ?? type),
    outcome: 'SUCCESS',
    resource: name,
    resourceId: String(row['id']),
    resourceKey: key ?? definition.key(row),
    namespace: typeof row['namespace'] === 'string' ? row['namespace'] : '',
    decisionId: grant.decisionId,
    ...patches,
    patchText: patches ? JSON.stringify(patches.patch) : '',
    ...(Object.keys(extra).length > 0 && { details: extra as Json }),
  });
}

/** Fields of an event about its actor, time and origin. */
export function envelope(doer: Doer) {
  return {
    id: newId(),
    at: new Date().toISOString(),
    actorKind: doer.kind,
    actorId: doer.id,
    actorName: doer.name,
    impersonatorId: doer.impersonator?.id ?? '',
    impersonatorName: doer.impersonator?.name ?? '',
    requestId: doer.requestId,
    ...(doer.callerRequestId !== undefined && { callerRequestId: doer.callerRequestId }),
    ...(doer.session && { session: doer.session }),
    ...(doer.ip !== undefined && { ip: doer.ip }),
    ...(doer.reason !== undefined && { reason: doer.reason }),
  };
}
