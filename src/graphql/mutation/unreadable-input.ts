import type { GatehouseError } from '../../errors.ts';

/**
 * Replaces the `sequence` of an item that could not be read. Other items continue, and this one returns its error.
 * Callers cannot send one, since input is JSON.
 */
export class RefusedInput {
  readonly error: GatehouseError;
  constructor(error: GatehouseError) {
    this.error = error;
  }
}

/** Why an input could not be read; undefined if it could. */
export function unreadable(input: object): GatehouseError | undefined {
  const { sequence } = input as { sequence?: unknown };
  return sequence instanceof RefusedInput ? sequence.error : undefined;
}
