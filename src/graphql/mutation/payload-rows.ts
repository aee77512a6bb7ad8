import { isDeepStrictEqual } from 'node:util';
import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { Permission, ResourceName } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import { isInstanceWide, tenantColumn } from '../../access/resource.ts';
import { remember } from '../../lib/remember.ts';
import type { Scope } from '../../policy/decide/decision.ts';
import { refusal } from '../../policy/decide/decision.ts';
import { noteRefusal } from '../access-plugin.ts';
import type { Context } from '../context.ts';
import { nodeTypes } from '../node.ts';
import { hasRow, partOf, plainTypes } from './replay.ts';

/** A row that the caller cannot read, with the permission that its fields require. */
interface Reduced {
  readonly permission: Permission;
  readonly scope: Scope;
}
const reduced = new WeakMap<object, Reduced>();

/** The input of the running mutation's caller. */
interface Sent {
  /** Returns all values of the input by field, at any depth. */
  readonly values: () => ReadonlyMap<string, unknown[]>;
  /** For a new object: an omitted field that is null reveals nothing. */
  readonly omitted: ReadonlySet<string>;
}
const sentBy = new WeakMap<Context, Sent>();

/**
 * Records what the caller of a mutation sent, so that its payload can return it.
 * @param type of the input.
 * @param omitted for a creation: the omitted fields of the input.
 */
export function noteInput(context: Context, input: object, type: GraphQLInputType, omitted: readonly string[]): void {
  let known: ReadonlyMap<string, unknown[]> | undefined;
  // At first use: most callers can read what they change, and reports are large.
  const values = () => {
    known ??= collected(input, type);
    return known;
  };
  sentBy.set(context, { values, omitted: new Set(omitted) });
}

function collected(input: object, type: GraphQLInputType): ReadonlyMap<string, unknown[]> {
  const values = new Map<string, unknown[]>();
  for (const [key, value] of valuesOf(input, type)) remember(values, key, () => []).push(value);
  return values;
}

/** Not inside scalars: the caller chooses JSON keys and could probe fields with them. */
function* valuesOf(input: unknown, type: GraphQLInputType): Generator<[key: string, value: unknown]> {
  const named = getNamedType(type);
  if (!isInputObjectType(named) || typeof input !== 'object' || input === null) return;
  if (Array.isArray(input)) {
    for (const item of input) yield* valuesOf(item, named);
    return;
  }
  const fields = named.getFields();
  for (const [key, value] of Object.entries(input)) {
    yield [key, value];
    if (fields[key]) yield* valuesOf(value, fields[key].type);
  }
}

const scopeOf = (resource: ResourceName, row: Row): Scope => {
  const tenantId = isInstanceWide(resource) ? undefined : row[tenantColumn(resource)];
  return typeof tenantId === 'string' ? { tenantId } : {};
};

/** The row as the caller can see it: complete if readable, else reduced. */
async function visible(typename: string, row: Row, context: Context): Promise<Row> {
  const part = partOf(typename);
  const node = nodeTypes().find((one) => one.typename === typename);
  const resource = part?.resource ?? node!.resource;
  const permission = `${resource}:READ` as Permission;
  const decided = (part ? await part.whole(context, row) : row) ?? row;
  const scope = scopeOf(resource, decided);
  // With the permissions of the mutation: the caller may have just revoked their own credential.
  if (context.session.may(permission, scope)?.matches(decided)) return row;
  if (node?.isOwn?.(row, context.session.principal.id)) return row;
  if (node?.find && (await node.find(context, String(row['id']))) !== null) return row;
  const copy = { ...row };
  reduced.set(copy, { permission, scope });
  return copy;
}

/** The item type of a list; any other type itself. */
function itemType(type: GraphQLOutputType): GraphQLOutputType {
  const bare = isNonNullType(type) ? type.ofType : type;
  return isListType(bare) ? (bare.ofType as GraphQLOutputType) : type;
}

/** The resource type that a payload field returns; undefined if none. */
function rowType(type: GraphQLOutputType): string | undefined {
  const named = getNamedType(type);
  return isInterfaceType(named) || hasRow(named.name) ? named.name : undefined;
}

/**
 * Applies the read permission to objects in payloads. A caller without it sees the ID and the values they sent; every
 * other field is refused.
 * @throws if a payload has such an object in a non-null place: a refusal would null the whole payload.
 */
export function withReadablePayloads(schema: GraphQLSchema): GraphQLSchema {
  const payloads = new Set(
    Object.values(schema.getMutationType()!.getFields()).flatMap(({ type }) => [...plainTypes(type)]),
  );
  const rowTypes = new Set<string>();
  for (const payload of payloads) {
    for (const field of Object.values(payload.getFields())) {
      const name = rowType(field.type);
      if (name === undefined) continue;
      if (isNonNullType(itemType(field.type)))
        throw new Error(`${payload.name}.${field.name} must be nullable: its object may be refused.`);
      const possible = schema.getType(name);
      for (const one of isInterfaceType(possible) ? schema.getPossibleTypes(possible) : [{ name }])
        if (hasRow(one.name)) rowTypes.add(one.name);
      const own = field.resolve ?? defaultFieldResolver;
      field.resolve = async (source, args, context, info) => {
        const shown = (row: unknown) =>
          row == null || row instanceof Error
            ? row
            : visible(String((row as Row)['__typename'] ?? name), row as Row, context);
        const value = await own(source, args, context, info);
        return Array.isArray(value) ? Promise.all(value.map(shown)) : shown(value);
      };
    }
  }
  for (const name of rowTypes) for (const field of fieldsOf(schema, name)) guard(name, field);
  return schema;
}

const fieldsOf = (schema: GraphQLSchema, name: string): GraphQLField<unknown, Context>[] => {
  const type = schema.getType(name);
  return isObjectType(type) ? Object.values(type.getFields()) : [];
};

function guard(typename: string, field: GraphQLField<unknown, Context>): void {
  const own = field.resolve ?? defaultFieldResolver;
  field.resolve = (source, args, context, info) => {
    const of = info.operation.operation === 'mutation' ? reduced.get(source as object) : undefined;
    if (of === undefined || field.name === 'id') return own(source, args, context, info);
    const declared = nodeTypes().find((one) => one.typename === typename)?.declared;
    const by = declared?.fields.includes(field.name) ? declared.by : undefined;
    if (by !== undefined && isSent(context, by, (source as Row)[by])) return own(source, args, context, info);
    const value = () => own(source, args, context, info);
    return ifSent(field, value, context, () => refuse(`${typename}.${field.name}`, of, context));
  };
}

const isSent = (context: Context, name: string, value: unknown): boolean =>
  sentBy
    .get(context)
    ?.values()
    .get(name)
    ?.some((one) => isDeepStrictEqual(one, value)) ?? false;

/** The field's value if the caller sent it; else refused. */
async function ifSent(
  { name, extensions }: GraphQLField<unknown, Context>,
  resolve: () => unknown,
  context: Context,
  refused: () => Promise<never>,
): Promise<unknown> {
  const { values, omitted } = sentBy.get(context)!;
  const isNamed = values().has(name);
  if (!isNamed && !omitted.has(name)) return refused();
  const value = await resolve();
  // A field with its own permission decides for itself about the named object.
  const isKnown = isNamed ? extensions['access'] !== undefined || isSent(context, name, value) : value == null;
  return isKnown ? value : refused();
}

async function refuse(field: string, { permission, scope }: Reduced, context: Context): Promise<never> {
  const error = refusal(context.session.decide(permission, scope));
  await noteRefusal(error, field, context);
  throw error;
}
