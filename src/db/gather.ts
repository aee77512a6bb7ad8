/** Gathers topics for a moment, so that many changes at once are told in one message. */
export class Gather {
  readonly #topics = new Set<string>();
  readonly #milliseconds: number;
  readonly #tell: (topics: string) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param tell gets the topics, by comma; `*` where there are more than fit into a message. */
  constructor(milliseconds: number, tell: (topics: string) => void) {
    this.#milliseconds = milliseconds;
    this.#tell = tell;
  }

  add(topic: string): void {
    this.#topics.add(topic);
    this.#timer ??= setTimeout(() => this.flush(), this.#milliseconds);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#topics.size === 0) return;
    const topics = [...this.#topics].join(',');
    this.#topics.clear();
    // PostgreSQL's NOTIFY carries at most 8,000 bytes; more topics than fit means everybody looks.
    this.#tell(topics.length < 7_900 ? topics : '*');
  }
}
