/** `policies.naming.rules.0` to `gatehouse.yaml:12`; undefined where it is in no file. */
export type PlaceOf = (path: readonly PropertyKey[]) => string | undefined;

/** Where the settings say this, to be put behind a fault. */
export const at = (placeOf: PlaceOf | undefined, path: readonly PropertyKey[]): string => {
  const place = placeOf?.(path);
  return place === undefined ? '' : ` (${place})`;
};

/** The path to the first place at which settings hold this text; of none, the settings themselves. */
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

/** The groups or tenants that the settings of one policy name. Those that are missing are faults of the settings. */
export class References {
  /** What was found, as `group main/Data`, by id. */
  readonly found = new Map<string, string>();
  readonly faults: string[] = [];
  readonly #placeOf: (text: string) => string;

  constructor(placeOf: (text: string) => string) {
    this.#placeOf = placeOf;
  }

  /** @returns the ids of those that are there. */
  lookUp(what: string, names: readonly string[], known: ReadonlyMap<string, string>): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const name of names) {
      const id = known.get(name);
      if (id === undefined) this.faults.push(`there is no ${what} ${name}${this.#placeOf(name)}`);
      else {
        this.found.set(`${what} ${name}`, id);
        ids.add(id);
      }
    }
    return ids;
  }
}
