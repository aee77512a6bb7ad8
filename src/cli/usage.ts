/** What the person at the command line can mend: told without a stack. */
export class UsageError extends Error {}

export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly description: string;
  /** @returns the exit code. */
  run(args: readonly string[]): Promise<number>;
}
