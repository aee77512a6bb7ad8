/**
 * What every wake has: those who listen here, who hear of a topic at once, and topics that are gathered for a moment, so
 * that many changes at once are told to the other gateways in one message.
 */
export class Gather {
  readonly #listeners = new Set<(topic: string) => void>();
  readonly #topics = new Set<string>();
  readonly #milliseconds: number;
  readonly #publish: (topics: string) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param publish gets the topics, by comma; `*` where there are more than fit into a message. */
  constructor(milliseconds: number, publish: (topics: string) => void) {
    this.#milliseconds = milliseconds;
    this.#publish = publish;
  }

  /** Tells those who listen here. */
  tell(topic: string): void {
    for (const listener of this.#listeners) listener(topic);
  }

  readonly on = (listener: (topic: string) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Tells those who listen here, and soon the others. */
  readonly send = (topic: string): void => {
    this.tell(topic);
    this.#topics.add(topic);
    this.#timer ??= setTimeout(() => this.flush(), this.#milliseconds);
  };

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#topics.size === 0) return;
    const topics = [...this.#topics].join(',');
    this.#topics.clear();
    // PostgreSQL's NOTIFY carries at most 8,000 bytes; more topics than fit means everybody looks.
    this.#publish(topics.length < 7_900 ? topics : '*');
  }
}
