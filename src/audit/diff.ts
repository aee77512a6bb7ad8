import { applyPatch, createPatch, type Operation } from 'rfc6902';
import type { RowsDefinition } from '../access/catalog/definition.ts';
import type { Row } from '../access/grant.ts';
import { type Json, toJson } from '../lib/json.ts';

/** The part of a row that is recorded, as JSON: the fields that its resource declares as audited. */
export function auditedPart(definition: Pick<RowsDefinition, 'audited'>, row: Row | null): Json {
  if (row === null) return null;
  return toJson(Object.fromEntries(definition.audited.filter((f) => row[f] !== undefined).map((f) => [f, row[f]])));
}

/** Returns the forward and the revert patch (JSON Patch, RFC 6902), or undefined if no recorded field differs. */
export function patchesOf(before: Json, after: Json): { patch: Json; revertPatch: Json } | undefined {
  const patch = createPatch(before, after);
  if (patch.length === 0) return undefined;
  return { patch: patch as unknown as Json, revertPatch: createPatch(after, before) as unknown as Json };
}

/** Returns the patched value, or undefined if the patch does not apply. The value itself is unchanged. */
export function patched(value: unknown, patch: unknown): unknown {
  const holder = { value: structuredClone(value) };
  const steps = (patch as Operation[]).map((step) => ({ ...step, path: `/value${step.path}` })) as Operation[];
  return applyPatch(holder, steps).some(Boolean) ? undefined : holder.value;
}
