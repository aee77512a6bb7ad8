import type { Permission, ResourceName } from '../access/catalog.ts';
import type { Grant, Row } from '../access/grant.ts';
import { resourceDefinition } from '../access/resource.ts';
import type { TenantRef } from '../access/tenant-ref.ts';
import type { AuditEvent } from '../db/generated/client.ts';
import type { Tx } from '../db/transaction.ts';
import { conflict } from '../errors.ts';
import { canonicalJson } from '../lib/json.ts';
import { auditedPart, patched } from './diff.ts';

/** A change to undo. */
export interface Change {
  readonly event: AuditEvent;
  readonly tenant: TenantRef | null;
  /** The object's id. */
  readonly id: string;
  /** The recorded state of the object before the change. */
  readonly before: Row | null;
  /** IDs of other rows in the event. */
  readonly ids: Readonly<Record<string, string>>;
}

/** Undoes one kind of change, through the service that callers use, with its permission and rules. */
export interface Undo<P extends Permission = Permission> {
  readonly permission: P;
  /** Set if the decision is about a part of the object. */
  readonly part?: 'members';
  run(tx: Tx, grant: Grant<P>, change: Change): Promise<unknown>;
}

const undos = new Map<string, Undo>();

/** @param action name in events, such as group.update. */
export function defineUndo<P extends Permission>(action: string, undo: Undo<P>): void {
  undos.set(action, undo as unknown as Undo);
}
export const undoOf = (action: string): Undo | undefined => undos.get(action);
export const undoableActions = (): readonly string[] => [...undos.keys()].sort();

/**
 * Returns the fields that an update changed, with their former values. Fields that other updates changed are
 * unaffected.
 * @param row the current object.
 * @throws CONFLICT if one of these fields was changed again.
 */
export function fieldsBefore({ event }: Change, row: Row): Row {
  const now = auditedPart(resourceDefinition(event.resource as ResourceName)!, row) as Row;
  const before = patched(now, event.revertPatch) as Row | undefined;
  const again = before && patched(before, event.patch);
  if (!before || canonicalJson(again) !== canonicalJson(now))
    throw conflict('The object was changed again, so this change cannot be undone alone.');
  return Object.fromEntries(
    Object.entries(before).filter(([field, value]) => canonicalJson(value) !== canonicalJson(now[field])),
  );
}

/** @throws CONFLICT if the object has a later event. */
export async function assertNewest(tx: Tx, { event }: Change): Promise<void> {
  const { tenantId, resource, resourceId, seq } = event;
  const later = await tx.auditEvent.findFirst({
    where: { tenantId, resource, resourceId, seq: { gt: seq }, outcome: 'SUCCESS', type: { not: 'READ' } },
    select: { id: true },
  });
  if (later) throw conflict('The object was changed later. Undo the later change first.');
}

/** Returns the object's state before the change, or null if the change created it. */
export const stateBefore = ({ revertPatch }: AuditEvent): Row | null => {
  const [step] = (revertPatch ?? []) as { op: string; path: string; value?: Row }[];
  return step?.path === '' ? (step.value ?? null) : null;
};
