import {
  coerceInputValue,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLNonNull,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  Kind,
  type TypeNode,
} from 'graphql';
import { GatehouseError, type Issue } from '../../errors.ts';
import { storableJson } from '../../lib/json.ts';
import { RefusedInput } from './unreadable-input.ts';

/** A list of independent items. Without a field: the input is the item. */
interface Items {
  readonly field?: string;
  /** Fields in which unstorable characters are replaced. */
  readonly replaced: ReadonlySet<string>;
}
/** By the input type that has them. */
const holders = new Map<string, Items[]>();
/** By the type of the items. */
const itemTypes = new Map<string, Items>();
/** Texts that their parser checks, by input type: it reports the line. */
const checkedLater = new Map<string, ReadonlySet<string>>();
/** Fallback for an unknown enum value, by input type. */
const unknownEnums = new Map<string, { readonly field: string; readonly value: string }>();

/**
 * Registers a list whose items fail independently. The items have a `sequence` of type BigInt, which carries the
 * refusal to the service (`unreadable`).
 */
export function takeItemByItem(holder: string, field: string, item: string, replaced: readonly string[] = []): void {
  const items = { field, replaced: new Set(replaced) };
  holders.set(holder, [...(holders.get(holder) ?? []), items]);
  itemTypes.set(item, items);
}
/** Registers an input type whose faults refuse its own mutation only, and no other in the document. */
export const takeAlone = (input: string): unknown => itemTypes.set(input, { replaced: new Set() });
export const checkLater = (input: string, ...fields: readonly string[]): unknown =>
  checkedLater.set(input, new Set(fields));
export const whenUnknown = (input: string, field: string, value: string): unknown =>
  unknownEnums.set(input, { field, value });

type Values = Record<string, unknown>;
const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null;

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}
/** The types of a document's variables, by name. */
const typesOf = (document: DocumentNode): Map<string, string> =>
  new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.OPERATION_DEFINITION
        ? (node.variableDefinitions ?? []).map(({ variable, type }) => [variable.name.value, nameOf(type)] as const)
        : [],
    ),
  );

/** Replaces unstorable characters in these fields, also in nested items. */
function replaceIn(item: Values, replaced: ReadonlySet<string>): void {
  for (const [name, value] of Object.entries(item)) {
    if (replaced.has(name)) item[name] = storableJson(value);
    else if (Array.isArray(value)) for (const one of value) if (isObject(one)) replaceIn(one, replaced);
  }
}

type Check = (value: unknown, path: (string | number)[]) => void;

/** Checks all variables with `check`, which throws. A refused item is replaced by its refusal. */
export function checkVariables(document: DocumentNode, variables: Values, check: Check): void {
  let types: Map<string, string> | undefined;
  const each = (list: unknown[], { field, replaced }: Items, path: (string | number)[]) => {
    for (const [i, item] of list.entries()) {
      try {
        check(item, [...path, i]);
      } catch {
        if (isObject(item)) replaceIn(item, replaced);
        try {
          check(item, [...path, i]);
        } catch (error) {
          const issues = (error as GatehouseError).extensions['issues'] as Issue[];
          const inItem = (issue: Issue) => ({ ...issue, path: ['input', field!, ...issue.path.slice(path.length)] });
          list[i] = new RefusedInput(
            new GatehouseError('BAD_INPUT', (error as Error).message, { issues: issues.map(inItem) }),
          );
        }
      }
    }
  };
  for (const [name, value] of Object.entries(variables)) {
    const path = ['variables', name];
    if (!isObject(value)) {
      check(value, path);
      continue;
    }
    types ??= typesOf(document);
    const type = types.get(name) ?? '';
    const own = itemTypes.get(type);
    if (own?.field !== undefined && Array.isArray(value)) each(value, own, path);
    else if (Array.isArray(value)) for (const [i, one] of value.entries()) inside(type, one, [...path, i], check, each);
    else inside(type, value, path, check, each);
  }
}

function inside(
  type: string,
  value: unknown,
  path: (string | number)[],
  check: Check,
  each: (list: unknown[], items: Items, path: (string | number)[]) => void,
): void {
  const lists = holders.get(type);
  const later = checkedLater.get(type);
  if (!isObject(value) || (!lists && !later)) {
    check(value, path);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    const items = lists?.find(({ field }) => field === name);
    if (items && Array.isArray(member)) each(member, items, [...path, name]);
    else if (later?.has(name) && Array.isArray(member))
      for (const [i, one] of member.entries()) inside(`${type}.${name}`, one, [...path, name, i], check, each);
    else if (!later?.has(name) || typeof member !== 'string') check({ [name]: member }, path);
  }
}

