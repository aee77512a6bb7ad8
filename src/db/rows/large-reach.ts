import { remember } from '../../lib/remember.ts';
import { type Condition, subtreesOf } from './condition.ts';
import type { Row } from './rows.ts';
import type { Selection } from './select.ts';

/** Rows that a page reads for each one that it shows, before the database compares the names after all. */
const spare = 4;

interface LargeReach {
  readonly size: number;
  readonly others: readonly Condition[];
  readonly covers: (row: Row) => boolean;
}
const known = new WeakMap<Condition, { readonly large: LargeReach | undefined }>();

/** The reach, if it consists of more namespaces than this. */
function largeReachOf(condition: Condition, many: number): LargeReach | undefined {
  const { large } = remember(known, condition, () => ({ large: compile(condition) }));
  return large && large.size > many ? large : undefined;
}

function compile(condition: Condition): LargeReach | undefined {
  const subtrees = subtreesOf(condition, 'namespace');
  if (!subtrees) return undefined;
  const roots = new Set(subtrees.roots);
  const exact = new Set(subtrees.exact);
  const isBelow = (namespace: string): boolean => {
    for (let end = namespace.length; end > 0; end = namespace.lastIndexOf('.', end - 1))
      if (roots.has(namespace.slice(0, end))) return true;
    return false;
  };
  const covers = ({ namespace }: Row) => typeof namespace === 'string' && (exact.has(namespace) || isBelow(namespace));
  return { size: roots.size + exact.size, others: subtrees.others, covers };
}

const withNamespace = (columns: Selection['columns']): Selection['columns'] =>
  columns && [...new Set([...columns, 'namespace'])];

/** Reads few rows and compares their namespaces here; undefined if the names are few enough for the database. */
export async function readByNames(
  selection: Selection,
  many: number,
  read: (selection: Selection) => Promise<Row[]>,
): Promise<Row[] | undefined> {
  const large = largeReachOf(selection.where, many);
  if (!large) return undefined;
  const { columns } = selection;
  const found = await read({ ...selection, where: { AND: large.others }, columns: withNamespace(columns) });
  return found.filter(large.covers);
}

/** Reads a page in the same way; undefined also if most of the next rows are out of reach. */
export async function readPage(
  selection: Selection,
  many: number,
  read: (selection: Selection) => Promise<Row[]>,
): Promise<Row[] | undefined> {
  const { reach, where, columns, take } = selection;
  const large = reach && take !== undefined && largeReachOf(reach, many);
  if (!large) return undefined;
  const near = take * spare;
  const found = await read({
    ...selection,
    reach: undefined,
    where: { AND: [...large.others, where] },
    columns: withNamespace(columns),
    take: near,
  });
  const within = found.filter(large.covers);
  return within.length >= take || found.length < near ? within.slice(0, take) : undefined;
}
