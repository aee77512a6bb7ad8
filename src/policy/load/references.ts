/**
 * Maps a path such as `policies.naming.rules.0` to a place such as `gatehouse.yaml:12`. Undefined if it is in no file.
 */
export type PlaceOf = (path: readonly PropertyKey[]) => string | undefined;

/** Returns the place of a setting in parentheses, to append to a fault. */
export const at = (placeOf: PlaceOf | undefined, path: readonly PropertyKey[]): string => {
  const place = placeOf?.(path);
  return place === undefined ? '' : ` (${place})`;
};

/** Returns the path to the first value in the settings that equals this text. Empty if there is none. */
export function pathOf(text: string, settings: unknown): PropertyKey[] {
  return find(text, settings) ?? [];
}

function find(text: string, value: unknown): PropertyKey[] | undefined {
  if (value === text) return [];
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const found = find(text, member);
    if (found) return [Array.isArray(value) ? Number(key) : key, ...found];
  }
  return undefined;
}

/** The groups and tenants that the settings of one policy refer to. Missing ones are faults. */
export class References {
  /** Ids of the referenced objects, by names such as `group main/Data`. */
  readonly found = new Map<string, string>();
  readonly faults: string[] = [];
  readonly #placeOf: (text: string) => string;

  constructor(placeOf: (text: string) => string) {
    this.#placeOf = placeOf;
  }

  /** @returns the ids of the objects that exist. */
  lookUp(what: string, names: readonly string[], known: ReadonlyMap<string, string>): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const name of names) {
      const id = known.get(name);
      if (id === undefined) this.faults.push(`${what} ${name} does not exist${this.#placeOf(name)}`);
      else {
        this.found.set(`${what} ${name}`, id);
        ids.add(id);
      }
    }
    return ids;
  }
}
