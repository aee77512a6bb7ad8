/** A value in the details of an event that a filter names as KEY:VALUE. */
export interface Detail {
  readonly path: readonly string[];
  readonly value: string;
}

export const maxDetails = 10;
export const detailRule = 'Not KEY:VALUE, such as cause:SIGN_OUT.';

// A segment that is a number would be a place in a list.
const detail = /^([A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)*):(.*)$/s;

/** Parses KEY:VALUE. Returns undefined for any other text. */
export function detailOf(text: string): Detail | undefined {
  const [, key, value] = detail.exec(text) ?? [];
  return key === undefined || value === undefined ? undefined : { path: key.split('.'), value };
}
