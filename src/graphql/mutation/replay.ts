import {
  defaultFieldResolver,
  type GraphQLEnumType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLScalarType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { ResourceName } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import { notFound } from '../../errors.ts';
import type { Json } from '../../lib/json.ts';
import { rows } from '../connection/reach.ts';
import type { Context } from '../context.ts';
import { nodeTypes, readRow } from '../node.ts';

/** A stored value: objects by ID, all others as scalars. */
export type Kept =
  | null
  | { readonly leaf: Json }
  | { readonly object: string; readonly id: string }
  | { readonly list: readonly Kept[] }
  | { readonly fields: Readonly<Record<string, Kept>> };

/** A part of another object, which is decided instead. */
interface Part {
  readonly resource: ResourceName;
  readonly whole: (context: Context, row: Row) => Promise<Row | null>;
}
const parts = new Map<string, Part>();
export const partOf = (typename: string): Part | undefined => parts.get(typename);
export const registerPart = (typename: string, part: Part): void => void parts.set(typename, part);

/** A restored payload: fields by name. */
export class Restored {
  readonly fields: Readonly<Record<string, unknown>>;
  constructor(fields: Readonly<Record<string, unknown>>) {
    this.fields = fields;
  }
}

/** Returned once and never stored. */
export const shownOnce = { extensions: { shownOnce: true } };

const planned = new Set(['changes', 'hiddenChanges', 'impact']);
/** An object with a row, which can be found again. */
export const hasRow = (typename: string): boolean =>
  parts.has(typename) || nodeTypes().some((node) => node.typename === typename);
const answeredFields = (type: GraphQLObjectType) =>
  Object.values(type.getFields()).filter(({ name }) => !planned.has(name));

/** Payload types without a row: their fields are stored. */
export function* plainTypes(type: GraphQLOutputType): Generator<GraphQLObjectType> {
  const named = getNamedType(type);
  if (!isObjectType(named) || hasRow(named.name)) return;
  yield named;
  for (const field of answeredFields(named)) yield* plainTypes(field.type);
}

/** The storable form of a payload. */
export async function keep(
  type: GraphQLOutputType,
  value: unknown,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<Kept> {
  const given = await value;
  if (given === null || given === undefined) {
    if (isNonNullType(type)) throw new Error(`${info.fieldName} is never null`);
    return null;
  }
  const bare = getNullableType(type) as GraphQLOutputType;
  if (isListType(bare)) {
    const list: Kept[] = [];
    for (const item of given as Iterable<unknown>) list.push(await keep(bare.ofType, item, context, info));
    return { list };
  }
  if (isLeafType(bare)) return { leaf: bare.serialize(given) as Json };
  const name = isAbstractType(bare)
    ? String(await bare.resolveType?.(given, context, info, bare))
    : getNamedType(bare).name;
  if (hasRow(name)) return { object: name, id: String((given as Row)['id']) };
  const fields: Record<string, Kept> = {};
  for (const field of answeredFields(bare as GraphQLObjectType)) {
    // A field with a permission of its own is decided when it is asked for, and not with the mutation.
    if (field.extensions['shownOnce'] || field.extensions['access'] !== undefined) continue;
    const own = { ...info, fieldName: field.name };
    fields[field.name] = await keep(field.type, resolverOf(field)(given, {}, context, own), context, own);
  }
  return { fields };
}

const resolverOf = (field: GraphQLField<unknown, Context>) => field.resolve ?? defaultFieldResolver;

/** Checks that the caller can still read this object. Called for the rows of one resource. */
export type Permitted = (resource: ResourceName, row: Row) => boolean;

/**
 * Restores a stored payload with current objects. An object that was deleted or is no longer readable is NOT_FOUND at
 * its path.
 */
export async function restore(
  type: GraphQLOutputType,
  kept: Kept,
  context: Context,
  permitted: Permitted,
): Promise<unknown> {
  const ids = new Map<string, Set<string>>();
  gather(kept, ids);
  const found = new Map<string, object>();
  for (const [typename, wanted] of ids) {
    const present = await rows(context).find({ model: typename, where: { id: { in: [...wanted] } } });
    for (const row of present)
      if (await isReadable(context, typename, row, permitted))
        found.set(`${typename} ${row['id']}`, { ...row, __typename: typename });
  }
  return rebuilt(type, kept, found);
}

async function isReadable(context: Context, typename: string, row: Row, permitted: Permitted): Promise<boolean> {
  const part = parts.get(typename);
  const node = nodeTypes().find((one) => one.typename === typename);
  const decided = part ? await part.whole(context, row) : row;
  if (decided && permitted(part?.resource ?? node!.resource, decided)) return true;
  return node !== undefined && (await readRow(context, node, String(row['id']))) !== null;
}

function gather(kept: Kept, ids: Map<string, Set<string>>): void {
  if (kept === null || 'leaf' in kept) return;
  if ('object' in kept) ids.set(kept.object, (ids.get(kept.object) ?? new Set()).add(kept.id));
  else for (const inner of 'list' in kept ? kept.list : Object.values(kept.fields)) gather(inner, ids);
}

function rebuilt(type: GraphQLOutputType, kept: Kept, found: ReadonlyMap<string, object>): unknown {
  const bare = getNullableType(type) as GraphQLOutputType;
  if (kept === null) return null;
  if ('leaf' in kept) return (bare as GraphQLScalarType | GraphQLEnumType).parseValue(kept.leaf);
  // An error that a resolver returns counts as thrown: at its own path, if the rest of the payload is independent.
  if ('object' in kept) return found.get(`${kept.object} ${kept.id}`) ?? goneObject();
  if ('list' in kept) {
    const { ofType } = bare as unknown as { ofType: GraphQLOutputType };
    return kept.list.map((item) => rebuilt(ofType, item, found));
  }
  const fields = (bare as GraphQLObjectType).getFields();
  return new Restored(
    Object.fromEntries(
      Object.entries(kept.fields).map(([name, inner]) => [name, rebuilt(fields[name]!.type, inner, found)]),
    ),
  );
}

const goneObject = () => notFound('The result of the first request with this idempotencyKey');

/** Lets the payloads of a schema resolve restored values as well. */
export function withReplays(schema: GraphQLSchema): GraphQLSchema {
  const types = Object.values(schema.getMutationType()!.getFields()).flatMap(({ type }) => [...plainTypes(type)]);
  for (const type of new Set(types)) {
    for (const field of Object.values(type.getFields())) {
      const own = resolverOf(field);
      field.resolve = (source, ...rest) =>
        source instanceof Restored ? source.fields[field.name] : own(source, ...rest);
    }
  }
  return schema;
}
