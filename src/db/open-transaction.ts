import type pg from 'pg';
import { forgetName, isOutdated, nameOf, together, types } from './driver.ts';

/** A statement for the driver. */
export interface DriverStatement {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** True if the database keeps its plan. */
  readonly isKept?: boolean;
}

/** A statement that goes out together with COMMIT. */
export interface LastStatement extends DriverStatement {
  /** Receives the first row. */
  readonly done?: (row: Record<string, unknown> | undefined) => void;
  /** The error to throw if the statement fails. */
  readonly failure?: (error: unknown) => unknown;
}

type Result = pg.QueryResult;

const ended = () => new Error('The transaction has already ended.');
const timedOut = () => Object.assign(new Error('The transaction took too long.'), { code: 'P2028' });
const ignore = (): void => undefined;

const queryOf = ({ text, values = [], isKept = false }: DriverStatement): pg.QueryConfig & { types: typeof types } => ({
  text,
  values: values as unknown[],
  types,
  ...(isKept && { name: nameOf(text)! }),
});

/**
 * A transaction on a connection of the pool. BEGIN goes out with the first statement if that is a read, and COMMIT with
 * the last ones, so that neither costs a round trip.
 */
export class OpenTransaction {
  readonly #client: pg.PoolClient;
  readonly #timer: NodeJS.Timeout;
  #begun: Promise<unknown> | undefined;
  /** Why no more statements can be sent. */
  #over: Error | undefined;
  /** Called at the end, before the connection is released. */
  onEnd: () => void = ignore;

  constructor(client: pg.PoolClient, timeoutMs: number) {
    this.#client = client;
    // A connection that breaks reports it to the statement that is sent on it.
    client.on('error', ignore);
    this.#timer = setTimeout(() => void this.#expire(), timeoutMs);
    this.#timer.unref();
  }

  /** Sends a statement of the driver, as it is. BEGIN is answered first: without it, the statement would take effect. */
  async query(query: pg.QueryConfig & { rowMode?: string }): Promise<Result> {
    if (!this.#begun) await this.#begin();
    this.#assertOpen();
    return this.#client.query(query);
  }

  /** Writes, or reads after a write. @returns rows as objects. */
  async run<R = Record<string, unknown>>(statement: DriverStatement): Promise<R[]> {
    return (await this.#kept(statement, this.query(queryOf(statement)))).rows as R[];
  }

  /** Reads. A first read goes out with BEGIN: if that fails, it has changed nothing. @returns rows as objects. */
  async read<R = Record<string, unknown>>(statement: DriverStatement): Promise<R[]> {
    return (await this.#kept(statement, this.#first(queryOf(statement)))).rows as R[];
  }

  /** Like `read`, with rows as arrays. */
  async readArrays(statement: DriverStatement): Promise<unknown[][]> {
    return (await this.#kept(statement, this.#first({ ...queryOf(statement), rowMode: 'array' }))).rows;
  }

  /** Like `run`, with rows as arrays. */
  async runArrays(statement: DriverStatement): Promise<unknown[][]> {
    const query = { ...queryOf(statement), rowMode: 'array' };
    return (await this.#kept(statement, this.query(query))).rows;
  }

  async #first(query: pg.QueryConfig & { rowMode?: string }): Promise<Result> {
    if (this.#begun) return this.query(query);
    this.#assertOpen();
    const [begun, result] = together(this.#client, () => [this.#begin(), this.#client.query(query)]);
    result.catch(ignore);
    await begun;
    return result;
  }

  #begin(): Promise<unknown> {
    this.#assertOpen();
    this.#begun = this.#client.query('BEGIN');
    this.#begun.catch(ignore);
    return this.#begun;
  }

  async #kept(statement: DriverStatement, result: Promise<Result>): Promise<Result> {
    try {
      return await result;
    } catch (error) {
      if (statement.isKept && isOutdated(error)) forgetName(statement.text);
      throw error;
    }
  }

  #assertOpen(): void {
    if (this.#over) throw this.#over;
  }

  /** Sends the last statements with COMMIT. @throws the first error of them; the transaction is then rolled back. */
  commit(last: readonly LastStatement[]): Promise<void> {
    return this.#end(last, 'COMMIT');
  }

  /** Sends the last statements, as for a commit, and rolls back. */
  undo(last: readonly LastStatement[]): Promise<void> {
    return this.#end(last, 'ROLLBACK');
  }

  /** Rolls back after an error. */
  async rollback(): Promise<void> {
    if (this.#over) return;
    await this.#end([], 'ROLLBACK').catch(ignore);
  }

  async #end(last: readonly LastStatement[], word: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    this.#assertOpen();
    if (last.length > 0 && !this.#begun) await this.#begin();
    this.#assertOpen();
    this.#over = ended();
    clearTimeout(this.#timer);
    this.onEnd();
    if (!this.#begun) return this.#release();
    const client = this.#client;
    const [sent, end] = together(client, () => [
      last.map((one) => this.#kept(one, client.query(queryOf(one)))),
      client.query(word),
    ]);
    const outcomes = await Promise.allSettled([this.#begun, ...sent, end]);
    // The connection is not used again unless it is known to be without a transaction.
    this.#release(outcomes.at(-1)!.status === 'rejected');
    outcomes.forEach((outcome, i) => {
      if (outcome.status === 'rejected') throw last[i - 1]?.failure?.(outcome.reason) ?? outcome.reason;
    });
    if ((await end).command !== word)
      throw new Error('The transaction was aborted by an error of one of its statements.');
    for (const [i, one] of last.entries()) one.done?.((await sent[i]!).rows[0]);
  }

  async #expire(): Promise<void> {
    if (this.#over) return;
    this.#over = timedOut();
    this.onEnd();
    if (!this.#begun) return this.#release();
    // It waits for the statement that runs.
    const isRolledBack = await this.#client.query('ROLLBACK').then(
      () => true,
      () => false,
    );
    this.#release(!isRolledBack);
  }

  #release(isBroken = false): void {
    this.#client.off('error', ignore);
    this.#client.release(isBroken);
  }
}
