import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Longer documents are not cached, so that callers who are not signed in cannot fill the memory. */
const maxText = 16_384;
const maxCount = 1_000;

/** Caches parsed documents by their text. */
export function createDocumentCache() {
  const known = new LRUCache<string, DocumentNode>({ max: maxCount });
  return {
    get: (text: string): DocumentNode | undefined => known.get(text),
    set(text: string, document: DocumentNode): void {
      if (text.length <= maxText) known.set(text, document);
    },
  };
}

/** Caches no errors: a document that does not parse is not worth the memory. */
export const noErrorCache = { get: () => undefined, set: () => undefined };
