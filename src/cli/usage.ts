import { OperatorError } from '../lib/operator-error.ts';
/** A mistake that the user at the command line can fix: reported without a stack. */
export class UsageError extends OperatorError {}

export interface Command {
  readonly name: string;
  readonly usage: string;
  /** All forms of the command with their options, if `usage` is shorter. */
  readonly forms?: readonly string[];
  readonly description: string;
  /** @returns the exit code. */
  run(args: readonly string[]): Promise<number>;
}

/** Parses options. @throws UsageError with the usage for invalid options. */
export async function usedAs<T>(usage: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${(error as Error).message}\n${usage}`);
  }
}

/** Output of `--help`: the forms of the command, or of the given subcommand. */
export function helpOf({ name, usage, forms = [usage], description }: Command, [part]: readonly string[]): string {
  const ofPart = forms.filter((form) => form.split(' ', 2).join(' ') === `${name} ${part}`);
  const lines = (ofPart.length > 0 ? ofPart : forms).map((form) => `  gatehouse ${form}`);
  return `${description}\n\nUsage:\n${lines.join('\n')}`;
}

/** @throws UsageError if a command without arguments gets some. */
export function assertNoArguments(usage: string, args: readonly string[]): void {
  if (args.length > 0)
    throw new UsageError(`The command accepts no arguments, but got ${args.join(' ')}.\nUsage: gatehouse ${usage}`);
}
