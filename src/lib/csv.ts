/**
 * A cell by RFC 4180. A value that a spreadsheet would read as a formula is prefixed by an apostrophe, as OWASP advises.
 * A line break becomes \n: a row is one line.
 */
function cell(value: unknown): string {
  if (value == null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const plain = (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll(/\r\n|\r|\n/g, '\\n');
  return /[",]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** A line of CSV. */
export const csvRow = (values: readonly unknown[]): string => `${values.map(cell).join(',')}\r\n`;
