import { withoutDeadline } from '../../db/deadline.ts';
import type { LastStatement } from '../../db/open-transaction.ts';
import { beforeCommit, inTransaction, type Store, type Tx } from '../../db/transaction.ts';
import { statementsOf } from '../../db/tx.ts';
import type { Decision } from '../decide/decision.ts';
import type { DigestedContent } from './content.ts';
import { type Evidence, evidenceOf } from './evidence.ts';
import { type DecisionRow, toRow } from './row.ts';

export interface DecisionLogOptions {
  readonly store: Store;
  /** Fraction of allowed reads to record: 0 to 1. */
  readonly sampleReads: number;
  readonly keepDays: number;
  readonly random?: () => number;
}

interface Recorded {
  readonly row: DecisionRow;
  readonly content: DigestedContent;
}

/**
 * An error that carries decisions as evidence. The module of errors is below policies, so its type does not name them.
 */
interface Refusing {
  readonly evidence?: readonly object[];
}
const evidenceIn = ({ evidence = [] }: Refusing) => evidence as readonly Evidence[];

/** Equal refused reads of one minute. */
interface Merged {
  readonly minute: number;
  readonly first: Recorded;
  /** True once a row exists. */
  stored: boolean;
  /** Number of reads that are not recorded yet. */
  uncounted: number;
  writing?: Promise<void> | undefined;
}

/** Maximum number of sampled reads that wait to be written. More are dropped. */
const maxWaiting = 5_000;
const maxPart = 5_000;
const longText = 10_000;
const dayMs = 86_400_000;

/** Records the decisions of a mutation in its own transaction. If they cannot be recorded, the mutation fails. */
export function recordInTransaction(tx: Tx, policySet: string): void {
  beforeCommit(tx, 'recordDecisions', () =>
    insertion(
      tx,
      evidenceOf(tx).map((evidence) => toRow(evidence, policySet)),
    ),
  );
}

const insertSql = `
  WITH contents AS (
    INSERT INTO "AccessContent" SELECT * FROM jsonb_populate_recordset(NULL::"AccessContent", $1::jsonb)
    ON CONFLICT DO NOTHING)
  INSERT INTO "Decision" SELECT * FROM jsonb_populate_recordset(NULL::"Decision", $2::jsonb)
  ON CONFLICT DO NOTHING`;

/** The statement that records decisions. */
async function insertion(tx: Tx, all: readonly Recorded[]): Promise<LastStatement[]> {
  if (all.length === 0) return [];
  const contents = new Map(all.map(({ content }) => [content.digest, content]));
  let texts = [...contents.values()];
  // The content of a principal with thousands of bindings is large, so send it only if it is not stored yet.
  if (texts.some(({ text }) => text.length > longText)) {
    // Locks the rows so that pruning cannot remove them before they are referenced.
    const stored = await statementsOf(tx).read<{ digest: string }>({
      text: 'SELECT digest FROM "AccessContent" WHERE digest = ANY($1::text[]) ORDER BY digest FOR KEY SHARE',
      values: [[...contents.keys()]],
    });
    for (const { digest } of stored) contents.delete(digest);
    texts = [...contents.values()];
  }
  // A fixed order prevents deadlocks between two transactions.
  texts.sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const missing = `[${texts.map(({ digest, text }) => `{"digest":"${digest}","content":${text}}`).join(',')}]`;
  const rows = JSON.stringify(all.map(({ row }) => row));
  return [{ text: insertSql, values: [missing, rows], isKept: true }];
}

async function pruneSome(tx: Tx, before: Date): Promise<number> {
  const gone = await tx.$queryRaw<{ contentDigest: string }[]>`
    DELETE FROM "Decision" WHERE id IN
      (SELECT id FROM "Decision" WHERE at < ${before} LIMIT ${maxPart} FOR UPDATE SKIP LOCKED)
    RETURNING "contentDigest"`;
  if (gone.length === 0) return 0;
  const digests = [...new Set(gone.map(({ contentDigest }) => contentDigest))];
  // A concurrent insert must not reference a content that is being deleted. Recording waits for this lock, so each part
  // is small.
  await tx.$executeRaw`LOCK TABLE "AccessContent" IN EXCLUSIVE MODE`;
  await tx.$executeRaw`DELETE FROM "AccessContent" c
    WHERE c.digest = ANY(${digests}) AND NOT EXISTS (SELECT 1 FROM "Decision" d WHERE d."contentDigest" = c.digest)`;
  return gone.length;
}

