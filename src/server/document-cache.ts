import type { DocumentNode } from 'graphql';

/** Texts longer than this are parsed each time: what is remembered of strangers stays within bounds. */
const maxText = 16_384;
const maxCount = 1_000;

/** Parsed documents by their text, the least recently used forgotten first. */
export function createDocumentCache() {
  const known = new Map<string, DocumentNode>();
  return {
    get(text: string): DocumentNode | undefined {
      const document = known.get(text);
      if (!document) return undefined;
      known.delete(text);
      known.set(text, document);
      return document;
    },
    set(text: string, document: DocumentNode): void {
      if (text.length > maxText) return;
      if (known.size >= maxCount) known.delete(known.keys().next().value!);
      known.set(text, document);
    },
  };
}

/** Remembers no fault: a text that does not parse is not worth keeping. */
export const noErrorCache = { get: () => undefined, set: () => undefined };
