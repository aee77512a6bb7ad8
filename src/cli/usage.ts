import { ToldError } from '../lib/told-error.ts';
/** What the person at the command line can mend: told without a stack. */
export class UsageError extends ToldError {}

export interface Command {
  readonly name: string;
  readonly usage: string;
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
