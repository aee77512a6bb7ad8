import { ToldError } from '../lib/told-error.ts';
/** What the person at the command line can mend: told without a stack. */
export class UsageError extends ToldError {}

export interface Command {
  readonly name: string;
  readonly usage: string;
  /** Each form of the command with all its options, where `usage` is shorter. */
  readonly forms?: readonly string[];
  readonly description: string;
  /** @returns the exit code. */
  run(args: readonly string[]): Promise<number>;
}

/** Reads options. @throws UsageError with the usage for whatever is wrong with them. */
export async function usedAs<T>(usage: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${(error as Error).message}\n${usage}`);
  }
}

/** What `--help` prints: the forms of the command, or of the part that was named. */
export function helpOf({ name, usage, forms = [usage], description }: Command, [part]: readonly string[]): string {
  const ofPart = forms.filter((form) => form.split(' ', 2).join(' ') === `${name} ${part}`);
  const lines = (ofPart.length > 0 ? ofPart : forms).map((form) => `  gatehouse ${form}`);
  return `${description}\n\nUsage:\n${lines.join('\n')}`;
}

/** @throws UsageError where a command that takes no arguments has some. */
export function assertNoArguments(usage: string, args: readonly string[]): void {
  if (args.length > 0)
    throw new UsageError(`It takes no arguments, and got ${args.join(' ')}.\nUsage: gatehouse ${usage}`);
}
