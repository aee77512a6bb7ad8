import { Given } from './arguments.ts';
import type { Arguments, Expression, Node } from './ast.ts';
import type { Budget } from './budget.ts';
import { ExpressionError, Fault, Undefined } from './fault.ts';
import { filters } from './filters.ts';
import { type Callable, functions, hostFunctions, range, tests } from './functions.ts';
import { fault } from './lexer.ts';
import { parseTemplate } from './template.ts';
import {
  areEqual,
  compare,
  given,
  isList,
  isMap,
  isTrue,
  type MapValue,
  mapOf,
  member,
  numberOf,
  textOf,
  type Value,
} from './values.ts';

const isUndefined = (error: unknown): boolean => error instanceof ExpressionError && error.cause instanceof Undefined;

/** Interprets one text. It reads own properties of the variables only, and calls no function but those of the language. */
export class Interpreter {
  readonly #source: string;
  readonly #budget: Budget;
  readonly #variables: MapValue;
  readonly #host: Readonly<Record<string, Callable>>;
  readonly #own: Map<string, Value>[] = [new Map()];
  readonly #level: number;
  #depth = 0;

  constructor(
    source: string,
    variables: MapValue,
    host: Readonly<Record<string, Callable>>,
    budget: Budget,
    level = 0,
  ) {
    this.#source = source;
    this.#variables = variables;
    this.#host = host;
    this.#budget = budget;
    this.#level = level;
  }

