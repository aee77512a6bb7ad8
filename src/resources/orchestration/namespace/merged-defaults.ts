import { isObject, type Json } from '../../../lib/json.ts';
import type { InheritedPluginDefault } from './settings.ts';

type Values = Readonly<Record<string, Json>>;

/** Where a property of a task comes from. Null: the task itself. */
export interface PropertyOrigin {
  /** Name of the property; nested ones with dots. */
  readonly path: string;
  readonly by: InheritedPluginDefault | null;
}
export interface MergedDefaults {
  readonly values: Values;
  readonly origins: readonly PropertyOrigin[];
}

/** True for the default of a type, or of a package that it is in. */
const applies = (type: string, { type: own }: InheritedPluginDefault): boolean =>
  own === type || type.startsWith(`${own}.`);

/**
 * The properties that a task of a type gets: forced defaults, then its own values, then the other defaults. The first
 * one for a property wins. Maps are merged, lists are replaced.
 * @param defaults by precedence, as `effectivePluginDefaults` returns them. Of one namespace, the longer type is first.
 */
export function mergeDefaults(type: string, own: Values, defaults: readonly InheritedPluginDefault[]): MergedDefaults {
  const applying = defaults
    .filter((one) => applies(type, one))
    .toSorted((a, b) => (a.namespace === b.namespace && a.forced === b.forced ? b.type.length - a.type.length : 0));
  const values: Record<string, Json> = {};
  const origins = new Map<string, InheritedPluginDefault | null>();
  const fill = (into: Record<string, Json>, from: Values, by: InheritedPluginDefault | null, path: string): void => {
    for (const [name, value] of Object.entries(from)) {
      const at = `${path}${name}`;
      if (!Object.hasOwn(into, name)) {
        const isMap = isObject(value) && Object.keys(value).length > 0;
        Object.defineProperty(into, name, {
          value: isMap ? {} : value,
          enumerable: true,
          writable: true,
          configurable: true,
        });
        if (!isMap) origins.set(at, by);
      }
      const present = into[name];
      if (isObject(present) && isObject(value)) fill(present as Record<string, Json>, value as Values, by, `${at}.`);
    }
  };
  for (const one of applying) if (one.forced) fill(values, one.values as Values, one, '');
  fill(values, own, null, '');
  for (const one of applying) if (!one.forced) fill(values, one.values as Values, one, '');
  return { values, origins: [...origins].map(([path, by]) => ({ path, by })) };
}
