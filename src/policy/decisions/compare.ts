import type { PrismaClient } from '../../db/generated/client.ts';
import { Engine } from '../decide/engine.ts';
import type { AccessContent } from './content.ts';
import { hasSameEnd, isSame, replay, type StoredDecision, type Verdict, verdictOf } from './replay.ts';

/** One recorded decision that would be another. */
export interface Difference {
  readonly decision: StoredDecision;
  readonly was: Verdict;
  readonly would: Verdict;
}

export interface Comparison {
  /** How many decisions were made again. */
  readonly replayed: number;
  readonly differences: readonly Difference[];
  /** Of the differences, how many are not in the list because it is full. */
  readonly more: number;
}

export interface CompareOptions {
  /** From this instant on. */
  readonly since: Date;
  /** Only decisions that rest on one of these contents. */
  readonly contents?: readonly string[];
  /** Only those made by this set of policies. */
  readonly policySet?: string;
  /** What the principals would hold instead. */
  readonly narrow?: (content: AccessContent) => AccessContent;
  /** Count it as a difference where a change could have touched other rows than it did. */
  readonly exact?: boolean;
  /** How many differences to list. */
  readonly most?: number;
}

const batch = 500;

/** Makes the recorded decisions again by these policies, in the order of their ids, and lists those that would differ. */
export async function compare(
  db: PrismaClient,
  engine: Engine,
  { since, contents, policySet, narrow, exact = false, most = 1_000 }: CompareOptions,
): Promise<Comparison> {
  // What is only watched changes nothing, and asks for what was not recorded.
  const heeded = new Engine(
    { ...engine.set, policies: engine.set.policies.filter(({ shadow }) => !shadow) },
    engine.fingerprint,
    engine.reviewMs,
  );
  const differences: Difference[] = [];
  let replayed = 0;
  let more = 0;
  let after = '';
  for (;;) {
    const rows = await db.decision.findMany({
      where: {
        id: { gt: after },
        at: { gte: since },
        ...(contents && { contentDigest: { in: [...contents] } }),
        ...(policySet !== undefined && { policySet }),
      },
      include: { content: { select: { content: true } } },
      orderBy: { id: 'asc' },
      take: batch,
    });
    for (const decision of rows) {
      const was = verdictOf(decision);
      const would = await replay(heeded, decision, narrow);
      if ((exact ? isSame : hasSameEnd)(was, would)) continue;
      if (differences.length < most) differences.push({ decision, was, would });
      else more += 1;
    }
    replayed += rows.length;
    if (rows.length < batch) return { replayed, differences, more };
    after = rows.at(-1)!.id;
  }
}
