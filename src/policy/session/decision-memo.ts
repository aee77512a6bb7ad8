import type { Decision } from '../decide/decision.ts';
import type { PolicySet } from '../load/load.ts';

/** Caches the decisions of one session and tracks how long they hold. */
export class DecisionMemo {
  readonly #decisions = new Map<string, Decision>();
  /** The policies that the decisions are based on. */
  #by: PolicySet | undefined;
  /** When the first decision expires. 'now': a decision holds only for the moment. */
  #until: Date | 'now' | undefined;

  /** False if a policy read the clock without stating until when its verdict holds. No decision can then be reused. */
  get isSteady(): boolean {
    return this.#until !== 'now';
  }

  get(key: string, now: Date): Decision | undefined {
    const decision = this.#decisions.get(key);
    return decision?.steps.some(({ until }) => until && until <= now) ? undefined : decision;
  }

  /** @param by the policies that made the decision. */
  keep(key: string, decision: Decision, by: PolicySet): void {
    this.#decisions.set(key, decision);
    this.#by ??= by;
    for (const { until } of decision.steps)
      if (until && this.#until !== 'now' && !(this.#until && this.#until <= until)) this.#until = until;
    if (!decision.isSteady) this.#until = 'now';
  }

  /** Returns true if every decision still holds with these policies in force. */
  holds(by: PolicySet, now: Date): boolean {
    if (this.#until === 'now' || this.#by !== by) return false;
    return !(this.#until && this.#until <= now);
  }

  clear(): void {
    this.#decisions.clear();
    this.#by = undefined;
    this.#until = undefined;
  }
}
