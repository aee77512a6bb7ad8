import {
  type DocumentNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isLeafType,
  isObjectType,
  parse,
} from 'graphql';
import { Readings } from '../audit/readings.ts';
import { Deadline } from '../db/deadline.ts';
import { badInput, GatehouseError, notFound } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import { isObject } from '../lib/json.ts';
import type { Operations } from './operation/operations.ts';

/** A list of the API: a connection of a tenant, or of the instance. */
export interface List {
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: GraphQLObjectType;
  readonly isOfTenant: boolean;
}

/** Returns the list with this name; undefined if it does not exist. */
export function listOf(schema: GraphQLSchema, name: string, isOfTenant: boolean): List | undefined {
  const parent = isOfTenant ? (schema.getType('Tenant') as GraphQLObjectType) : schema.getQueryType()!;
  const field = Object.hasOwn(parent.getFields(), name) ? parent.getFields()[name] : undefined;
  const type = field && getNamedType(field.type);
  if (!field || !isObjectType(type) || !type.name.endsWith('Connection')) return undefined;
  const node = getNamedType(type.getFields()['nodes']!.type);
  return isObjectType(node) ? { field, node, isOfTenant } : undefined;
}

/** Fields that are about the viewer, or that are longer than a row. They are returned only if asked for. */
const omitted = new Set(['viewerPermissions', 'source']);

const isColumn = ({ args, type }: GraphQLField<unknown, unknown>): boolean =>
  args.length === 0 && isLeafType(getNamedType(type));
const isStandard = (field: GraphQLField<unknown, unknown>): boolean =>
  isColumn(field) && field.extensions['access'] === undefined && !omitted.has(field.name);

/** @throws BAD_INPUT for a field that the objects of the list do not have. */
export function columnsOf({ node }: List, given: string | null): string[] {
  const fields = node.getFields();
  if (given === null)
    return Object.values(fields)
      .filter(isStandard)
      .map(({ name }) => name);
  return given.split(',').map((name) => {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field && isColumn(field)) return name;
    const all = Object.values(fields).filter(isColumn);
    throw badInput(['fields'], `fields can contain ${all.map((one) => one.name).join(', ')}.`);
  });
}

/** Arguments of the list in the query of a URL. The others choose format and columns. */
const listArguments = new Set(['where', 'orderBy']);

/** @throws BAD_INPUT for an argument that the list does not have, or that is not JSON. */
function variablesOf({ field }: List, query: URLSearchParams): Record<string, unknown> {
  const known = new Set(field.args.map(({ name }) => name).filter((name) => listArguments.has(name)));
  const variables: Record<string, unknown> = {};
  for (const name of query.keys()) {
    if (name === 'fields') continue;
    if (!known.has(name))
      throw badInput([name], `This list has no ${name}. Its arguments are ${[...known, 'fields'].join(', ')}.`);
    variables[name] = jsonOf(name, query.get(name)!);
  }
  return variables;
}

function jsonOf(name: string, text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Reported below.
  }
  throw badInput([name], `${name} must be a JSON object, as in GraphQL variables.`);
}

function documentOf({ field, isOfTenant }: List, columns: readonly string[], given: readonly string[]): DocumentNode {
  const used = field.args.filter(({ name }) => given.includes(name));
  const declared = ['$first: Int!', '$after: String', ...used.map(({ name, type }) => `$${name}: ${String(type)}`)];
  const passed = ['first: $first', 'after: $after', ...used.map(({ name }) => `${name}: $${name}`)];
  const list = `list: ${field.name}(${passed.join(', ')}) { nodes { ${columns.join(' ')} } pageInfo { hasNextPage endCursor } }`;
  return isOfTenant
    ? parse(`query($key: String!, ${declared.join(', ')}) { tenant(key: $key) { ${list} } }`)
    : parse(`query(${declared.join(', ')}) { ${list} }`);
}

export type Node = Readonly<Record<string, unknown>>;
interface Page {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

export interface ListRequest {
  readonly list: List;
  /** Key of the tenant of a list of a tenant. */
  readonly key: string | undefined;
  readonly columns: readonly string[];
  readonly query: URLSearchParams;
}

/**
 * Reads a list page by page. Each page is an operation of its own, with the permissions, limits and audit of the API.
 * @throws the first error of a page.
 */
export async function* pagesOf(
  schema: GraphQLSchema,
  operations: Operations,
  context: Context,
  { list, key, columns, query }: ListRequest,
): AsyncGenerator<readonly Node[], void> {
  const { session, limits } = context;
  const variables = variablesOf(list, query);
  const document = documentOf(list, columns, Object.keys(variables));
  for (let after: string | null = null; ; ) {
    await session.refresh();
    session.forget();
    const deadline = new Deadline(limits.requestMs);
    deadline.owner = () => session.accountId;
    const { data, errors } = await operations.execute(
      {
        schema,
        document,
        contextValue: { ...context, deadline, loaders: new Map(), readings: new Readings() } satisfies Context,
        variableValues: { ...variables, key, first: limits.pageSize, after },
      },
      after !== null,
    );
    if (errors) throw errors[0]!.originalError instanceof GatehouseError ? errors[0]!.originalError : errors[0]!;
    const whole = data as { tenant?: { list: Page } | null; list?: Page };
    const page = list.isOfTenant ? whole.tenant?.list : whole.list;
    if (!page) throw notFound('The tenant');
    yield page.nodes;
    if (!page.pageInfo.hasNextPage) return;
    after = page.pageInfo.endCursor;
  }
}
