import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Texts longer than this are parsed each time: what is remembered of strangers stays within bounds. */
const maxText = 16_384;
const maxCount = 1_000;

/** Parsed documents by their text. */
export function createDocumentCache() {
  const known = new LRUCache<string, DocumentNode>({ max: maxCount });
  return {
    get: (text: string): DocumentNode | undefined => known.get(text),
    set(text: string, document: DocumentNode): void {
      if (text.length <= maxText) known.set(text, document);
    },
  };
}

/** Remembers no fault: a text that does not parse is not worth keeping. */
export const noErrorCache = { get: () => undefined, set: () => undefined };
