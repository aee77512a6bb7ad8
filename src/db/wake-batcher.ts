/**
 * The common part of all wakes: local listeners, which are notified immediately, and a short buffer of topics, so that
 * concurrent changes reach the other gateways in one message.
 */
export class WakeBatcher {
  readonly #listeners = new Set<(topic: string) => void>();
  readonly #topics = new Set<string>();
  readonly #milliseconds: number;
  readonly #publish: (topics: string) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param publish receives the topics, separated by commas, or `*` if they exceed a message. */
  constructor(milliseconds: number, publish: (topics: string) => void) {
    this.#milliseconds = milliseconds;
    this.#publish = publish;
  }

  /** Notifies the local listeners. */
  notify(topic: string): void {
    for (const listener of this.#listeners) listener(topic);
  }

  readonly on = (listener: (topic: string) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Notifies the local listeners, and soon the other gateways. */
  readonly send = (topic: string): void => {
    this.notify(topic);
    this.#topics.add(topic);
    this.#timer ??= setTimeout(() => this.flush(), this.#milliseconds);
  };

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#topics.size === 0) return;
    const topics = [...this.#topics].join(',');
    this.#topics.clear();
    // A NOTIFY of PostgreSQL has at most 8,000 bytes. If the topics exceed it, all listeners check for changes.
    this.#publish(topics.length < 7_900 ? topics : '*');
  }
}
