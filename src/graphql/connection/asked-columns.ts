import {
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  getNamedType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';

declare global {
  export namespace PothosSchemaTypes {
    interface ObjectFieldOptions<Types extends SchemaTypes, ParentShape, Type, Nullable, Args, ResolveReturnShape> {
      /** Columns of the parent's row that the resolver reads. Without it, a list reads all columns for this field. */
      columns?: readonly string[] | undefined;
    }
  }
}
type SchemaTypes = import('@pothos/core').SchemaTypes;

type Selected = Pick<GraphQLResolveInfo, 'fragments'>;
const known = new WeakMap<FieldNode, readonly string[] | null>();

/**
 * Columns of the rows that a field of the document needs: those that the selected fields read. Undefined if a field does
 * not say what it reads.
 * @param path fields from this one to the rows, such as `nodes` and `edges.node`. Empty if the field returns the row.
 */
export function askedColumns(
  { fieldNodes, fragments, returnType }: GraphQLResolveInfo,
  paths: readonly (readonly string[])[] = [[]],
): readonly string[] | undefined {
  const [first] = fieldNodes;
  const cached = fieldNodes.length === 1 ? known.get(first!) : undefined;
  if (cached !== undefined) return cached ?? undefined;
  const columns = new Set<string>();
  const type = getNamedType(returnType);
  let isKnown = isObjectType(type);
  for (const path of paths)
    for (const { selectionSet } of fieldNodes)
      if (isKnown && selectionSet)
        isKnown = collect(selectionSet, type as GraphQLObjectType, path, { fragments }, columns);
  const list = isKnown ? [...columns].sort() : null;
  if (fieldNodes.length === 1) known.set(first!, list);
  return list ?? undefined;
}

/** True if the selection has another field than these, whether or not its directives include it. */
export function selectsMoreThan(names: ReadonlySet<string>, { fieldNodes, fragments }: GraphQLResolveInfo): boolean {
  const has = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if (selection.kind === Kind.FIELD) return !names.has(selection.name.value);
      if (selection.kind === Kind.INLINE_FRAGMENT) return has(selection.selectionSet);
      const fragment = fragments[selection.name.value];
      return fragment !== undefined && has(fragment.selectionSet);
    });
  return fieldNodes.some(({ selectionSet }) => selectionSet !== undefined && has(selectionSet));
}

/** Adds the columns of a selection. @returns false if they are not known. */
function collect(
  { selections }: SelectionSetNode,
  type: GraphQLObjectType,
  path: readonly string[],
  selected: Selected,
  columns: Set<string>,
): boolean {
  const [step, ...rest] = path;
  return selections.every((selection) => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return collect(selection.selectionSet, type, path, selected, columns);
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const fragment = selected.fragments[selection.name.value];
      return fragment !== undefined && collect(fragment.selectionSet, type, path, selected, columns);
    }
    const name = selection.name.value;
    const field = type.getFields()[name];
    if (step !== undefined) {
      const inner = field && name === step ? getNamedType(field.type) : undefined;
      if (!isObjectType(inner) || !selection.selectionSet) return true;
      return collect(selection.selectionSet, inner, rest, selected, columns);
    }
    // A fragment on another type of an interface does not apply.
    if (name === '__typename' || !field) return true;
    const own = columnsOfField(name, field.extensions);
    for (const column of own ?? []) columns.add(column);
    return own !== undefined;
  });
}

function columnsOfField(
  name: string,
  { columns, pothosExposedField: exposed }: { columns?: readonly string[]; pothosExposedField?: string },
): readonly string[] | undefined {
  if (columns) return columns;
  if (exposed !== undefined) return [exposed];
  return name === 'id' ? ['id'] : undefined;
}

/**
 * Names of the properties that functions of a row read. Undefined if one needs more than the row.
 */
export function columnsRead(...functions: readonly ((row: never) => unknown)[]): readonly string[] | undefined {
  const names = new Set<string>();
  const row = new Proxy(
    {},
    {
      get(_row, name) {
        if (typeof name === 'string') names.add(name);
        return '';
      },
      ownKeys() {
        throw new Error('All columns are read.');
      },
    },
  );
  try {
    for (const read of functions) {
      const result = read(row as never);
      if (!(result instanceof Promise)) continue;
      result.catch(() => undefined);
      return undefined;
    }
  } catch {
    return undefined;
  }
  return [...names];
}