/** A minimal value of the type, with the refusal as its `sequence`. */
function placeholder(type: GraphQLInputObjectType, refused: RefusedInput): Values {
  const least = (field: GraphQLInputType): unknown => {
    const own = getNullableType(field);
    if (isListType(own)) return [];
    if (isEnumType(own)) return own.getValues()[0]!.name;
    const values: Values = { BigInt: '0', DateTime: '1970-01-01T00:00:00Z', Int: 0, Float: 0, Boolean: false };
    return values[getNamedType(own).name] ?? '';
  };
  return Object.fromEntries(
    Object.values(type.getFields()).flatMap((field) => {
      if (field.name === 'sequence') return [[field.name, refused]];
      return isNonNullType(field.type) && field.defaultValue === undefined ? [[field.name, least(field.type)]] : [];
    }),
  );
}

/** The item, or a placeholder with its refusal. */
function taken(item: unknown, type: GraphQLInputObjectType, path: Issue['path']): unknown {
  if (item instanceof RefusedInput) return placeholder(type, item);
  const issues: Issue[] = [];
  coerceInputValue(item, new GraphQLNonNull(type), (at, _value, { message }) => {
    issues.push({ path: [...path, ...at], message: message.replace(/ Did you mean [\s\S]*$/, '') });
  });
  if (issues.length === 0) return item;
  const text = issues.map(({ message }) => message).join(' ');
  return placeholder(type, new RefusedInput(new GatehouseError('BAD_INPUT', text, { issues: issues.slice(0, 100) })));
}

/** The variables with unreadable items replaced; undefined if there are none. */
function withoutFaults({ document, schema, variableValues }: ExecutionArgs): Values | undefined {
  let changed = false;
  const one = (item: unknown, type: GraphQLInputObjectType, path: Issue['path']) => {
    const own = taken(item, type, path);
    changed ||= own !== item;
    return own;
  };
  const inHolder = (value: unknown, name: string): unknown => {
    const type = schema.getType(name);
    if (!isObject(value) || !isInputObjectType(type)) return value;
    const copy = { ...value };
    for (const { field } of holders.get(name) ?? []) {
      const list = copy[field!];
      const item = getNamedType(type.getFields()[field!]!.type) as GraphQLInputObjectType;
      if (Array.isArray(list)) copy[field!] = list.map((member, i) => one(member, item, ['input', field!, i]));
    }
    const unknown = unknownEnums.get(name);
    const known = unknown && getNamedType(type.getFields()[unknown.field]!.type);
    if (unknown && isEnumType(known) && typeof copy[unknown.field] === 'string') {
      if (!known.getValue(copy[unknown.field] as string)) {
        copy[unknown.field] = unknown.value;
        changed = true;
      }
    }
    return copy;
  };
  const types = typesOf(document);
  const cleaned = Object.entries((variableValues ?? {}) as Values).map(([name, value]) => {
    const typeName = types.get(name) ?? '';
    const items = itemTypes.get(typeName);
    if (!items) return [name, inHolder(value, typeName)];
    const type = schema.getType(typeName) as GraphQLInputObjectType;
    if (Array.isArray(value)) return [name, value.map((item, i) => one(item, type, ['input', items.field!, i]))];
    return [name, one(value, type, items.field === undefined ? ['input'] : ['input', items.field, 0])];
  });
  return changed ? Object.fromEntries(cleaned) : undefined;
}

type Execute = (args: ExecutionArgs) => unknown;

/** True if a variable has independent items. */
export const takesItems = (document: DocumentNode): boolean =>
  [...typesOf(document).values()].some((name) => holders.has(name) || itemTypes.has(name) || unknownEnums.has(name));

/** Executes. If variables are unreadable and nothing was executed, executes again without the faulty items. */
export const itemByItem =
  (execute: Execute): Execute =>
  async (args) => {
    const result = (await execute(args)) as ExecutionResult;
    if (!result || typeof result !== 'object' || 'data' in result || !result.errors) return result;
    const variableValues = withoutFaults(args);
    return variableValues ? execute({ ...args, variableValues }) : result;
  };
