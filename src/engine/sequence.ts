import { createHash } from 'node:crypto';

/**
 * Increasing sequence numbers without state per execution: microseconds since 1970, raised above every number that was
 * observed. An engine that takes over an execution observes the numbers of its predecessor, whose clock can be ahead.
 */
export class Sequence {
  #last = 0n;

  next(): string {
    const now = BigInt(Date.now()) * 1_000n;
    this.#last = now > this.#last ? now : this.#last + 1n;
    return String(this.#last);
  }

  observe(sequence: string | bigint | null | undefined): void {
    if (sequence != null && BigInt(sequence) > this.#last) this.#last = BigInt(sequence);
  }
}

/** The sequence of the first report of an execution: only the first of two engines that create it is applied. */
export const creation = '1';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * The ID of an execution that a cause starts: 22 base-62 digits. The same cause has the same ID, so that a trigger that
 * is claimed again after a crash does not start a second execution.
 */
export function executionIdOf(...cause: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(cause)).digest('hex');
  let rest = BigInt(`0x${hash.slice(0, 32)}`);
  let id = '';
  for (let i = 0; i < 22; i += 1) {
    id = digits[Number(rest % 62n)]! + id;
    rest /= 62n;
  }
  return id;
}
