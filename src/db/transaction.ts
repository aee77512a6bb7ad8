import { setTimeout as sleep } from 'node:timers/promises';
import type { Prisma, PrismaClient } from './generated/client.ts';
import { isTransient } from './sql-state.ts';
import type { Wake } from './wake.ts';

export type Tx = Prisma.TransactionClient;

type Hook = (tx: Tx) => Promise<void>;
/**
 * The steps before COMMIT, in order. Checks come first, then derived rows. The revision counts a change of access only
 * once it is certain. Decisions precede the audit event, which locks its chain until COMMIT and so comes last.
 */
const commitSteps = ['checkSuperAdmins', 'raiseRevision', 'countDays', 'recordDecisions', 'appendAudit'] as const;
export type CommitStep = (typeof commitSteps)[number];
interface Ending {
  readonly hooks: Map<CommitStep, Hook>;
  readonly topics: Set<string>;
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

/** The database client, and the notification of gateways. */
export interface Store {
  readonly prisma: PrismaClient;
  readonly wake: Wake;
}

export interface TransactionOptions {
  readonly timeoutMs?: number;
  /** Rolls back at the end. The result is what would have happened. */
  readonly dryRun?: boolean;
}

class Undone<T> extends Error {
  readonly result: T;
  constructor(result: T) {
    super('undone');
    this.result = result;
  }
}

/** Thrown by work that must start again, with concurrent writes of others. */
export class BeginAgain extends Error {}

const attemptsFor = (error: unknown): number => (error instanceof BeginAgain ? 20 : isTransient(error) ? 3 : 1);

/** Runs `work` in one transaction, and retries it (a few times) if the database or the work requests it. */
export async function inTransaction<T>(
  { prisma, wake }: Store,
  work: (tx: Tx) => Promise<T>,
  { timeoutMs = 15_000, dryRun = false }: TransactionOptions = {},
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const ending: Ending = { hooks: new Map(), topics: new Set() };
      const result = await prisma.$transaction(
        async (tx) => {
          endings.set(tx, ending);
          const done = await work(tx);
          for (const step of commitSteps) await ending.hooks.get(step)?.(tx);
          if (dryRun) throw new Undone(done);
          return done;
        },
        { timeout: timeoutMs, maxWait: 2_000 },
      );
      for (const topic of ending.topics) wake.send(topic);
      return result;
    } catch (error) {
      if (error instanceof Undone) return error.result as T;
      if (attempt >= attemptsFor(error)) throw error;
      await sleep(10 * attempt + Math.random() * 20);
    }
  }
}
