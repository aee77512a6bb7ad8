import { createPatch } from 'rfc6902';
import type { Row } from '../access/grant.ts';
import type { ResourceDefinition } from '../access/resource.ts';
import { type Json, toJson } from '../lib/json.ts';

/** The part of a row that may be written down: what its resource names as audited, as JSON. */
export function auditedPart(definition: Pick<ResourceDefinition, 'audited'>, row: Row | null): Json {
  if (row === null) return null;
  return toJson(Object.fromEntries(definition.audited.filter((f) => row[f] !== undefined).map((f) => [f, row[f]])));
}

/** JSON Patch (RFC 6902) forward and back. Undefined where nothing that is written down differs. */
export function patchesOf(before: Json, after: Json): { patch: Json; revertPatch: Json } | undefined {
  const patch = createPatch(before, after);
  if (patch.length === 0) return undefined;
  return { patch: patch as unknown as Json, revertPatch: createPatch(after, before) as unknown as Json };
}