  render(): string {
    const parts: string[] = [];
    let length = 0;
    this.#nodes(parseTemplate(this.#source), (part) => {
      length += part.length;
      if (length > this.#budget.limits.output)
        throw new Fault(`The result has more than ${this.#budget.limits.output} characters.`);
      this.#budget.create(part.length);
      parts.push(part);
    });
    return parts.join('');
  }

  /** The value of a text that is one expression; undefined if it is not. */
  value(): Value | undefined {
    const [node, ...more] = parseTemplate(this.#source);
    return node?.type === 'print' && more.length === 0 ? this.#evaluate(node.expression) : undefined;
  }

  #nodes(nodes: readonly Node[], write: (text: string) => void): void {
    for (const node of nodes) {
      this.#budget.step();
      if (node.type === 'text') write(node.text);
      else if (node.type === 'print')
        write(this.#at(node.expression, () => textOf(this.#evaluate(node.expression), this.#budget)));
      else if (node.type === 'set') this.#set(node.name, this.#evaluate(node.value));
      else if (node.type === 'if') {
        const branch = node.branches.find(({ test }) => isTrue(this.#evaluate(test)));
        this.#nodes(branch ? branch.body : node.otherwise, write);
      } else this.#for(node, write);
    }
  }

  #set(name: string, value: Value): void {
    const scope = this.#own.findLast((one) => one.has(name)) ?? this.#own.at(-1)!;
    scope.set(name, value);
  }

  #for({ name, of, body, otherwise }: Extract<Node, { type: 'for' }>, write: (text: string) => void): void {
    const value = this.#evaluate(of);
    const items = this.#at(of, () => {
      if (value === null) return [];
      if (isList(value)) return value;
      if (isMap(value))
        return Object.entries(value).map(([key, one]) =>
          mapOf([
            ['key', key],
            ['value', given(one)],
          ]),
        );
      throw new Fault('The tag for requires a list or a map.');
    });
    if (items.length === 0) this.#nodes(otherwise, write);
    const length = items.length;
    for (const [index, item] of items.entries()) {
      const scope = new Map<string, Value>([[name, given(item)]]);
      scope.set(
        'loop',
        mapOf([
          ['index', index],
          ['length', length],
          ['first', index === 0],
          ['last', index === length - 1],
          ['revindex', length - index - 1],
        ]),
      );
      this.#own.push(scope);
      this.#nodes(body, write);
      this.#own.pop();
    }
  }

  /** Adds the place to a fault. */
  #at<T>({ at }: { readonly at: number }, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw Object.assign(fault(this.#source, at, error.message), { cause: error });
    }
  }

  #evaluate(expression: Expression): Value {
    return this.#at(expression, () => {
      this.#budget.step();
      this.#depth += 1;
      this.#budget.nest(this.#depth / 2);
      const value = this.#compute(expression);
      this.#depth -= 1;
      return value;
    });
  }

  #compute(node: Expression): Value {
    switch (node.type) {
      case 'literal':
        return node.value;
      case 'interpolation':
        return this.#created(node.parts.map((part) => textOf(this.#evaluate(part), this.#budget)).join(''));
      case 'name':
        return this.#variable(node.name);
      case 'list':
        return node.items.map((item) => this.#evaluate(item));
      case 'map':
        return mapOf(
          node.entries.map(
            ([key, value]) => [textOf(this.#evaluate(key), this.#budget), this.#evaluate(value)] as const,
          ),
        );
      case 'member':
        return member(this.#evaluate(node.of), this.#evaluate(node.key));
      case 'unary': {
        const value = this.#evaluate(node.of);
        if (node.operator === 'not') return !isTrue(value);
        return node.operator === '-' ? -numberOf(value, 'The operator -') : numberOf(value, 'The operator +');
      }
      case 'ternary':
        return this.#evaluate(isTrue(this.#evaluate(node.test)) ? node.yes : node.no);
      case 'binary':
        return this.#binary(node.operator, node.left, node.right);
      case 'call':
        return this.#call(node.name, node.args);
      case 'filter':
        return this.#filter(node);
      case 'test':
        return this.#test(node) !== node.isNegated;
    }
  }

  #variable(name: string): Value {
    const scope = this.#own.findLast((one) => one.has(name));
    if (scope) return scope.get(name)!;
    if (!Object.hasOwn(this.#variables, name)) throw new Undefined(`The variable ${name} does not exist.`);
    return given(this.#variables[name]);
  }

  #created(text: string): string {
    this.#budget.create(text.length);
    return text;
  }

  /** The value, or undefined if it does not exist. */
  #ifDefined(expression: Expression): Value | undefined {
    const depth = this.#depth;
    try {
      return this.#evaluate(expression);
    } catch (error) {
      if (!isUndefined(error)) throw error;
      this.#depth = depth;
      return undefined;
    }
  }

  #binary(operator: string, leftSide: Expression, rightSide: Expression): Value {
    if (operator === '??') return this.#ifDefined(leftSide) ?? this.#evaluate(rightSide);
    if (operator === '???') {
      const value = this.#ifDefined(leftSide);
      return value === undefined ? this.#evaluate(rightSide) : value;
    }
    const left = this.#evaluate(leftSide);
    if (operator === 'and') return isTrue(left) && isTrue(this.#evaluate(rightSide));
    if (operator === 'or') return isTrue(left) || isTrue(this.#evaluate(rightSide));
    const right = this.#evaluate(rightSide);
    const budget = this.#budget;
    const what = `The operator ${operator}`;
    switch (operator) {
      case '==':
        return areEqual(left, right, budget);
      case '!=':
        return !areEqual(left, right, budget);
      case '<':
        return compare(left, right, what) < 0;
      case '>':
        return compare(left, right, what) > 0;
      case '<=':
        return compare(left, right, what) <= 0;
      case '>=':
        return compare(left, right, what) >= 0;
      case '~':
        return this.#created(textOf(left, budget) + textOf(right, budget));
      case '..':
        return range(left, right, 1, { budget });
      case 'contains':
        return this.#contains(left, right);
      case 'in':
        return this.#contains(right, left);
      case '+':
        if (typeof left === 'string' || typeof right === 'string')
          return this.#created(textOf(left, budget) + textOf(right, budget));
        if (!isList(left)) return numberOf(left, what) + numberOf(right, what);
        budget.create(left.length + (isList(right) ? right.length : 1));
        return isList(right) ? [...left, ...right] : [...left, right];
      case '-':
        return numberOf(left, what) - numberOf(right, what);
      case '*':
        return numberOf(left, what) * numberOf(right, what);
      default: {
        const divisor = numberOf(right, what);
        if (divisor === 0) throw new Fault('A division by zero is not possible.');
        return operator === '/' ? numberOf(left, what) / divisor : numberOf(left, what) % divisor;
      }
    }
  }

  #contains(whole: Value, part: Value): boolean {
    if (whole === null) return false;
    if (isList(part) && isList(whole)) return part.every((one) => this.#contains(whole, given(one)));
    if (isList(whole)) return whole.some((one) => areEqual(given(one), part, this.#budget));
    const text = textOf(part, this.#budget);
    if (isMap(whole)) return Object.hasOwn(whole, text);
    const searched = textOf(whole, this.#budget);
    this.#budget.search(searched, text);
    return searched.includes(text);
  }

  #given(what: string, { list, named }: Arguments): Given {
    const values = list.map((one) => this.#evaluate(one));
    return new Given(what, this.#budget, values, new Map(named.map(([name, one]) => [name, this.#evaluate(one)])));
  }

  #call(name: string, args: Arguments): Value {
    if (name === 'render' || name === 'renderOnce') return this.#render(this.#given(`The function ${name}`, args));
    const own = Object.hasOwn(this.#host, name)
      ? this.#host[name]
      : Object.hasOwn(functions, name)
        ? functions[name]
        : undefined;
    if (own) return given(own(this.#given(`The function ${name}`, args)));
    if (hostFunctions.has(name)) throw new Fault(`The function ${name} is not available here.`);
    throw new Fault(`The function ${name} does not exist.`);
  }

  #render(args: Given): string {
    const text = args.text(0, 'toRender');
    this.#budget.nest((this.#level + 1) * 6);
    if (!text.includes('{')) return text;
    return new Interpreter(text, this.#variables, this.#host, this.#budget, this.#level + 1).render();
  }

  #filter({ name, of, args }: Extract<Expression, { type: 'filter' }>): Value {
    if (!Object.hasOwn(filters, name)) throw new Fault(`The filter ${name} does not exist.`);
    const value = name === 'default' ? (this.#ifDefined(of) ?? null) : this.#evaluate(of);
    return filters[name]!(value, this.#given(`The filter ${name}`, args));
  }

  #test({ name, of, args }: Extract<Expression, { type: 'test' }>): boolean {
    if (name === 'defined') return this.#ifDefined(of) !== undefined;
    if (!Object.hasOwn(tests, name)) throw new Fault(`The test ${name} does not exist.`);
    const value = name === 'null' || name === 'empty' ? (this.#ifDefined(of) ?? null) : this.#evaluate(of);
    return tests[name]!(value, this.#given(`The test ${name}`, args));
  }
}
