import { attributeOf } from '../../resources/identity/scim/filter.ts';
import type { Resource } from '../../resources/identity/scim/scim.ts';

const always = new Set(['id', 'schemas']);

/** The attributes that the client wants, by `attributes` and `excludedAttributes` (RFC 7644, section 3.9). */
export class Shown {
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #excluded: ReadonlySet<string>;

  constructor(query: URLSearchParams) {
    const listed = (name: string) =>
      query
        .getAll(name)
        .flatMap((text) => text.split(','))
        .map((path) => attributeOf(path.trim()))
        .filter((path) => path !== '');
    const wanted = listed('attributes');
    this.#wanted = wanted.length > 0 ? new Set(wanted) : undefined;
    this.#excluded = new Set(this.#wanted ? [] : listed('excludedAttributes'));
  }

  /** True if the client restricts the attributes. */
  get isRestricted(): boolean {
    return this.#wanted !== undefined || this.#excluded.size > 0;
  }

  /** True if at least a part of this attribute is shown. */
  readonly shows = (attribute: string): boolean => {
    const name = attribute.toLowerCase();
    if (always.has(name)) return true;
    if (!this.#wanted) return !this.#excluded.has(name);
    return [...this.#wanted].some((path) => path === name || path.startsWith(`${name}.`));
  };

  of(resource: Resource): object {
    if (!this.isRestricted) return resource;
    return Object.fromEntries(
      Object.entries(resource)
        .filter(([name]) => this.shows(name))
        .map(([name, value]) => [name, this.#part(name.toLowerCase(), value)]),
    );
  }

  #part(name: string, value: unknown): unknown {
    if (always.has(name) || this.#wanted?.has(name)) return value;
    if (Array.isArray(value)) return value.map((one) => this.#part(name, one));
    if (typeof value !== 'object' || value === null) return value;
    const shows = (sub: string) =>
      this.#wanted ? this.#wanted.has(`${name}.${sub}`) : !this.#excluded.has(`${name}.${sub}`);
    return Object.fromEntries(Object.entries(value).filter(([sub]) => shows(sub.toLowerCase())));
  }
}
