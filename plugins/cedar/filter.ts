import { outside, type Where, within } from '../../src/policy/contract.ts';

/** Rows: all, none, or those of a portable filter. */
export type Filter = boolean | Where;

/**
 * Rows for which a Cedar expression is true, and those for which it is false. For all others it is an error: a permit
 * does not apply to them, and a forbid possibly does. `sure` is true if there are no such rows.
 */
export interface Reading {
  readonly yes: Filter;
  readonly no: Filter;
  readonly sure: boolean;
}

const parts = (filters: readonly Filter[], key: 'AND' | 'OR'): Where[] =>
  filters.flatMap((one) => {
    if (typeof one === 'boolean') return [];
    const inner = Object.keys(one).length === 1 ? one[key] : undefined;
    return inner ? [...inner] : [one];
  });

export function and(...filters: readonly Filter[]): Filter {
  if (filters.includes(false)) return false;
  const all = parts(filters, 'AND');
  return all.length === 0 ? true : all.length === 1 ? all[0]! : { AND: all };
}

export function or(...filters: readonly Filter[]): Filter {
  if (filters.includes(true)) return true;
  const any = parts(filters, 'OR');
  return any.length === 0 ? false : any.length === 1 ? any[0]! : { OR: any };
}

export const fixed = (yes: boolean): Reading => ({ yes, no: !yes, sure: true });
export const failed: Reading = { yes: false, no: false, sure: false };

export const not = ({ yes, no, sure }: Reading): Reading => ({ yes: no, no: yes, sure });

/** As Cedar evaluates &&: the right side counts only if the left one is true. */
export const both = (a: Reading, b: Reading): Reading => ({
  yes: and(a.yes, b.yes),
  no: or(a.no, a.sure ? b.no : and(a.yes, b.no)),
  sure: (a.sure && b.sure) || a.no === true,
});

export const either = (a: Reading, b: Reading): Reading => not(both(not(a), not(b)));

export const choice = (test: Reading, then: Reading, other: Reading): Reading => ({
  yes: or(and(test.yes, then.yes), and(test.no, other.yes)),
  no: or(and(test.yes, then.no), and(test.no, other.no)),
  sure: test.sure && then.sure && other.sure,
});

/** Text that the database supports: no row has any other. */
const storable = (text: string) => !text.includes('\u0000') && text.isWellFormed();

const differs = (column: string, text: string): Filter => ({
  OR: [{ [column]: { lt: text } }, { [column]: { gt: text } }],
});

export function oneOf(column: string, texts: readonly string[]): Reading {
  const known = texts.filter(storable);
  if (known.length === 0) return fixed(false);
  const yes: Where = known.length === 1 ? { [column]: known[0]! } : { [column]: { in: known } };
  return { yes, no: and(...known.map((text) => differs(column, text))), sure: true };
}

/** The smallest text after all texts with this prefix, in the order of code points, which is that of UTF-8 bytes. */
export function behind(prefix: string): string | undefined {
  const points = [...prefix];
  while (points.length > 0) {
    const point = points.pop()!.codePointAt(0)!;
    if (point < 0x10ffff) return points.join('') + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1);
  }
  return undefined;
}

export function beginning(column: string, prefix: string): Reading {
  if (prefix === '') return fixed(true);
  if (!storable(prefix)) return fixed(false);
  const end = behind(prefix);
  const before = { [column]: { lt: prefix } };
  return end === undefined
    ? { yes: { [column]: { gte: prefix } }, no: before, sure: true }
    : { yes: { [column]: { gte: prefix, lt: end } }, no: or(before, { [column]: { gte: end } }), sure: true };
}

export const inSubtree = (namespace: string): Reading => ({
  yes: within(namespace),
  no: outside(namespace),
  sure: true,
});
