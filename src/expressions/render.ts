import { Budget, defaultLimits, type Limits } from './budget.ts';
import { ExpressionError, Fault } from './fault.ts';
import type { Callable } from './functions.ts';
import { Interpreter } from './interpreter.ts';
import type { Value } from './values.ts';

export { ExpressionError } from './fault.ts';
export type { Callable } from './functions.ts';
export type { Value } from './values.ts';

export interface RenderOptions {
  /** Functions of the host, by name, such as `secret` in an engine. */
  readonly functions?: Readonly<Record<string, Callable>>;
  readonly limits?: Partial<Limits>;
}

export const maxExpression = 50_000;

function run<T>(text: string, options: RenderOptions, work: (budget: Budget) => T): T {
  if (text.length > maxExpression)
    throw new ExpressionError(`An expression can have at most ${maxExpression} characters.`, 1, 1);
  try {
    return work(new Budget({ ...defaultLimits, ...options.limits }));
  } catch (error) {
    if (error instanceof ExpressionError) throw error;
    if (error instanceof Fault) throw new ExpressionError(error.message, 1, 1);
    if (error instanceof RangeError) throw new ExpressionError('The expression is nested too deeply.', 1, 1);
    throw error;
  }
}

/**
 * Renders a text with expressions in Pebble's syntax over these variables, which are JSON.
 * @throws {ExpressionError} with the place of the fault.
 */
export const render = (text: string, variables: object, options: RenderOptions = {}): string =>
  run(text, options, (budget) =>
    new Interpreter(text, variables as Record<string, Value>, options.functions ?? {}, budget).render(),
  );

/** The value of a text that is one expression, and the rendered text of any other. */
export const evaluate = (text: string, variables: object, options: RenderOptions = {}): Value =>
  run(text, options, (budget) => {
    const make = () => new Interpreter(text, variables as Record<string, Value>, options.functions ?? {}, budget);
    const value = make().value();
    return value === undefined ? make().render() : value;
  });
