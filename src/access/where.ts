/**
 * A portable filter: the subset of Prisma's `where` that means the same in SQL and in memory. It has equality (also
 * null), `in`, and ranges over non-null columns, joined by AND and a non-empty OR.
 */
export type Scalar = string | number | bigint | boolean | Date;
export interface Comparison {
  readonly equals?: Scalar | null;
  readonly in?: readonly Scalar[];
  readonly lt?: Scalar;
  readonly lte?: Scalar;
  readonly gt?: Scalar;
  readonly gte?: Scalar;
}
export interface Where {
  readonly AND?: readonly Where[];
  readonly OR?: readonly Where[];
  readonly [field: string]: Scalar | null | Comparison | readonly Where[] | undefined;
}

/** Every row: the same object for each reader, so that their rows load together. */
export const everyRow: Where = {};

/** Rows in a namespace and below it. `/` is the character after `.`. */
export const within = (namespace: string, field = 'namespace'): Where => ({
  OR: [{ [field]: namespace }, { [field]: { gte: `${namespace}.`, lt: `${namespace}/` } }],
});

/** Rows that `within` does not match, without a negation. */
export const outside = (namespace: string, field = 'namespace'): Where => ({
  OR: [
    { [field]: { lt: namespace } },
    { AND: [{ [field]: { gt: namespace } }, { [field]: { lt: `${namespace}.` } }] },
    { [field]: { gte: `${namespace}/` } },
  ],
});

export const covers = (ancestor: string, namespace: string): boolean =>
  ancestor === '' || namespace === ancestor || namespace.startsWith(`${ancestor}.`);

/** company.team.x → company, company.team */
export const ancestorsOf = (namespace: string): string[] => {
  const parts = namespace.split('.');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('.'));
};

/** True if the namespace or one of its ancestors is in the set. */
export const isUnder = (roots: ReadonlySet<string>, namespace: string): boolean =>
  roots.has(namespace) || ancestorsOf(namespace).some((ancestor) => roots.has(ancestor));

const fields = new WeakMap<Where, ReadonlySet<string>>();

/** The fields in a filter. */
export function fieldsOf(where: Where): ReadonlySet<string> {
  let known = fields.get(where);
  if (!known) {
    known = new Set(
      Object.entries(where).flatMap(([key, value]) =>
        key === 'AND' || key === 'OR' ? (value as Where[]).flatMap((part) => [...fieldsOf(part)]) : [key],
      ),
    );
    fields.set(where, known);
  }
  return known;
}

export const allOf = (filters: readonly Where[]): Where => (filters.length === 1 ? filters[0]! : { AND: filters });
export const anyOf = (filters: readonly Where[]): Where => {
  if (filters.length === 0)
    throw new TypeError('anyOf requires at least one filter: readers disagree about an empty OR');
  return filters.length === 1 ? filters[0]! : { OR: filters };
};
