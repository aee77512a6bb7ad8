import type { Log } from '../lib/log.ts';

/** How often it is looked at; nothing is asked of the database for it. */
const lookMs = 100;
/** A statement without an answer for so long is given up while the database is silent. */
const patienceMs = 1_500;

export interface SilenceOptions {
  /** Did the database answer within the last two seconds? */
  readonly answers: () => boolean;
  /** Ends what has waited for it for longer than this. */
  readonly giveUp: (milliseconds: number) => void;
  readonly log: Log;
}

/** Tells the log when the database goes silent and when it answers again, and lets nobody wait for it meanwhile. */
export class Silence {
  readonly #options: SilenceOptions;
  readonly #timer: NodeJS.Timeout;
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
    if (answers()) {
      if (this.#since !== undefined)
        log.info('the database answers again', { seconds: Math.round((performance.now() - this.#since) / 1_000) });
      this.#since = undefined;
      return;
    }
    if (this.#since === undefined) {
      this.#since = performance.now();
      log.error('the database does not answer', { consequence: 'requests are refused with 503 until it does' });
    }
    giveUp(patienceMs);
  }
}
