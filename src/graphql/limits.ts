import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import type { Limits } from '../config.ts';
import { GatehouseError } from '../errors.ts';

export interface Measure {
  depth: number;
  aliases: number;
  directives: number;
  cost: number;
}

const pageArguments = new Set(['first', 'last']);
/** Cost of a page without a size. */
const defaultPage = 20;
const pageFields = new Set(['edges', 'nodes']);

/** Introspection is deeper than data: the usual query has 15 levels. Validation limits its cycles. */
const schemaFields = new Set(['__schema', '__type']);
const schemaDepth = 20;

const overLimit = (limit: keyof Measure, allowed: number) =>
  new GatehouseError('LIMIT_EXCEEDED', `The operation exceeds the limit of ${allowed} for ${limit}.`, {
    limit,
    allowed,
  });

/**
 * Measures an operation as executed: fragments inlined, `__typename` counted as any field, page sizes multiplied. Stops
 * at the first exceeded limit, so that measuring is cheap.
 * @throws LIMIT_EXCEEDED with the name of the limit.
 */
export function measure(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  limits: Limits,
): Measure {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const sizes = new Sizes(operation, variables, limits.pageSize);
  const total: Measure = { depth: 0, aliases: 0, directives: 0, cost: 0 };
  const check = (name: keyof Measure, allowed = limits[name]) => {
    if (total[name] > allowed) throw overLimit(name, allowed);
  };
  const open = new Set<string>();

  const walk = (set: SelectionSetNode, depth: number, deepest: number, times: number, page: number): void => {
    for (const selection of set.selections) {
      total.directives += selection.directives?.length ?? 0;
      check('directives');
      if (selection.kind === Kind.FIELD) {
        const name = selection.name.value;
        if (depth > deepest) throw overLimit('depth', deepest);
        total.depth = Math.max(total.depth, depth);
        if (selection.alias) total.aliases += 1;
        check('aliases');
        const own = times * (pageFields.has(name) ? page : 1) * sizes.ofIds(selection);
        total.cost += own;
        check('cost');
        if (selection.selectionSet) {
          const below = schemaFields.has(name) ? Math.max(deepest, schemaDepth) : deepest;
          walk(selection.selectionSet, depth + 1, below, own, sizes.ofPage(selection));
        }
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        walk(selection.selectionSet, depth, deepest, times, page);
      } else {
        const name = selection.name.value;
        const fragment = fragments.get(name);
        // Validation rejects a cycle; here it must only end.
        if (!fragment || open.has(name)) continue;
        open.add(name);
        walk(fragment.selectionSet, depth, deepest, times, page);
        open.delete(name);
      }
    }
  };
  total.directives += operation.directives?.length ?? 0;
  check('directives');
  walk(operation.selectionSet, 1, limits.depth, 1, 1);
  return total;
}

/** Reads the max number of objects of a field from its arguments, including variables and defaults. */
class Sizes {
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #defaults: ReadonlyMap<string, ValueNode | undefined>;
  readonly #maxSize: number;

  constructor(operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>, maxSize: number) {
    this.#variables = variables;
    this.#defaults = new Map(
      operation.variableDefinitions?.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
    );
    this.#maxSize = maxSize;
  }

  /** The requested page size; the larger of `first` and `last` if both are given. */
  ofPage(field: FieldNode): number {
    const given = (field.arguments ?? []).filter(({ name }) => pageArguments.has(name.value));
    const sizes = given.map(({ value }) => this.#read(value)).filter((size) => size !== null);
    if (sizes.length === 0) return defaultPage;
    const largest = Math.max(...sizes.map((size) => (typeof size === 'number' ? size : this.#maxSize)));
    return Math.min(Math.max(largest, 1), this.#maxSize);
  }

  /** The number of requested IDs. */
  ofIds(field: FieldNode): number {
    const ids = field.arguments?.find(({ name }) => name.value === 'ids');
    const list = ids && this.#read(ids.value);
    return Array.isArray(list) ? Math.max(list.length, 1) : 1;
  }

  #read(value: ValueNode): number | null | unknown[] | undefined {
    switch (value.kind) {
      case Kind.INT:
        return Number(value.value);
      case Kind.NULL:
        return null;
      case Kind.LIST:
        return [...value.values];
      case Kind.VARIABLE: {
        const name = value.name.value;
        const given = Object.hasOwn(this.#variables, name) ? this.#variables[name] : undefined;
        if (given === undefined) {
          const fallback = this.#defaults.get(name);
          return fallback ? this.#read(fallback) : null;
        }
        return given === null || typeof given === 'number' || Array.isArray(given) ? given : undefined;
      }
      default:
        return undefined;
    }
  }
}
