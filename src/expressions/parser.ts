import type { Arguments, Expression } from './ast.ts';
import { fault, type Token, tokens } from './lexer.ts';

/** Binary operators and how strongly they bind. */
const strengths: Readonly<Record<string, number>> = {
  or: 10,
  and: 20,
  is: 30,
  contains: 35,
  in: 35,
  '==': 40,
  equals: 40,
  '!=': 40,
  '<': 40,
  '>': 40,
  '<=': 40,
  '>=': 40,
  '+': 50,
  '-': 50,
  '*': 60,
  '/': 60,
  '%': 60,
  '|': 100,
  '~': 110,
  '..': 120,
  '??': 120,
  '???': 120,
};
const notStrength = 25;
const minusStrength = 115;
const words: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null, none: null };
const maxDepth = 60;

/** Parses one expression after the other from a list of tokens. */
export class Parser {
  readonly #source: string;
  readonly #list: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(source: string, list: readonly Token[]) {
    this.#source = source;
    this.#list = list;
  }

  get token(): Token {
    return this.#list[this.#next]!;
  }
  #is(text: string): boolean {
    const { kind, text: present } = this.token;
    return present === text && (kind === 'operator' || kind === 'name');
  }
  take(text: string): boolean {
    const is = this.#is(text);
    if (is) this.#next += 1;
    return is;
  }
  expect(text: string): void {
    if (!this.take(text)) throw this.#unexpected(`${text} is expected here`);
  }
  name(what: string): string {
    const { kind, text } = this.token;
    if (kind !== 'name') throw this.#unexpected(`The name of ${what} is expected here`);
    this.#next += 1;
    return text;
  }
  end(): void {
    if (this.token.kind !== 'end') throw this.#unexpected('The end of the expression is expected here');
  }
  #unexpected(why: string) {
    const { kind, text, at } = this.token;
    return fault(this.#source, at, `${why}, but found ${kind === 'end' ? 'the end' : JSON.stringify(text)}.`);
  }

  expression(strength = 0): Expression {
    this.#depth += 1;
    if (this.#depth > maxDepth)
      throw fault(this.#source, this.token.at, `The expression is nested more than ${maxDepth} levels deep.`);
    let left = this.#prefix();
    for (;;) {
      const { text, at, kind } = this.token;
      const binds = kind === 'operator' || kind === 'name' ? own(strengths, text) : undefined;
      const isNotIn = kind === 'name' && text === 'not' && this.#list[this.#next + 1]?.text === 'in';
      if (isNotIn && strength < 35) {
        this.#next += 2;
        left = {
          type: 'unary',
          operator: 'not',
          of: { type: 'binary', operator: 'in', left, right: this.expression(35), at },
          at,
        };
        continue;
      }
      if (binds === undefined || binds <= strength) break;
      this.#next += 1;
      if (text === '|') left = { type: 'filter', of: left, name: this.name('a filter'), args: this.#arguments(), at };
      else if (text === 'is') {
        const isNegated = this.take('not');
        left = { type: 'test', of: left, isNegated, name: this.name('a test'), args: this.#arguments(), at };
      } else {
        // `a ?? b ?? c` reads from the right, so that each side is evaluated only if it is needed.
        const right = this.expression(text.startsWith('??') ? binds - 1 : binds);
        left = { type: 'binary', operator: text === 'equals' ? '==' : text, left, right, at };
      }
    }
    if (strength === 0 && this.#is('?')) {
      const { at } = this.token;
      this.#next += 1;
      const yes = this.expression();
      this.expect(':');
      left = { type: 'ternary', test: left, yes, no: this.expression(), at };
    }
    this.#depth -= 1;
    return left;
  }

  #prefix(): Expression {
    const { at } = this.token;
    if (this.take('not')) return { type: 'unary', operator: 'not', of: this.expression(notStrength), at };
    if (this.take('-')) return { type: 'unary', operator: '-', of: this.expression(minusStrength), at };
    if (this.take('+')) return { type: 'unary', operator: '+', of: this.expression(minusStrength), at };
    return this.#members(this.#primary());
  }

  #members(of: Expression): Expression {
    for (let result = of; ; ) {
      const { at } = this.token;
      if (this.take('[')) {
        const key = this.expression();
        this.expect(']');
        result = { type: 'member', of: result, key, at };
      } else if (this.take('.')) {
        const { kind, text } = this.token;
        if (kind !== 'name' && kind !== 'number') throw this.#unexpected('The name of an attribute is expected here');
        this.#next += 1;
        if (this.#is('(')) throw fault(this.#source, at, `Methods such as ${text}() cannot be called.`);
        result = { type: 'member', of: result, key: { type: 'literal', value: text, at }, at };
      } else return result;
    }
  }

  #primary(): Expression {
    const { kind, text, at, isDouble } = this.token;
    if (kind === 'string') {
      this.#next += 1;
      return isDouble && text.includes('#{') ? this.#interpolation(text, at) : { type: 'literal', value: text, at };
    }
    if (kind === 'number') {
      this.#next += 1;
      return { type: 'literal', value: Number(text.replace(/l$/i, '')), at };
    }
    if (kind === 'name') {
      this.#next += 1;
      if (Object.hasOwn(words, text)) return { type: 'literal', value: words[text]!, at };
      return this.#is('(')
        ? { type: 'call', name: text, args: this.#arguments(), at }
        : { type: 'name', name: text, at };
    }
    if (this.take('(')) {
      const inner = this.expression();
      this.expect(')');
      return inner;
    }
    if (this.take('[')) return { type: 'list', items: this.#items(']', () => this.expression()), at };
    if (this.take('{')) {
      const entry = () => {
        const key = this.expression();
        this.expect(':');
        return [key, this.expression()] as const;
      };
      return { type: 'map', entries: this.#items('}', entry), at };
    }
    throw this.#unexpected('A value is expected here');
  }

  #items<T>(close: string, item: () => T): T[] {
    const list: T[] = [];
    while (!this.take(close)) {
      list.push(item());
      if (!this.#is(close)) this.expect(',');
    }
    return list;
  }

  #arguments(): Arguments {
    if (!this.take('(')) return { list: [], named: [] };
    const list: Expression[] = [];
    const named: [string, Expression][] = [];
    this.#items(')', () => {
      const isNamed = this.token.kind === 'name' && this.#list[this.#next + 1]?.text === '=';
      if (isNamed) {
        const name = this.name('an argument');
        this.expect('=');
        named.push([name, this.expression()]);
      } else if (named.length > 0) throw this.#unexpected('A named argument is expected here');
      else list.push(this.expression());
    });
    return { list, named };
  }

  /** "Hello #{name}" */
  #interpolation(text: string, at: number): Expression {
    const parts: Expression[] = [];
    let from = 0;
    for (let open = text.indexOf('#{'); open >= 0; open = text.indexOf('#{', from)) {
      const close = text.indexOf('}', open);
      if (close < 0) break;
      parts.push({ type: 'literal', value: text.slice(from, open), at });
      const inner = new Parser(text, tokens(text.slice(0, close), open + 2, '').list);
      inner.#depth = this.#depth;
      parts.push({ ...inner.expression(), at });
      inner.end();
      from = close + 1;
    }
    parts.push({ type: 'literal', value: text.slice(from), at });
    return { type: 'interpolation', parts, at };
  }
}

const own = (record: Readonly<Record<string, number>>, key: string): number | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;