/**
 * Records decisions: of every mutation, in its transaction; of every refusal, before its response (equal refused reads
 * of a minute as one record with a count); and of a sample of allowed reads.
 */
export class DecisionLog {
  readonly #options: DecisionLogOptions;
  readonly #random: () => number;
  readonly #refused = new Map<string, Merged>();
  /** Merged reads of past minutes that are not fully written. */
  readonly #over = new Set<Merged>();
  #sampled: Recorded[] = [];
  /** Number of sampled reads that were dropped because too many waited. */
  dropped = 0;

  constructor(options: DecisionLogOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  /** Records a refusal. Call it before the response is sent. */
  async refused(error: Refusing, policySet: string): Promise<void> {
    await this.#write(evidenceIn(error).map((one) => toRow(one, policySet)));
  }

  /** Records a refused read. Equal reads within a minute become one record with a count. */
  async refusedRead(error: Refusing, policySet: string, now = Date.now()): Promise<void> {
    const minute = Math.floor(now / 60_000);
    for (const one of evidenceIn(error)) {
      const first = toRow(one, policySet);
      const { row, content } = first;
      const { ip } = one.decision.request.env;
      const alike = [
        row.principalId,
        one.decision.identity?.impersonator?.id,
        row.permission,
        row.tenantId,
        content.digest,
        policySet,
        ip,
        row.policy,
        row.effect,
      ];
      const key = alike.join(' ');
      const known = this.#refused.get(key);
      if (known?.minute === minute) {
        known.uncounted += 1;
        continue;
      }
      const merged = { minute, first, stored: false, uncounted: 1 };
      this.#refused.set(key, merged);
      if (known) this.#over.add(known);
      await this.#report(merged);
    }
  }

  /** Adds an allowed read to the sample at the configured rate. */
  sample(decision: Decision, policySet: string): void {
    const { sampleReads } = this.#options;
    if (sampleReads === 0 || (sampleReads < 1 && this.#random() >= sampleReads)) return;
    if (this.#sampled.length >= maxWaiting) {
      this.dropped += 1;
      return;
    }
    this.#sampled.push(toRow({ decision, reviews: [] }, policySet));
  }

  /**
   * Writes everything that waits. After an error, the rest is kept for the next call.
   * @param options `all`: includes the current minute.
   */
  async flush({ all = false, now = Date.now() } = {}): Promise<void> {
    const minute = Math.floor(now / 60_000);
    const sampled = this.#sampled;
    this.#sampled = [];
    try {
      await this.#write(sampled);
    } catch (error) {
      this.#sampled = [...sampled, ...this.#sampled].slice(0, maxWaiting);
      throw error;
    }
    for (const [key, known] of this.#refused) {
      if (!all && known.minute >= minute) continue;
      this.#refused.delete(key);
      this.#over.add(known);
    }
    for (const known of this.#over) {
      await this.#report(known);
      if (known.uncounted === 0) this.#over.delete(known);
    }
  }

  /** Deletes decisions older than `keepDays`, in small batches. @returns the number of deleted decisions. */
  async prune(now = new Date()): Promise<number> {
    const before = new Date(now.getTime() - this.#options.keepDays * dayMs);
    let removed = 0;
    for (;;) {
      const part = await inTransaction(this.#options.store, (tx) => pruneSome(tx, before));
      removed += part;
      if (part < maxPart) return removed;
    }
  }

  async #report(merged: Merged): Promise<void> {
    // One write at a time, because an increment needs the row to exist.
    while (merged.writing) await merged.writing.catch(() => undefined);
    merged.writing = this.#store(merged).finally(() => {
      merged.writing = undefined;
    });
    await merged.writing;
  }

  async #store(merged: Merged): Promise<void> {
    const count = merged.uncounted;
    if (count === 0) return;
    const { row, content } = merged.first;
    const { prisma } = this.#options.store;
    const stored = merged.stored
      ? (await prisma.decision.updateMany({ where: { id: row.id }, data: { count: { increment: count } } })).count
      : 0;
    if (stored === 0) await this.#write([{ row: { ...row, count }, content }]);
    merged.stored = true;
    merged.uncounted -= count;
  }

  async #write(all: readonly Recorded[]): Promise<void> {
    if (all.length === 0) return;
    await withoutDeadline(() =>
      inTransaction(this.#options.store, async (tx) => beforeCommit(tx, 'recordDecisions', () => insertion(tx, all))),
    );
  }
}
