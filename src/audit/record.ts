import { type ResourceName, split } from '../access/catalog.ts';
import type { Doer, Grant, Row } from '../access/grant.ts';
import { notePending } from '../access/pending.ts';
import { isInstanceWide, linksOf, resourceDefinition } from '../access/resource.ts';
import { raiseRevision } from '../access/revision.ts';
import { wakeFollowers } from '../db/change-source.ts';
import { beforeCommit, type Tx, wakeAfterCommit } from '../db/transaction.ts';
import { newId } from '../lib/ids.ts';
import type { Json } from '../lib/json.ts';
import { auditedPart, patchesOf } from './diff.ts';
import { type AuditDraft, type AuditType, actionName, contentOf, digestOf } from './event.ts';
import { written } from './unwritable.ts';

/** The topic of Wake that says: this chain grew. */
export const auditTopic = (tenantId: string): string => `audit:${tenantId}`;

interface Pending {
  readonly drafts: AuditDraft[];
}
const pending = new WeakMap<Tx, Pending>();

/** Adds an event to the transaction. It is written last before COMMIT, so that chains are held for a moment only. */
export function append(tx: Tx, { callerRequestId, ...rest }: AuditDraft & { callerRequestId?: string }): void {
  // Beside our own id, which it must not take the place of: it would put foreign events into one group.
  const draft =
    callerRequestId === undefined ? rest : { ...rest, details: { ...(rest.details as object), callerRequestId } };
  let own = pending.get(tx);
  if (!own) {
    own = { drafts: [] };
    pending.set(tx, own);
    beforeCommit(tx, '9-audit', () => flush(tx));
  }
  own.drafts.push(draft);
  notePending(tx, draft);
}

/** What was recorded in the transaction so far: a dry run answers with it. */
export const recordedIn = (tx: Tx): readonly AuditDraft[] => pending.get(tx)?.drafts ?? [];

async function flush(tx: Tx): Promise<void> {
  // One instant for all of a transaction, so that no look back falls into its middle. Those that feed access hold the
  // lock of the revision by now: their order in time is that of their commits.
  const at = new Date().toISOString();
  const drafts = (pending.get(tx)?.drafts ?? []).map((draft) => ({ ...draft, at }));
  const chains = Map.groupBy(drafts, (draft) => draft.tenantId);
  // Always in the same order: two transactions that write to the same chains never wait for each other in a circle.
  for (const tenantId of [...chains.keys()].sort()) {
    const events = chains.get(tenantId)!.map((draft) => ({ ...draft, digest: digestOf(contentOf(draft)) }));
    await written(tx.$queryRaw`SELECT audit_append(${tenantId}, ${JSON.stringify(events)}::jsonb)`);
    wakeAfterCommit(tx, auditTopic(tenantId));
  }
}

export interface Recording {
  /** The resource of the changed row; the grant's own where it is left out. */
  readonly resource?: ResourceName;
  readonly before: Row | null;
  readonly after: Row | null;
  /** The chain. tenantKey is what people call it. */
  readonly tenant: { readonly id: string; readonly key: string } | null;
  /** The verb, where create, update or delete does not say it. */
  readonly verb?: string;
  /** For people: what the row is called, where the definition's own key needs more than the row. */
  readonly key?: string;
  /** The fields to write down, where the row is a part of the resource (a member of a group). */
  readonly audited?: readonly string[];
  readonly details?: Json;
}

/**
 * Writes down one changed object in the transaction of its change. No change, no event.
 * Raises the revision of access where the resource feeds it.
 */
export function record(
  tx: Tx,
  grant: Grant,
  { resource, before, after, tenant, verb, key, audited, details }: Recording,
): void {
  const name = resource ?? split(grant.permission)[0];
  const definition = resourceDefinition(name);
  if (!definition) throw new Error(`${name} has no definition`);
  const written = audited ? { audited } : definition;
  const patches = patchesOf(auditedPart(written, before), auditedPart(written, after));
  if (!patches && details === undefined) return;
  if (definition.feedsAccess) raiseRevision(tx);
  if (definition.live) wakeFollowers(tx, definition.model!, isInstanceWide(name) ? '' : tenant!.id);
  const row = (after ?? before)!;
  // A part that comes or goes changes the resource that it is a part of.
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

/** The part of an event that tells who, when and from where. */
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
    ...(doer.ip !== undefined && { ip: doer.ip }),
    ...(doer.reason !== undefined && { reason: doer.reason }),
  };
}
