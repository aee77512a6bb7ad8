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
/** What a page costs where nobody says its size. */
const defaultPage = 20;
const pageFields = new Set(['edges', 'nodes']);

/** The schema is asked for deeper than data: the usual introspection query has 15 levels. Validation bounds its circles. */
const schemaFields = new Set(['__schema', '__type']);
const schemaDepth = 20;

const overLimit = (limit: keyof Measure, allowed: number) =>
  new GatehouseError('LIMIT_EXCEEDED', `The operation is over the limit of ${allowed} for ${limit}.`, {
    limit,
    allowed,
  });

/**
 * Measures an operation as it will be executed: fragments in their place, `__typename` counted like any field, page
 * sizes multiplied. Stops as soon as a limit is passed, so that measuring is never the attack.
 * @throws LIMIT_EXCEEDED naming the limit.
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
        // A circle is refused by validation; here it only must not run.
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

/** Reads how many objects a field may answer with from its arguments, variables and their defaults included. */
class Sizes {
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #defaults: ReadonlyMap<string, ValueNode | undefined>;
  readonly #greatest: number;

  constructor(operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>, greatest: number) {
    this.#variables = variables;
    this.#defaults = new Map(
      operation.variableDefinitions?.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
    );
    this.#greatest = greatest;
  }

  /** The size of the page that a connection is asked for: the greater, where `first` and `last` are both there. */
  ofPage(field: FieldNode): number {
    const given = (field.arguments ?? []).filter(({ name }) => pageArguments.has(name.value));
    const sizes = given.map(({ value }) => this.#read(value)).filter((size) => size !== null);
    if (sizes.length === 0) return defaultPage;
    const greatest = Math.max(...sizes.map((size) => (typeof size === 'number' ? size : this.#greatest)));
    return Math.min(Math.max(greatest, 1), this.#greatest);
  }

  /** How many objects are asked for by their ids. */
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
