import { readFileSync } from 'node:fs';

/** The first character that PostgreSQL cannot hold: NUL, or half a surrogate pair. */
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

/** A file that is not text in UTF-8. */
export class NotUtf8 extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Text of bytes in UTF-8. @throws NotUtf8 for any other, such as Latin-1: its letters would be lost. */
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

/** Where decoding goes wrong: what is whole before it comes back byte for byte. */
function firstInvalid(bytes: Buffer): number {
  const lossy = Buffer.from(bytes.toString('utf8'));
  let at = 0;
  while (at < bytes.length && bytes[at] === lossy[at]) at += 1;
  // The replacement character can begin with the byte that is wrong.
  return Math.min(at, bytes.length - 1);
}

/** Reads a text file. @throws NotUtf8, and what reading throws. */
export const readTextFile = (path: string): string => textOf(readFileSync(path));
