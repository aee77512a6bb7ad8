import { type DocumentNode, Kind, type SelectionSetNode } from 'graphql';

/** Returns true if the operation requests the schema, including in fragments. */
export function introspects(document: DocumentNode, set: SelectionSetNode, seen = new Set<string>()): boolean {
  return set.selections.some((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === '__schema' || selection.name.value === '__type';
    if (selection.kind === Kind.INLINE_FRAGMENT) return introspects(document, selection.selectionSet, seen);
    const name = selection.name.value;
    // Each fragment needs to be searched only once.
    if (seen.has(name)) return false;
    seen.add(name);
    return document.definitions.some(
      (node) =>
        node.kind === Kind.FRAGMENT_DEFINITION &&
        node.name.value === name &&
        introspects(document, node.selectionSet, seen),
    );
  });
}
