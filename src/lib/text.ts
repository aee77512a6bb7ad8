/** The form in which names are compared: compatibility-normalised and without case. */
export const fold = (name: string): string => name.normalize('NFKC').toLowerCase().normalize('NFKC');

/** Text as a LIKE pattern that matches itself only. */
export const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

/** Order of bytes in UTF-8, as PostgreSQL's collation "C" has it. */
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

/** PostgreSQL's text holds everything but NUL; who sends one means nobody we know. */
export const storable = (text: string): string => text.replaceAll('\u0000', '\ufffd').toWellFormed();
