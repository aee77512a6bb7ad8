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
  const total: Measure = { depth: 0, aliases: 0, directives: 0, cost: 0 };
  const check = (name: 'depth' | 'aliases' | 'directives' | 'cost') => {
    if (total[name] <= limits[name]) return;
    throw new GatehouseError('LIMIT_EXCEEDED', `The operation is over the limit of ${limits[name]} for ${name}.`, {
      limit: name,
      allowed: limits[name],
    });
  };

  const walk = (set: SelectionSetNode, depth: number, times: number, page: number, open: readonly string[]): void => {
    for (const selection of set.selections) {
      total.directives += selection.directives?.length ?? 0;
      check('directives');
      if (selection.kind === Kind.FIELD) {
        total.depth = Math.max(total.depth, depth);
        check('depth');
        if (selection.alias) total.aliases += 1;
        check('aliases');
        const own = times * (pageFields.has(selection.name.value) ? page : 1);
        total.cost += own;
        check('cost');
        if (selection.selectionSet)
          walk(selection.selectionSet, depth + 1, own, pageOf(selection, variables, limits.pageSize), open);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        walk(selection.selectionSet, depth, times, page, open);
      } else {
        const name = selection.name.value;
        const fragment = fragments.get(name);
        // A circle is refused by validation; here it only must not run.
        if (fragment && !open.includes(name)) walk(fragment.selectionSet, depth, times, page, [...open, name]);
      }
    }
  };
  total.directives += operation.directives?.length ?? 0;
  walk(operation.selectionSet, 1, 1, 1, []);
  return total;
}

function pageOf(field: FieldNode, variables: Readonly<Record<string, unknown>>, greatest: number): number {
  const argument = field.arguments?.find(({ name }) => pageArguments.has(name.value));
  if (!argument) return defaultPage;
  const size = sizeOf(argument.value, variables);
  return size === undefined ? greatest : Math.min(Math.max(size, 1), greatest);
}

function sizeOf(value: ValueNode, variables: Readonly<Record<string, unknown>>): number | undefined {
  if (value.kind === Kind.INT) return Number(value.value);
  if (value.kind === Kind.NULL) return defaultPage;
  if (value.kind !== Kind.VARIABLE) return undefined;
  const given = variables[value.name.value];
  return given == null ? defaultPage : typeof given === 'number' ? given : undefined;
}
