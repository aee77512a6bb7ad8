import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { everyRow } from '../../../graphql/connection/reach.ts';
import { escapeLike, fold, storable } from '../../../lib/text.ts';
import { scimFault } from './fault.ts';
import type { Comparison, Filter, Operator, Value } from './filter.ts';

/** Returns the condition of a comparison. @throws BAD_INPUT with invalidFilter. */
export type Leaf = (comparison: Comparison) => Condition;
/** The attributes that a filter can use, by path in lower case. */
export type Leaves = Readonly<Record<string, Leaf>>;

/** Conditions that hold always and never. An empty one would vanish from an OR. */
const always: Condition = { NOT: { id: { in: [] } } };
const never: Condition = { id: { in: [] } };

const unsupported = ({ path, operator }: Comparison) =>
  scimFault('invalidFilter', `The attribute ${path} cannot be compared by ${operator}.`);

const likes: Partial<Record<Operator, string>> = { co: 'contains', sw: 'startsWith', ew: 'endsWith' };

/** Negates a condition on a column that can be null. */
const otherThan = (column: string, condition: Condition): Condition => ({
  OR: [{ [column]: null }, { NOT: condition }],
});

export interface TextColumn {
  readonly column: string;
  /** The column holds the normalized form of the text. */
  readonly isFolded?: boolean;
  /** Texts are compared with their case. */
  readonly caseExact?: boolean;
  readonly nullable?: boolean;
  /** Wraps the condition on the column, for a column of another table. */
  readonly of?: (condition: Condition) => Condition;
}

/** A text column. */
export function text({ column, isFolded, caseExact, nullable, of = (condition) => condition }: TextColumn): Leaf {
  return (comparison) => {
    const { operator, value } = comparison;
    const given = value === null ? null : storable(String(value));
    if (operator === 'pr' || (given === null && operator === 'ne'))
      return of(nullable ? { NOT: { [column]: null } } : always);
    if (given === null && operator === 'eq') return of(nullable ? { [column]: null } : never);
    const like = likes[operator];
    if (given === null || !(like || operator === 'eq' || operator === 'ne')) throw unsupported(comparison);
    const shown = isFolded ? fold(given) : given;
    const isExact = isFolded || caseExact;
    const pattern = like || !isExact ? escapeLike(shown) : shown;
    const one = { [column]: { [like ?? 'equals']: pattern, ...(!isExact && { mode: 'insensitive' }) } } as Condition;
    // Never unknown, so that its negation matches the other rows.
    const certain = (nullable ? { AND: [{ NOT: { [column]: null } }, one] } : one) as Condition;
    if (operator !== 'ne') return of(certain);
    return of(nullable ? otherThan(column, one) : { NOT: one });
  };
}

/** A time. */
export function time(column: string, of: (condition: Condition) => Condition = (condition) => condition): Leaf {
  const names: Partial<Record<Operator, string>> = { eq: 'equals', gt: 'gt', ge: 'gte', lt: 'lt', le: 'lte' };
  return (comparison) => {
    const { operator, value } = comparison;
    if (operator === 'pr') return always;
    const at = new Date(String(value));
    if (Number.isNaN(at.getTime())) throw scimFault('invalidFilter', `${value} is not a time.`);
    if (operator === 'ne') return of({ NOT: { [column]: at } });
    if (!names[operator]) throw unsupported(comparison);
    return of({ [column]: { [names[operator]]: at } });
  };
}

/** True or false for a text in any case too: Entra sends "False". Undefined for any other value. */
export function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
  return word === 'true' ? true : word === 'false' ? false : undefined;
}

/** A boolean that is true for the rows of this condition. */
export function boolean(holds: Condition): Leaf {
  return (comparison) => {
    const { operator, value } = comparison;
    if (operator === 'pr') return always;
    const wanted = booleanOf(value as Value);
    if (wanted === undefined || (operator !== 'eq' && operator !== 'ne')) throw unsupported(comparison);
    return wanted === (operator === 'eq') ? holds : { NOT: holds };
  };
}

/** An attribute with the same value in every row. */
export function constant(own: string): Leaf {
  return (comparison) => {
    const { operator, value } = comparison;
    if (operator === 'pr') return always;
    if (operator !== 'eq' && operator !== 'ne') throw unsupported(comparison);
    return (String(value).toLowerCase() === own) === (operator === 'eq') ? always : never;
  };
}

/** Translates a filter into the condition of a query. @throws BAD_INPUT with invalidFilter. */
export function conditionOf(filter: Filter | undefined, leaves: Leaves): Condition {
  if (!filter) return everyRow as Condition;
  switch (filter.kind) {
    case 'and':
      return { AND: filter.parts.map((part) => conditionOf(part, leaves)) };
    case 'or':
      return { OR: filter.parts.map((part) => conditionOf(part, leaves)) };
    case 'not':
      return { NOT: conditionOf(filter.part, leaves) };
    case 'compare': {
      if (!Object.hasOwn(leaves, filter.path))
        throw scimFault('invalidFilter', `A filter cannot use the attribute ${filter.path}.`);
      return leaves[filter.path]!(filter);
    }
  }
}
