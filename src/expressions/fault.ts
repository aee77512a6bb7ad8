/** A fault of an expression, with its place in the text. */
export class ExpressionError extends Error {
  /** Line and column, from 1. */
  readonly line: number;
  readonly column: number;
  constructor(message: string, line: number, column: number) {
    super(message);
    this.name = 'ExpressionError';
    this.line = line;
    this.column = column;
  }
}

/** A fault without a place: the interpreter adds that of the expression. */
export class Fault extends Error {}
/** The value does not exist. `??`, `???`, `default` and `is defined` accept that. */
export class Undefined extends Fault {}

/** The place of an offset in a text. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - start + 1 };
}
