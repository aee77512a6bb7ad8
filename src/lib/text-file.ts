import { readFileSync } from 'node:fs';

/** Returns the first character that PostgreSQL cannot store: NUL, or half of a surrogate pair. */
export function unstorableAt(
  text: string,
): { readonly line: number; readonly column: number; name: string } | undefined {
  if (!text.includes('\u0000') && text.isWellFormed()) return undefined;
  let [line, column] = [1, 0];
  for (const character of text) {
    column += 1;
    const code = character.codePointAt(0)!;
    if (code === 0 || (code >= 0xd800 && code <= 0xdfff))
      return { line, column, name: `U+${code.toString(16).toUpperCase().padStart(4, '0')}` };
    if (character === '\n') [line, column] = [line + 1, 0];
  }
  return undefined;
}

/** Reports a file that is not UTF-8 text. */
export class NotUtf8 extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Decodes UTF-8. @throws NotUtf8 for other encodings, such as Latin-1, whose letters would be lost. */
export function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const at = firstInvalid(bytes);
    const line = 1 + bytes.subarray(0, at).filter((byte) => byte === 0x0a).length;
    const byte = `0x${bytes[at]!.toString(16).toUpperCase().padStart(2, '0')}`;
    throw new NotUtf8(line, `This is not UTF-8: the byte ${byte} at offset ${at}. Save the file as UTF-8.`);
  }
}

/** Returns the offset of the first invalid byte: valid bytes before it are the same after decoding and encoding. */
function firstInvalid(bytes: Buffer): number {
  const lossy = Buffer.from(bytes.toString('utf8'));
  let at = 0;
  while (at < bytes.length && bytes[at] === lossy[at]) at += 1;
  // The first byte of the replacement character can equal the invalid byte.
  return Math.min(at, bytes.length - 1);
}

/** Reads a text file. @throws NotUtf8, and errors of the read. */
export const readTextFile = (path: string): string => textOf(readFileSync(path));
