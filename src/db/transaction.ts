import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { inStep } from '../lib/request-scope.ts';
import { isOutdated } from './driver.ts';
import type { PrismaClient } from './generated/client.ts';
import { type LastStatement, OpenTransaction } from './open-transaction.ts';
import { prismaIn } from './prisma-guest.ts';
import { isTransient } from './sql-state.ts';
import { noteTransaction, type Tx } from './tx.ts';
import type { Wake } from './wake.ts';

export type { Tx } from './tx.ts';

/** Returns the statements to send with COMMIT, so that the end of a transaction is one round trip. */
type Hook = (tx: Tx) => Promise<readonly LastStatement[]>;
/**
 * The steps before COMMIT, in order. Checks come first, then derived rows. The revision counts a change of access only
 * once it is certain. Decisions precede the audit event, which locks its chain until COMMIT and so comes last.
 */
const commitSteps = ['checkSuperAdmins', 'raiseRevision', 'countDays', 'recordDecisions', 'appendAudit'] as const;
export type CommitStep = (typeof commitSteps)[number];
interface Ending {
  readonly hooks: Map<CommitStep, Hook>;
  readonly topics: Set<string>;
  readonly committed: (() => void)[];
}
const endings = new WeakMap<Tx, Ending>();

function endingOf(tx: Tx): Ending {
  const ending = endings.get(tx);
  if (!ending) throw new Error('The transaction was not started by inTransaction.');
  return ending;
}

/** Runs `hook` once at the end of the transaction, before COMMIT, as this step. */
export function beforeCommit(tx: Tx, step: CommitStep, hook: Hook): void {
  endingOf(tx).hooks.set(step, hook);
}

/** Sends this topic to all gateways after COMMIT. */
export function wakeAfterCommit(tx: Tx, topic: string): void {
  endingOf(tx).topics.add(topic);
}

/** Calls `work` after COMMIT, before the topics are sent. */
export function afterCommit(tx: Tx, work: () => void): void {
  endingOf(tx).committed.push(work);
}

/** The database, and the notification of gateways. */
export interface Store {
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  readonly wake: Wake;
}

export interface TransactionOptions {
  readonly timeoutMs?: number;
  /** Rolls back at the end. The result is what would have happened. */
  readonly dryRun?: boolean;
}

/** Thrown by work that must start again, with concurrent writes of others. */
export class BeginAgain extends Error {}

const attemptsFor = (error: unknown): number =>
  error instanceof BeginAgain ? 20 : isTransient(error) || isOutdated(error) ? 3 : 1;

/** Runs `work` in one transaction, and retries it (a few times) if the database or the work requests it. */
export async function inTransaction<T>(
  store: Store,
  work: (tx: Tx) => Promise<T>,
  { timeoutMs = 15_000, dryRun = false }: TransactionOptions = {},
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const ending: Ending = { hooks: new Map(), topics: new Set(), committed: [] };
      const result = await inOne(store, ending, work, timeoutMs, dryRun);
      if (!dryRun) {
        for (const work of ending.committed) work();
        for (const topic of ending.topics) store.wake.send(topic);
      }
      return result;
    } catch (error) {
      if (attempt >= attemptsFor(error)) throw error;
      await sleep(10 * attempt + Math.random() * 20);
    }
  }
}

async function inOne<T>(
  { prisma, pool }: Store,
  ending: Ending,
  work: (tx: Tx) => Promise<T>,
  timeoutMs: number,
  dryRun: boolean,
): Promise<T> {
  const transaction = new OpenTransaction(await pool.connect(), timeoutMs);
  const tx = prismaIn(prisma, transaction);
  noteTransaction(tx, transaction);
  endings.set(tx, ending);
  try {
    const result = await work(tx);
    const last: LastStatement[] = [];
    for (const step of commitSteps) last.push(...((await ending.hooks.get(step)?.(tx)) ?? []));
    // The audit events are among the last statements.
    await inStep('audit and commit', () => (dryRun ? transaction.undo(last) : transaction.commit(last)));
    return result;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}
