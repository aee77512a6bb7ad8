import type pg from 'pg';
import { type DriverStatement, forgetName, isOutdated, type Query, queryOf, together } from './driver.ts';
import { stateOf } from './sql-state.ts';

/** A statement that goes out together with COMMIT. */
export interface LastStatement extends DriverStatement {
  /** Receives the first row. */
  readonly done?: (row: Record<string, unknown> | undefined) => void;
  /** The error to throw if the statement fails. */
  readonly failure?: (error: unknown) => unknown;
}

type Result = pg.QueryResult;
type Row = Record<string, unknown>;

const ended = () => new Error('The transaction has already ended.');
const timedOut = () => Object.assign(new Error('The transaction took too long.'), { code: 'P2028' });
const ignore = (): void => undefined;

/**
 * A transaction on a connection of the pool. BEGIN goes out with the first statement if that is a read, and COMMIT with
 * the last ones, so that neither costs a round trip.
 */
export class OpenTransaction {
  readonly #client: pg.PoolClient;
  readonly #timer: NodeJS.Timeout;
  #begun: Promise<unknown> | undefined;
  #isBegun = false;
  /** Writes that nothing waits for. Their errors are reported at the end, or by the next statement. */
  readonly #unawaited: Promise<unknown>[] = [];
  /** Writes that go out with the next statement. */
  readonly #deferred: (() => void)[] = [];
  /** The error of later statements. */
  #over: (() => Error) | undefined;
  /** Called at the end, before the connection is released. */
  onEnd: () => void = ignore;

  constructor(client: pg.PoolClient, timeoutMs: number) {
    this.#client = client;
    // A connection that breaks reports it to the statement that is sent on it.
    client.on('error', ignore);
    this.#timer = setTimeout(() => void this.#expire(), timeoutMs);
    this.#timer.unref();
  }

  /** Sends a statement of the driver unchanged. BEGIN is answered before: without it, a write would take effect. */
  async query(query: Query): Promise<Result> {
    if (!this.#isBegun) await (this.#begun ?? this.#begin());
    this.#assertOpen();
    return this.#send(query);
  }

  #send(query: Query): Promise<Result> {
    if (this.#deferred.length === 0) return this.#client.query(query);
    return this.together(() => {
      this.#sendDeferred();
      return this.#client.query(query);
    });
  }

  /** Runs a statement of any kind. */
  run(statement: DriverStatement): Promise<Result> {
    return this.#checked(statement, this.query(queryOf(statement)));
  }

  /** Writes. @returns the rows. */
  async write<R = Row>(statement: DriverStatement): Promise<R[]> {
    return (await this.run(statement)).rows as R[];
  }

  /**
   * Writes together with the next statement, and does not wait for the answer. An error fails the transaction. Only after
   * a statement was awaited.
   */
  writeOn({ failure, ...statement }: DriverStatement & Pick<LastStatement, 'failure'>): void {
    this.#deferred.push(() => {
      const written = this.#checked(statement, this.#client.query(queryOf(statement))).catch((error: unknown) => {
        throw failure?.(error) ?? error;
      });
      written.catch(ignore);
      this.#unawaited.push(written);
    });
  }

  #sendDeferred(): void {
    for (const send of this.#deferred.splice(0)) send();
  }

  /** Reads. A first read goes out with BEGIN: if that fails, it has changed nothing. @returns the rows. */
  async read<R = Row>(statement: DriverStatement): Promise<R[]> {
    return (await this.#checked(statement, this.#read(queryOf(statement)))).rows as R[];
  }

  /** Sends statements in one packet. They must be reads unless BEGIN was answered. */
  together<T>(send: () => T): T {
    return together(this.#client, send);
  }

  async #read(query: Query): Promise<Result> {
    this.#assertOpen();
    if (this.#isBegun) return this.#send(query);
    const [begun, result] = this.together(() => [this.#begun ?? this.#begin(), this.#client.query(query)]);
    result.catch(ignore);
    await begun;
    return result;
  }

  #begin(): Promise<unknown> {
    this.#assertOpen();
    this.#begun = this.#client.query('BEGIN');
    this.#begun.then(() => {
      this.#isBegun = true;
    }, ignore);
    return this.#begun;
  }

  async #checked(statement: DriverStatement, result: Promise<Result>): Promise<Result> {
    try {
      return await result;
    } catch (error) {
      if (statement.isKept && isOutdated(error)) forgetName(statement.text);
      // The transaction was aborted by an earlier statement: that one's error is the reason.
      if (stateOf(error) === '25P02') await Promise.all(this.#unawaited);
      throw error;
    }
  }

  #assertOpen(): void {
    if (this.#over) throw this.#over();
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
    if (last.length > 0 && !this.#isBegun) await (this.#begun ?? this.#begin());
    this.#assertOpen();
    this.#over = ended;
    clearTimeout(this.#timer);
    this.onEnd();
    if (!this.#begun) return this.#release();
    const client = this.#client;
    const [sent, end] = this.together(() => {
      this.#sendDeferred();
      return [last.map((one) => client.query(queryOf(one))), client.query(word)] as const;
    });
    // Each is awaited below. Until then, a broken connection must not count as an error that nothing handles.
    for (const one of [...sent, end]) one.catch(ignore);
    const earlier = await Promise.allSettled([this.#begun, ...this.#unawaited]);
    const outcomes = await Promise.allSettled(sent);
    const [ending] = await Promise.allSettled([end]);
    // The connection is not used again unless it is known to be without a transaction.
    this.#release(ending.status === 'rejected');
    for (const outcome of earlier) if (outcome.status === 'rejected') throw outcome.reason;
    for (const [i, outcome] of outcomes.entries()) if (outcome.status === 'rejected') throw reasonOf(last[i]!, outcome);
    if (ending.status === 'rejected') throw ending.reason;
    if (ending.value.command !== word) throw new Error('An error of one of its statements aborted the transaction.');
    for (const [i, outcome] of outcomes.entries())
      if (outcome.status === 'fulfilled') last[i]!.done?.(outcome.value.rows[0]);
  }

  async #expire(): Promise<void> {
    if (this.#over) return;
    this.#over = timedOut;
    this.onEnd();
    if (!this.#begun) return this.#release();
    // It waits for the statement that runs.
    const [outcome] = await Promise.allSettled([this.#client.query('ROLLBACK')]);
    this.#release(outcome.status === 'rejected');
  }

  #release(isBroken = false): void {
    this.#client.off('error', ignore);
    this.#client.release(isBroken);
  }
}

function reasonOf(statement: LastStatement, { reason }: PromiseRejectedResult): unknown {
  if (statement.isKept && isOutdated(reason)) forgetName(statement.text);
  return statement.failure?.(reason) ?? reason;
}
