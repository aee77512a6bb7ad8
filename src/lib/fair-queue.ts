export interface FairQueueOptions {
  /** Max concurrent tasks. */
  readonly width: number;
  /** Max concurrent tasks of one owner (default: all). */
  readonly share?: number;
  /** Max waiting tasks of one owner. */
  readonly perOwner: number;
  /** Max waiting tasks in total. */
  readonly total: number;
  /** Creates the error for an owner with too many waiting tasks. */
  readonly refusal: () => Error;
}

interface Waiting {
  readonly owner: string;
  readonly part: string;
  /** Number of earlier waiting tasks of the same part. */
  readonly round: number;
  begin(): void;
  refuse(error: Error): void;
}

export interface Place {
  /** Waits until no other task waits. For background work. */
  readonly behind?: boolean;
  /** Part of the owner that the task belongs to. The parts of an owner also take turns. */
  readonly part?: string;
  /** Cancels a waiting task. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A queue with fair turns: owners take turns to start one task each, however many tasks the others have waiting. A full
 * queue accepts a new task and refuses the last task of the owner with the most. The parts of an owner share its turns
 * in the same way.
 */
export class FairQueue {
  readonly #options: FairQueueOptions;
  /** In order of turns: an owner whose task starts moves to the end. */
  readonly #front = new Map<string, Waiting[]>();
  readonly #behind = new Map<string, Waiting[]>();
  readonly #running = new Map<string, number>();
  #width = 0;
  #waiting = 0;

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Runs the work in its turn. @throws the refusal if its owner has too many waiting tasks. */
  async run<T>(owner: string, work: () => Promise<T>, place: Place = {}): Promise<T> {
    const leave = await this.enter(owner, place);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Waits for a turn. @returns a function to release it. */
  async enter(owner: string, { behind = false, part = '', signal }: Place = {}): Promise<() => void> {
    const free = this.tryEnter(owner);
    if (free) return free;
    await this.#wait(owner, part, behind ? this.#behind : this.#front, signal);
    return this.#leaving(owner);
  }

  /** Returns a turn if one is free. @returns a function to release it. */
  tryEnter(owner: string): (() => void) | undefined {
    if (!this.#isFree(owner) || this.#mustWait(owner)) return undefined;
    this.#begin(owner);
    return this.#leaving(owner);
  }

  /**
   * True if another task is entitled to the free place. An owner with all of its share in use can wait although places
   * are free.
   */
  #mustWait(owner: string): boolean {
    if (this.#waiting === 0) return false;
    return [this.#front, this.#behind].some((queue) =>
      queue.keys().some((other) => other === owner || this.#isFree(other)),
    );
  }

  #leaving(owner: string): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#end(owner);
    };
  }

  #isFree(owner: string): boolean {
    const { width, share = width } = this.#options;
    return this.#width < width && (this.#running.get(owner) ?? 0) < share;
  }

  #begin(owner: string): void {
    this.#width += 1;
    this.#running.set(owner, (this.#running.get(owner) ?? 0) + 1);
  }

  #end(owner: string): void {
    this.#width -= 1;
    const left = this.#running.get(owner)! - 1;
    if (left > 0) this.#running.set(owner, left);
    else this.#running.delete(owner);
    this.#next();
  }

  #next(): void {
    for (const queue of [this.#front, this.#behind]) {
      for (const [owner, own] of queue) {
        if (this.#width >= this.#options.width) return;
        if (!this.#isFree(owner)) continue;
        const first = own.shift()!;
        queue.delete(owner);
        if (own.length > 0) queue.set(owner, own);
        this.#waiting -= 1;
        this.#begin(owner);
        first.begin();
      }
    }
  }

  #wait(owner: string, part: string, queue: Map<string, Waiting[]>, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const { perOwner, total, refusal } = this.#options;
    const own = queue.get(owner) ?? [];
    const round = own.filter((other) => other.part === part).length;
    if (own.length >= perOwner && !this.#giveWay(queue, own, round)) throw refusal();
    if (this.#waiting >= total && !this.#makeRoom(own.length)) throw refusal();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      this.#forget(queue, waiting);
      reject(signal!.reason as Error);
    };
    const settle = (end: () => void) => {
      signal?.removeEventListener('abort', giveUp);
      end();
    };
    const waiting: Waiting = {
      owner,
      part,
      round,
      begin: () => settle(resolve),
      refuse: (error) => settle(() => reject(error)),
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    const later = own.findIndex((other) => other.round > round);
    own.splice(later < 0 ? own.length : later, 0, waiting);
    queue.set(owner, own);
    this.#waiting += 1;
    // Tasks of an owner with all of its share in use can wait although places are free.
    this.#next();
    return promise;
  }

  /**
   * Refuses the last task of an owner with more waiting tasks than the new one would have.
   * @returns true if there is one.
   */
  #makeRoom(count: number): boolean {
    for (const queue of [this.#behind, this.#front]) {
      let longest: Waiting[] = [];
      for (const own of queue.values()) if (own.length > longest.length) longest = own;
      if (longest.length <= count + 1) continue;
      this.#refuse(queue, longest.at(-1)!);
      return true;
    }
    return false;
  }

  /**
   * Refuses the last task of the owner's part with the most waiting tasks, in favour of another part.
   * @returns true if there is one.
   */
  #giveWay(queue: Map<string, Waiting[]>, own: readonly Waiting[], round: number): boolean {
    const last = own.at(-1);
    if (!last || last.round <= round) return false;
    this.#refuse(queue, last);
    return true;
  }

  #refuse(queue: Map<string, Waiting[]>, waiting: Waiting): void {
    this.#forget(queue, waiting);
    waiting.refuse(this.#options.refusal());
  }

  #forget(queue: Map<string, Waiting[]>, waiting: Waiting): void {
    const own = queue.get(waiting.owner) ?? [];
    const at = own.indexOf(waiting);
    if (at < 0) return;
    own.splice(at, 1);
    this.#waiting -= 1;
    if (own.length === 0) queue.delete(waiting.owner);
  }
}
