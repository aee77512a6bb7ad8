import type { Log } from '../lib/log.ts';

/** Interval of the checks. A check sends no statement. */
const lookMs = 100;
/**
 * Number of consecutive checks without a response that count as silence. After a pause of the gateway's own thread, one
 * check can miss a response that has already arrived.
 */
const looksOfSilence = 3;
/** While the database is silent, a statement without an answer is cancelled after this time. */
const patienceMs = 1_500;

export interface SilenceOptions {
  /** True if the database answered within the last two seconds. */
  readonly answers: () => boolean;
  /** Cancels what has waited longer than this. */
  readonly giveUp: (milliseconds: number) => void;
  readonly log: Log;
}

/** Logs when the database goes silent and when it answers again. Meanwhile, it cancels what waits for the database. */
export class Silence {
  readonly #options: SilenceOptions;
  readonly #timer: NodeJS.Timeout;
  #missed = 0;
  #since: number | undefined;

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), lookMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { answers, giveUp, log } = this.#options;
    this.#missed = answers() ? 0 : this.#missed + 1;
    if (this.#missed === 0) {
      if (this.#since !== undefined)
        log.info('the database answers again', { seconds: Math.round((performance.now() - this.#since) / 1_000) });
      this.#since = undefined;
      return;
    }
    if (this.#missed < looksOfSilence) return;
    if (this.#since === undefined) {
      this.#since = performance.now();
      log.error('the database does not answer', { consequence: 'requests are refused with 503 until it does' });
    }
    giveUp(patienceMs);
  }
}
