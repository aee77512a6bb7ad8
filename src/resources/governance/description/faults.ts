import type { Tx } from '../../../db/transaction.ts';
import { GatehouseError, type Issue } from '../../../errors.ts';
import { attempt } from '../../../policy/session/reviewed.ts';

const maxNumber = 100;
const refusals = ['POLICY_ERROR', 'FORBIDDEN'];

/** Collects the faults of a description with their paths, so that all are reported at once. */
export class Faults {
  readonly #tx: Tx;
  readonly #root: Issue['path'];
  readonly #errors: { readonly path: Issue['path']; readonly error: GatehouseError }[] = [];

  constructor(tx: Tx, root: Issue['path']) {
    this.#tx = tx;
    this.#root = root;
  }

  add(path: Issue['path'], error: GatehouseError | string): void {
    this.#errors.push({ path, error: typeof error === 'string' ? new GatehouseError('BAD_INPUT', error) : error });
  }

  /** Runs the work. A refusal becomes a fault at this path, and the result is undefined. */
  async at<T>(path: Issue['path'], work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await attempt(this.#tx, async () => work());
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error;
      this.add(path, error);
      return undefined;
    }
  }

  /** Runs all at once. If that is refused, runs one by one, to find the cause. */
  async all<T extends { readonly path: Issue['path'] }>(
    items: readonly T[],
    work: (items: readonly T[]) => Promise<unknown>,
  ): Promise<void> {
    if (items.length === 0) return;
    try {
      await attempt(this.#tx, () => work(items));
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error;
      if (items.length === 1) this.add(items[0]!.path, error);
      else {
        for (const item of items) {
          // More faults have no value, and all other writers of access wait meanwhile.
          if (this.#errors.length >= maxNumber) break;
          await this.all([item], work);
        }
      }
      if (this.#errors.length === 0) this.add(items[0]!.path, error);
    }
  }

  /** @throws all faults so far: as a refusal, if one of them is. */
  assertNone(): void {
    if (this.#errors.length === 0) return;
    const { error } =
      this.#errors.find((fault) => refusals.includes(fault.error.code)) ??
      this.#errors.find((fault) => fault.error.code !== 'BAD_INPUT') ??
      this.#errors[0]!;
    const issues = this.#errors
      .slice(0, maxNumber)
      .map((fault) => ({ path: [...this.#root, ...fault.path], message: fault.error.message }));
    const { code: _code, ...details } = error.extensions;
    const more = this.#errors.length - 1;
    const message =
      more === 0 ? error.message : `${error.message} And ${more} more ${more === 1 ? 'fault' : 'faults'}.`;
    throw new GatehouseError(error.code, message, { ...details, issues });
  }
}
