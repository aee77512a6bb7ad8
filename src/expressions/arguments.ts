import type { Budget } from './budget.ts';
import { Fault } from './fault.ts';
import { isList, isMap, kindOf, numberOf, textOf, type Value } from './values.ts';

/** The arguments of a call, by position and by name. */
export class Given {
  readonly budget: Budget;
  readonly what: string;
  readonly #list: readonly Value[];
  readonly #named: ReadonlyMap<string, Value>;

  constructor(what: string, budget: Budget, list: readonly Value[], named: ReadonlyMap<string, Value>) {
    this.what = what;
    this.budget = budget;
    this.#list = list;
    this.#named = named;
  }

  get count(): number {
    return this.#list.length + this.#named.size;
  }
  all(): readonly Value[] {
    return this.#list;
  }
  any(position: number, ...names: readonly string[]): Value | undefined {
    if (position < this.#list.length) return this.#list[position];
    for (const name of names) if (this.#named.has(name)) return this.#named.get(name);
    return undefined;
  }
  required(position: number, name: string): Value {
    const value = this.any(position, name);
    if (value === undefined) throw new Fault(`${this.what} requires the argument ${name}.`);
    return value;
  }
  text(position: number, name: string, otherwise?: string): string {
    const value = this.any(position, name) ?? otherwise;
    if (value === undefined) throw new Fault(`${this.what} requires the argument ${name}.`);
    return textOf(value, this.budget);
  }
  number(position: number, name: string, otherwise?: number): number {
    const value = this.any(position, name) ?? otherwise;
    if (value === undefined) throw new Fault(`${this.what} requires the argument ${name}.`);
    return numberOf(value, `The argument ${name} of ${this.what.replace('The', 'the')}`);
  }
  asText(value: Value): string {
    return textOf(value, this.budget);
  }
  asList(value: Value): readonly Value[] {
    if (isList(value)) return value;
    throw new Fault(`${this.what} requires a list, but got ${value === null ? 'null' : `a ${kindOf(value)}`}.`);
  }
  asMap(value: Value) {
    if (isMap(value)) return value;
    throw new Fault(`${this.what} requires a map, but got ${value === null ? 'null' : `a ${kindOf(value)}`}.`);
  }
}
