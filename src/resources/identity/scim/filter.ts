import { scimFault } from './fault.ts';

export const operators = ['eq', 'ne', 'co', 'sw', 'ew', 'pr', 'gt', 'ge', 'lt', 'le'] as const;
export type Operator = (typeof operators)[number];
export type Value = string | number | boolean | null;

/** A filter of RFC 7644, section 3.4.2.2. Paths are in lower case and without the URN of their schema. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter }
  | { readonly kind: 'compare'; readonly path: string; readonly operator: Operator; readonly value: Value };

const maxLength = 4_000;
const maxDepth = 10;
const maxComparisons = 50;

const schemaOf = /^urn:ietf:params:scim:schemas:core:2\.0:(?:user|group):/;
/** An attribute path as it is compared: in lower case, without the URN of the core schemas. */
export const attributeOf = (path: string): string => path.toLowerCase().replace(schemaOf, '');

const token = /\s*(?:([()[\]])|("(?:[^"\\]|\\.)*")|(\.?[A-Za-z][\w$.:-]*)|(-?\d+(?:\.\d+)?))/y;

interface Token {
  readonly text: string;
  readonly kind: 'mark' | 'text' | 'word' | 'number' | 'end';
}

function tokensOf(source: string): Token[] {
  if (source.length > maxLength) throw scimFault('invalidFilter', `A filter can have at most ${maxLength} characters.`);
  const tokens: Token[] = [];
  token.lastIndex = 0;
  for (let at = 0; source.slice(at).trim() !== ''; at = token.lastIndex) {
    token.lastIndex = at;
    const found = token.exec(source);
    if (!found) throw scimFault('invalidFilter', `The filter is invalid at character ${at + 1}.`);
    const [, mark, text, word, number] = found;
    if (mark !== undefined) tokens.push({ text: mark, kind: 'mark' });
    else if (text !== undefined) tokens.push({ text, kind: 'text' });
    else if (word !== undefined) tokens.push({ text: word, kind: 'word' });
    else tokens.push({ text: number!, kind: 'number' });
  }
  return tokens;
}

/** Parses by recursive descent. Its work is proportional to the length of the filter. */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #comparisons = 0;

  constructor(source: string) {
    this.#tokens = tokensOf(source);
  }

  whole(): Filter {
    const filter = this.#or('', 0);
    if (this.#next().kind !== 'end') throw this.#fault();
    return filter;
  }

  #next(): Token {
    return this.#tokens[this.#at] ?? { text: '', kind: 'end' };
  }

  #take(): Token {
    const token = this.#next();
    this.#at += 1;
    return token;
  }

  #takes(word: string): boolean {
    const { text, kind } = this.#next();
    if ((kind !== 'word' && kind !== 'mark') || text.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #fault() {
    const { text } = this.#next();
    return scimFault('invalidFilter', text === '' ? 'The filter ends too early.' : `The filter is invalid at ${text}.`);
  }

  #or(prefix: string, depth: number): Filter {
    const parts = [this.#and(prefix, depth)];
    while (this.#takes('or')) parts.push(this.#and(prefix, depth));
    return parts.length === 1 ? parts[0]! : { kind: 'or', parts };
  }

  #and(prefix: string, depth: number): Filter {
    const parts = [this.#term(prefix, depth)];
    while (this.#takes('and')) parts.push(this.#term(prefix, depth));
    return parts.length === 1 ? parts[0]! : { kind: 'and', parts };
  }

  #term(prefix: string, depth: number): Filter {
    if (depth > maxDepth) throw scimFault('invalidFilter', `A filter can be nested at most ${maxDepth} levels deep.`);
    if (this.#takes('not')) {
      if (!this.#takes('(')) throw this.#fault();
      return { kind: 'not', part: this.#group(prefix, depth) };
    }
    return this.#takes('(') ? this.#group(prefix, depth) : this.#comparison(prefix, depth);
  }

  #group(prefix: string, depth: number): Filter {
    const inner = this.#or(prefix, depth + 1);
    if (!this.#takes(')')) throw this.#fault();
    return inner;
  }

  #comparison(prefix: string, depth: number): Filter {
    if (this.#next().kind !== 'word' || this.#next().text.startsWith('.')) throw this.#fault();
    const path = prefix + attributeOf(this.#take().text);
    if (prefix === '' && this.#takes('[')) {
      const inner = this.#or(`${path}.`, depth + 1);
      if (!this.#takes(']')) throw this.#fault();
      // Entra writes emails[type eq "work"].value eq "…".
      if (!this.#next().text.startsWith('.')) return inner;
      return { kind: 'and', parts: [inner, this.#compared(path + this.#take().text.toLowerCase())] };
    }
    return this.#compared(path);
  }

  #compared(path: string): Filter {
    this.#comparisons += 1;
    if (this.#comparisons > maxComparisons)
      throw scimFault('invalidFilter', `A filter can have at most ${maxComparisons} comparisons.`);
    const operator = this.#next().text.toLowerCase() as Operator;
    if (!operators.includes(operator)) throw this.#fault();
    this.#at += 1;
    return { kind: 'compare', path, operator, value: operator === 'pr' ? null : this.#value() };
  }

  #value(): Value {
    const { text, kind } = this.#next();
    const isValue = kind === 'text' || kind === 'number' || (kind === 'word' && /^(true|false|null)$/i.test(text));
    if (!isValue) throw this.#fault();
    this.#at += 1;
    try {
      return JSON.parse(kind === 'word' ? text.toLowerCase() : text) as Value;
    } catch {
      throw scimFault('invalidFilter', `The filter has an invalid value: ${text}.`);
    }
  }
}

/** @throws BAD_INPUT with invalidFilter. */
export const parseFilter = (source: string): Filter => new Parser(source).whole();

export type Comparison = Extract<Filter, { kind: 'compare' }>;
const textOf = (value: Value | undefined): string => String(value ?? '').toLowerCase();

/** True if the filter matches this value of a multi-valued attribute. Texts are compared without case. */
export function matches(filter: Filter, values: Readonly<Record<string, Value | undefined>>): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.parts.every((part) => matches(part, values));
    case 'or':
      return filter.parts.some((part) => matches(part, values));
    case 'not':
      return !matches(filter.part, values);
    case 'compare':
      return holds(filter, values);
  }
}

function holds(filter: Comparison, values: Readonly<Record<string, Value | undefined>>): boolean {
  const actual = values[filter.path];
  const [own, given] = [textOf(actual), textOf(filter.value)];
  const isSame = actual !== undefined && own === given;
  const results: Record<Operator, boolean> = {
    eq: isSame,
    ne: !isSame,
    co: own.includes(given),
    sw: own.startsWith(given),
    ew: own.endsWith(given),
    pr: actual !== undefined,
    gt: own > given,
    ge: own >= given,
    lt: own < given,
    le: own <= given,
  };
  return results[filter.operator];
}
