import type { Permission, ResourceName } from '../access/catalog.ts';
import type { Grant, Row } from '../access/grant.ts';
import { resourceDefinition } from '../access/resource.ts';
import type { TenantRef } from '../access/tenant-ref.ts';
import type { AuditEvent } from '../db/generated/client.ts';
import type { Tx } from '../db/transaction.ts';
import { conflict } from '../errors.ts';
import { canonicalJson } from '../lib/json.ts';
import { auditedPart, patched } from './diff.ts';

/** A change that is to be undone. */
export interface Change {
  readonly event: AuditEvent;
  readonly tenant: TenantRef | null;
  /** The object's id. */
  readonly id: string;
  /** What was written down of the object before the change. */
  readonly before: Row | null;
  /** Ids of other rows that the event tells. */
  readonly ids: Readonly<Record<string, string>>;
}

/** How one kind of change is undone: by the same service that people would call, with its own permission and rules. */
export interface Undo<P extends Permission = Permission> {
  readonly permission: P;
  /** Decided as of a part of the object. */
  readonly part?: 'members';
  run(tx: Tx, grant: Grant<P>, change: Change): Promise<unknown>;
}

const undos = new Map<string, Undo>();

/** @param action as events name it, such as group.update. */
export function defineUndo<P extends Permission>(action: string, undo: Undo<P>): void {
  undos.set(action, undo as unknown as Undo);
}
export const undoOf = (action: string): Undo | undefined => undos.get(action);
export const undoableActions = (): readonly string[] => [...undos.keys()].sort();

/**
 * What an object was before its update, as of now: what else was changed since stays as it is.
 * @param row the object as it is now.
 * @returns the fields that the update changed, as they were.
 * @throws CONFLICT where any of them was changed again.
 */
export function fieldsBefore({ event }: Change, row: Row): Row {
  const now = auditedPart(resourceDefinition(event.resource as ResourceName)!, row) as Row;
  const before = patched(now, event.revertPatch) as Row | undefined;
  const again = before && patched(before, event.patch);
  if (!before || canonicalJson(again) !== canonicalJson(now))
    throw conflict('The object changed again since, so this change cannot be undone alone.');
  return Object.fromEntries(
    Object.entries(before).filter(([field, value]) => canonicalJson(value) !== canonicalJson(now[field])),
  );
}

/** @throws CONFLICT where something happened to the object after this change. */
export async function assertNewest(tx: Tx, { event }: Change): Promise<void> {
  const { tenantId, resource, resourceId, seq } = event;
  const later = await tx.auditEvent.findFirst({
    where: { tenantId, resource, resourceId, seq: { gt: seq }, outcome: 'SUCCESS', type: { not: 'READ' } },
    select: { id: true },
  });
  if (later) throw conflict('The object changed since. Undo the later change first.');
}

/** What the event tells of the object before the change; null where it came into being by it. */
export const stateBefore = ({ revertPatch }: AuditEvent): Row | null => {
  const [step] = (revertPatch ?? []) as { op: string; path: string; value?: Row }[];
  return step?.path === '' ? (step.value ?? null) : null;
};
