import { ExpressionError, placeOf } from './fault.ts';

export type Kind = 'name' | 'number' | 'string' | 'operator' | 'end';
export interface Token {
  readonly kind: Kind;
  /** Text of the token; the value of a string. */
  readonly text: string;
  readonly at: number;
  /** A string in double quotes, which can contain #{…}. */
  readonly isDouble?: boolean;
}

const operators = /^(?:\?\?\?|\?\?|==|!=|<=|>=|\.\.|[+\-*/%~|<>?:.,()[\]{}=])/;
const names = /^[A-Za-z_$][\w$]*/;
const numbers = /^\d+(?:\.\d+)?[lL]?/;
const maxEnd = 200;

export function fault(source: string, at: number, message: string): ExpressionError {
  const { line, column } = placeOf(source, at);
  return new ExpressionError(message, line, column);
}

/** Reads the tokens from an offset up to a closing delimiter, which is not in a string. */
export function tokens(
  source: string,
  from: number,
  close: '}}' | '%}' | '',
): { list: Token[]; end: number; trims: boolean } {
  const list: Token[] = [];
  let braces = 0;
  let at = from;
  for (;;) {
    while (at < source.length && /\s/.test(source[at]!)) at += 1;
    const rest = source.slice(at, at + maxEnd);
    if (close !== '' && braces === 0) {
      const trims = rest.startsWith(`-${close}`);
      if (trims || rest.startsWith(close)) {
        list.push({ kind: 'end', text: '', at });
        return { list, end: at + (trims ? 3 : 2), trims };
      }
    }
    if (at >= source.length) {
      if (close !== '') throw fault(source, from, `The closing ${close} is missing.`);
      list.push({ kind: 'end', text: '', at });
      return { list, end: at, trims: false };
    }
    const quote = source[at]!;
    if (quote === '"' || quote === "'") {
      const { text, end } = stringAt(source, at, quote);
      list.push({ kind: 'string', text, at, isDouble: quote === '"' });
      at = end;
      continue;
    }
    const number = numbers.exec(rest)?.[0];
    const name = number === undefined ? (names.exec(source.slice(at))?.[0] ?? undefined) : undefined;
    const operator = number ?? name ?? operators.exec(rest)?.[0];
    if (operator === undefined) throw fault(source, at, `The character ${JSON.stringify(quote)} is not expected here.`);
    // "1..3" is a range, and not the number 1. and so on.
    list.push({ kind: number ? 'number' : name ? 'name' : 'operator', text: operator, at });
    if (operator === '{') braces += 1;
    if (operator === '}') braces -= 1;
    at += operator.length;
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function stringAt(source: string, from: number, quote: string): { text: string; end: number } {
  const parts: string[] = [];
  for (let at = from + 1; at < source.length; at += 1) {
    const character = source[at]!;
    if (character === quote) return { text: parts.join(''), end: at + 1 };
    if (character !== '\\') parts.push(character);
    else {
      at += 1;
      const next = source[at] ?? '';
      parts.push(next === quote || next === '\\' ? next : (escapes[next] ?? `\\${next}`));
    }
  }
  throw fault(source, from, 'The closing quotation mark is missing.');
}
