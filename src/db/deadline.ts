import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import { GatehouseError } from '../errors.ts';
import { currentRequest } from '../lib/request-scope.ts';
import type { ObserveStatement } from './observe-statements.ts';
import { cutOff, type RunningStatements } from './statement-watch.ts';

/** Cancels the running statements of these backends. Always resolves, whether or not it succeeds. */
export type Cancel = (pids: number[]) => Promise<void>;

/** The time limit of a request. When it expires, running statements are cancelled and new ones are refused. */
export class Deadline {
  /** Number of running statements by backend. */
  readonly #running = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  readonly #ended = Promise.withResolvers<never>();
  #fault: GatehouseError | undefined;
  #controller: AbortController | undefined;
  #cancel: Cancel | undefined;
  #cancelling: Promise<void> | undefined;
  /** Owner of the share of connections that the request uses; undefined while unknown. */
  owner: () => string | undefined = () => undefined;
  /**
   * Number of open transactions, or turns on which others wait. While it is above 0, the request does not wait for its
   * own account.
   */
  ahead = 0;

  /** @param milliseconds omit for no limit. The deadline then only names the owner of the connections. */
  constructor(milliseconds?: number) {
    if (milliseconds !== undefined) this.extend(milliseconds);
    this.#ended.promise.catch(() => undefined);
  }

  /** Rejects with TIMEOUT at expiry. Never resolves. */
  get over(): Promise<never> {
    return this.#ended.promise;
  }

  /** A TIMEOUT error after expiry. */
  get fault(): GatehouseError | undefined {
    return this.#fault;
  }

  /** @throws TIMEOUT after expiry. */
  throwIfOver(): void {
    if (this.#fault) throw this.#fault;
  }

  /** Created on first use, because most requests do not need it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#fault && !this.#controller.signal.aborted) this.#controller.abort(this.#fault);
    return this.#controller.signal;
  }

  expire(): void {
    this.#fault ??= new GatehouseError('TIMEOUT', 'The request timed out and was cancelled.');
    this.#ended.reject(this.#fault);
    this.#controller?.abort(this.#fault);
    if (this.#running.size > 0) this.#cancelling = this.#cancel?.([...this.#running.keys()]);
  }

  /** Runs work on which others wait. Its statements do not wait for those of the same account. */
  async goAhead<T>(work: () => Promise<T>): Promise<T> {
    this.ahead += 1;
    try {
      return await work();
    } finally {
      this.ahead -= 1;
    }
  }

  /** Extends the deadline for long work. */
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
    this.#running.set(pid, (this.#running.get(pid) ?? 0) + 1);
  }

  /**
   * Called at the end of a statement. `done` releases its connection, but not before a pending cancellation has
   * arrived: it would hit a statement of another request.
   */
  leave(pid: number, done: () => void): void {
    const others = (this.#running.get(pid) ?? 1) - 1;
    if (others > 0) this.#running.set(pid, others);
    else this.#running.delete(pid);
    if (this.#cancelling) void this.#cancelling.then(done);
    else done();
  }
}

const current = new AsyncLocalStorage<Deadline>();

export const currentDeadline = (): Deadline | undefined => current.getStore();
/** Runs work that several requests share, or that must not be lost, independent of the current request's deadline. */
export const withoutDeadline = <T>(work: () => T): T => current.exit(work);
export const withDeadline = <T>(deadline: Deadline, work: () => T): T => current.run(deadline, work);

type Done = (...results: unknown[]) => void;

const textOf = (query: unknown): string | undefined =>
  typeof query === 'string' ? query : (query as { text?: string } | undefined)?.text;

/** A pg client class that attributes statements to the current request, and watches them while they run. */
export function deadlineClient(
  cancel: Cancel,
  running: RunningStatements,
  observe?: ObserveStatement,
): typeof pg.Client {
  class WatchedClient extends pg.Client {
    override query(...args: unknown[]): never {
      const run = super.query as (...rest: unknown[]) => unknown;
      const ended = running.began(this);
      const request = currentRequest();
      if (request) request.statements += 1;
      const observed = observe?.(textOf(args[0]));
      const last = args.at(-1);
      // The pool uses callbacks, all other callers promises.
      if (typeof last !== 'function') {
        const result = run.apply(this, args) as Promise<unknown>;
        if (observed) result.then(() => observed(), observed);
        return result.finally(ended) as never;
      }
      const done: Done = (...results) => {
        ended();
        observed?.(results[0]);
        (last as Done)(...results);
      };
      return run.apply(this, [...args.slice(0, -1), done]) as never;
    }

    override end(...args: unknown[]): never {
      // A pipelining client would wait for its statements, however long they take.
      if (running.isWaiting(this)) cutOff(this);
      return (super.end as (...rest: unknown[]) => unknown).apply(this, args) as never;
    }
  }
  return class extends WatchedClient {
    override query(...args: unknown[]): never {
      const deadline = current.getStore();
      const text = textOf(args[0]);
      const run = super.query as (...rest: unknown[]) => unknown;
      // COMMIT and ROLLBACK must always run, because they end the transaction.
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
