import { remember } from '../../lib/remember.ts';
import { getDatamodel } from '../generated/pothos.ts';

export interface Column {
  readonly type: string;
  readonly nullable: boolean;
  readonly list: boolean;
}

/** A relation as seen from one of its sides: pairs of own and other columns that are equal. */
export interface Relation {
  readonly model: string;
  readonly list: boolean;
  readonly pairs: readonly (readonly [own: string, other: string])[];
}

/** A Prisma model. Tables and columns have the names of their models and fields. */
export interface Model {
  readonly name: string;
  readonly columns: ReadonlyMap<string, Column>;
  /** Names of all columns. */
  readonly names: readonly string[];
  readonly relations: ReadonlyMap<string, Relation>;
}

interface Field {
  readonly name: string;
  readonly type: string;
  readonly kind: string;
  readonly isRequired: boolean;
  readonly isList: boolean;
  readonly isId: boolean;
  readonly relationName?: string;
  readonly relationFromFields?: readonly string[];
}
const declared = (
  getDatamodel() as unknown as { datamodel: { models: Record<string, { readonly fields: readonly Field[] }> } }
).datamodel.models;
const models = new Map<string, Model>();
const none: readonly Field[] = [];

/** The model with this name. A name without a table has no columns. */
export function modelOf(name: string): Model {
  return remember(models, name, () => {
    const fields = declared[name]?.fields ?? none;
    const scalars = fields.filter(({ kind }) => kind === 'scalar');
    return {
      name,
      names: scalars.map((field) => field.name),
      columns: new Map(
        scalars.map((field) => [field.name, { type: field.type, nullable: !field.isRequired, list: field.isList }]),
      ),
      relations: new Map(
        fields.filter(({ kind }) => kind === 'object').map((field) => [field.name, relationOf(name, field)]),
      ),
    };
  });
}

/** Names of a model's columns without these. */
export const columnsWithout = (model: string, ...omitted: readonly string[]): readonly string[] =>
  modelOf(model).names.filter((column) => !omitted.includes(column));

function relationOf(model: string, field: Field): Relation {
  const own = pairsOf(field);
  if (own.length > 0) return { model: field.type, list: field.isList, pairs: own };
  const other = (declared[field.type]?.fields ?? none).find(
    ({ relationName, type, relationFromFields = [] }) =>
      relationName === field.relationName && type === model && relationFromFields.length > 0,
  );
  if (!other) throw new Error(`The relation ${model}.${field.name} has no columns.`);
  return { model: field.type, list: field.isList, pairs: pairsOf(other).map(([theirs, mine]) => [mine, theirs]) };
}

/**
 * The side with the foreign key. Prisma's data model does not say which columns it references. Ours reference the column
 * of the same name, or else the ID; a test compares them with the database.
 */
function pairsOf({ type, relationFromFields = [] }: Field): (readonly [string, string])[] {
  const others = declared[type]?.fields ?? none;
  const key = others.find(({ isId }) => isId)?.name ?? 'id';
  return relationFromFields.map((column) => [column, others.some(({ name }) => name === column) ? column : key]);
}
