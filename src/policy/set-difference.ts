import { isDeepStrictEqual } from 'node:util';
import type { PolicySet } from './load/load.ts';
import { describeSet } from './load/policy-set.ts';
import { at, type PlaceOf } from './load/references.ts';

type Tree = Readonly<Record<string, unknown>>;

const shown = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
};
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** Returns the innermost differences of two trees: the path, and both values as text. */
function parts(before: unknown, after: unknown, path: readonly string[] = []): [readonly string[], string][] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isTree(before) || !isTree(after)) return [[path, `${shown(before)} → ${shown(after)}`]];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => parts(before[key], after[key], [...path, key]));
}

/**
 * Lists how the policies of a gateway differ from the accepted ones, one line per difference, with the place in the
 * configuration file.
 */
export function differences(accepted: unknown, set: PolicySet, placeOf?: PlaceOf): string[] {
  const { policies = [], disabled = [] } = (isTree(accepted) ? accepted : {}) as {
    policies?: readonly Tree[];
    disabled?: readonly string[];
  };
  const own = describeSet(set);
  // The store keeps JSON, which omits undefined values.
  const mine = JSON.parse(JSON.stringify(own.policies)) as Tree[];
  const stateOf = (name: string, list: readonly Tree[], off: readonly string[]): Tree | string =>
    list.find((policy) => policy['name'] === name) ?? (off.includes(name) ? 'switched off' : 'missing');
  const names = new Set([...[...policies, ...mine].map(({ name }) => String(name)), ...disabled, ...own.disabled]);
  return [...names].flatMap((name) => {
    const before = stateOf(name, policies, disabled);
    const after = stateOf(name, mine, own.disabled);
    if (typeof before !== 'string' && typeof after !== 'string')
      return parts(before, after).map(([path, change]) => {
        const place = path[0] === 'settings' ? path.slice(1) : path;
        return `${name} ${path.join('.')}: ${change}${at(placeOf, ['policies', name, ...place])}`;
      });
    const word = (state: Tree | string) => (typeof state === 'string' ? state : 'on');
    return word(before) === word(after)
      ? []
      : [`${name}: ${word(before)} → ${word(after)}${at(placeOf, ['policies', name])}`];
  });
}
