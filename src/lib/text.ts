/** Returns the form in which names are compared: compatibility-normalised and without case. */
export const fold = (name: string): string => name.normalize('NFKC').toLowerCase().normalize('NFKC');

/** Escapes a text as a LIKE pattern that matches only itself. */
export const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

/** Compares by UTF-8 bytes, like PostgreSQL's collation "C". */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  // UTF-16 and UTF-8 order differ only where surrogates meet U+E000 and above.
  return /[\ud800-\uffff]/.test(a) || /[\ud800-\uffff]/.test(b)
    ? Buffer.compare(Buffer.from(a), Buffer.from(b))
    : a < b
      ? -1
      : 1;
}

export const upperFirst = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
export const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** Replaces NUL, which PostgreSQL's text type cannot store. A name with NUL matches no stored name. */
export const storable = (text: string): string => text.replaceAll('\u0000', '\ufffd').toWellFormed();
