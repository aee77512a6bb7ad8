import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import { GatehouseError } from '../errors.ts';
import type { RunningStatements } from './statement-watch.ts';

/** Ends the statements that these backends run; resolves, always, when it was done or could not be. */
export type Cancel = (pids: number[]) => Promise<void>;

/** The time that one request has. When it is over, its running statements are cancelled and no new one starts. */
export class Deadline {
  readonly #running = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  readonly #ended = Promise.withResolvers<never>();
  #fault: GatehouseError | undefined;
  #controller: AbortController | undefined;
  #cancel: Cancel | undefined;
  #cancelling: Promise<void> | undefined;
  /** Whose share of the connections the request uses; undefined: not known yet. */
  owner: () => string | undefined = () => undefined;
  /** For how many transactions, or turns that others wait for, the request must not wait behind its own account. */
  ahead = 0;

  /** @param milliseconds left out: it has no end, and only says whose share of the connections is used. */
  constructor(milliseconds?: number) {
    if (milliseconds !== undefined) this.extend(milliseconds);
    this.#ended.promise.catch(() => undefined);
  }

  /** Rejects with TIMEOUT when the time is over; never resolves. */
  get over(): Promise<never> {
    return this.#ended.promise;
  }

  /** TIMEOUT, when the time is over. */
  get fault(): GatehouseError | undefined {
    return this.#fault;
  }

  /** @throws TIMEOUT when the time is over. */
  throwIfOver(): void {
    if (this.#fault) throw this.#fault;
  }

  /** Made when it is first asked for: most requests never wait for anything that needs one. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#fault && !this.#controller.signal.aborted) this.#controller.abort(this.#fault);
    return this.#controller.signal;
  }

  expire(): void {
    this.#fault ??= new GatehouseError('TIMEOUT', 'The request took too long and was cancelled.');
    this.#ended.reject(this.#fault);
    this.#controller?.abort(this.#fault);
    if (this.#running.size > 0) this.#cancelling = this.#cancel?.([...this.#running]);
  }

  /** Does work that others wait for: its statements do not wait behind those of its own account. */
  async goAhead<T>(work: () => Promise<T>): Promise<T> {
    this.ahead += 1;
    try {
      return await work();
    } finally {
      this.ahead -= 1;
    }
  }

  /** Gives more time, for work that is known to be long. */
  extend(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.expire(), milliseconds);
    this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  enter(pid: number, cancel: Cancel): void {
    this.throwIfOver();
    this.#cancel = cancel;
    this.#running.add(pid);
  }

  /**
   * The statement ended. `done` gives its connection to the next: not before a cancellation that is on its way has
   * arrived, or it would hit a statement of somebody else.
   */
  leave(pid: number, done: () => void): void {
    this.#running.delete(pid);
    if (this.#cancelling) void this.#cancelling.then(done);
    else done();
  }
}

const current = new AsyncLocalStorage<Deadline>();

export const currentDeadline = (): Deadline | undefined => current.getStore();
/** For work that several requests share, or that must not be lost: it does not end with the request that began it. */
export const withoutDeadline = <T>(work: () => T): T => current.exit(work);
export const withDeadline = <T>(deadline: Deadline, work: () => T): T => current.run(deadline, work);

type Done = (...results: unknown[]) => void;

/** A pg client class whose statements belong to the request that sent them, and are watched while they run. */
export function deadlineClient(cancel: Cancel, running: RunningStatements): typeof pg.Client {
  class WatchedClient extends pg.Client {
    override query(...args: unknown[]): never {
      const run = super.query as (...rest: unknown[]) => unknown;
      const ended = running.began(this);
      const last = args.at(-1);
      // The pool asks by callback, everybody else by promise.
      if (typeof last !== 'function') return (run.apply(this, args) as Promise<unknown>).finally(ended) as never;
      const done: Done = (...results) => {
        ended();
        (last as Done)(...results);
      };
      return run.apply(this, [...args.slice(0, -1), done]) as never;
    }
  }
  return class extends WatchedClient {
    override query(...args: unknown[]): never {
      const deadline = current.getStore();
      const text = typeof args[0] === 'string' ? args[0] : (args[0] as { text?: string } | undefined)?.text;
      const run = super.query as (...rest: unknown[]) => unknown;
      // COMMIT and ROLLBACK must always run: they end what is open.
      if (!deadline || text === undefined || /^\s*(COMMIT|ROLLBACK)/i.test(text)) return run.apply(this, args) as never;
      const pid = (this as unknown as { processID: number }).processID;
      const last = args.at(-1);
      try {
        deadline.enter(pid, cancel);
      } catch (error) {
        if (typeof last !== 'function') return Promise.reject(error) as never;
        (last as Done)(error);
        return undefined as never;
      }
      if (typeof last === 'function') {
        const done: Done = (...results) => deadline.leave(pid, () => (last as Done)(...results));
        return run.apply(this, [...args.slice(0, -1), done]) as never;
      }
      const left = () => new Promise<void>((resolve) => deadline.leave(pid, resolve));
      return (run.apply(this, args) as Promise<unknown>).finally(left) as never;
    }
  } as unknown as typeof pg.Client;
}
