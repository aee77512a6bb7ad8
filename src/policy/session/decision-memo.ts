import type { Decision } from '../decide/decision.ts';
import type { PolicySet } from '../load/load.ts';

/** The decisions of one session, and how long they hold. */
export class DecisionMemo {
  readonly #decisions = new Map<string, Decision>();
  /** The policies that decided. */
  #by: PolicySet | undefined;
  /** When the first decision ends; `now`: one holds for the moment only. */
  #until: Date | 'now' | undefined;

  /** False: a policy looked at the clock without saying how long its answer holds, so nothing holds. */
  get isSteady(): boolean {
    return this.#until !== 'now';
  }

  get(key: string, now: Date): Decision | undefined {
    const decision = this.#decisions.get(key);
    return decision?.steps.some(({ until }) => until && until <= now) ? undefined : decision;
  }

  /** @param by the policies in force. */
  keep(key: string, decision: Decision, by: PolicySet): void {
    this.#decisions.set(key, decision);
    this.#by ??= by;
    for (const { until } of decision.steps)
      if (until && this.#until !== 'now' && !(this.#until && this.#until <= until)) this.#until = until;
    if (!decision.isSteady) this.#until = 'now';
  }

  /** Does every decision hold still, with these policies in force? */
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
