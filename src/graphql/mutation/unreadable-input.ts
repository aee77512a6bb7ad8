import type { GatehouseError } from '../../errors.ts';

/**
 * Stands in the place of an item that could not be read, as its `sequence`: its neighbours go on, and it is answered by
 * its own error. No caller can send one: what comes over the network is JSON.
 */
export class RefusedInput {
  readonly error: GatehouseError;
  constructor(error: GatehouseError) {
    this.error = error;
  }
}

/** Why an input could not be read; undefined where it could. */
export function unreadable(input: object): GatehouseError | undefined {
  const { sequence } = input as { sequence?: unknown };
  return sequence instanceof RefusedInput ? sequence.error : undefined;
}
