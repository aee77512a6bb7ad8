import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import { GatehouseError } from '../errors.ts';

/** The time that one request has. When it is over, its running statements are cancelled and no new one starts. */
export class Deadline {
  readonly #running = new Set<number>();
  #timer: NodeJS.Timeout;
  readonly #over = new AbortController();
  #cancel: ((pids: number[]) => void) | undefined;

  constructor(milliseconds: number) {
    this.#timer = setTimeout(() => this.expire(), milliseconds);
    this.#timer.unref();
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  expire(): void {
    this.#over.abort(new GatehouseError('TIMEOUT', 'The request took too long and was given up.'));
    if (this.#running.size > 0) this.#cancel?.([...this.#running]);
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

  enter(pid: number, cancel: (pids: number[]) => void): void {
    this.#over.signal.throwIfAborted();
    this.#cancel = cancel;
    this.#running.add(pid);
  }

  leave(pid: number): void {
    this.#running.delete(pid);
  }
}

const current = new AsyncLocalStorage<Deadline>();

export const currentDeadline = (): Deadline | undefined => current.getStore();
export const withDeadline = <T>(deadline: Deadline, work: () => T): T => current.run(deadline, work);

/** A pg client class whose statements belong to the request that sent them. `cancel` ends statements by backend pid. */
export function deadlineClient(cancel: (pids: number[]) => void): typeof pg.Client {
  return class extends pg.Client {
    override query(...args: unknown[]): never {
      const deadline = current.getStore();
      const text = typeof args[0] === 'string' ? args[0] : (args[0] as { text?: string } | undefined)?.text;
      // COMMIT and ROLLBACK must always run: they end what is open.
      const run = super.query as (...rest: unknown[]) => unknown;
      if (!deadline || text === undefined || /^\s*(COMMIT|ROLLBACK)/i.test(text)) return run.apply(this, args) as never;
      const pid = (this as unknown as { processID: number }).processID;
      try {
        deadline.enter(pid, cancel);
      } catch (error) {
        if (typeof args.at(-1) !== 'function') return Promise.reject(error) as never;
        (args.at(-1) as (error: unknown) => void)(error);
        return undefined as never;
      }
      const result = run.apply(this, args);
      if (result instanceof Promise) {
        return result.finally(() => deadline.leave(pid)) as never;
      }
      deadline.leave(pid);
      return result as never;
    }
  } as unknown as typeof pg.Client;
}
