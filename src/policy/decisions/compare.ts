import type { PrismaClient } from '../../db/generated/client.ts';
import { Engine } from '../decide/engine.ts';
import type { AccessContent } from './content.ts';
import { hasSameEnd, isSame, replay, type StoredDecision, type Verdict, verdictOf } from './replay.ts';

/** A recorded decision whose outcome would differ. */
export interface Difference {
  readonly decision: StoredDecision;
  readonly was: Verdict;
  readonly would: Verdict;
}

export interface Comparison {
  /** Number of replayed decisions. */
  readonly replayed: number;
  readonly differences: readonly Difference[];
  /** Number of differences beyond the limit of the list. */
  readonly more: number;
}

export interface CompareOptions {
  /** Only decisions at or after this time. */
  readonly since: Date;
  /** Only decisions based on one of these access contents, by digest. */
  readonly contents?: readonly string[];
  /** Only decisions of this policy set. */
  readonly policySet?: string;
  /** Replaces what a principal holds. */
  readonly narrow?: (content: AccessContent) => AccessContent;
  /** If true, a different filter counts as a difference even if the reviewed changes have the same result. */
  readonly exact?: boolean;
  /** Maximum number of differences to list. Default: 1,000. */
  readonly most?: number;
}

const batch = 500;

/** Replays recorded decisions with these policies, in the order of their ids, and lists those that would differ. */
export async function compare(
  db: PrismaClient,
  engine: Engine,
  { since, contents, policySet, narrow, exact = false, most = 1_000 }: CompareOptions,
): Promise<Comparison> {
  // Policies in shadow mode change no outcome, and their lookups may not be recorded.
  const enforcing = new Engine(
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
      const would = await replay(enforcing, decision, narrow);
      if ((exact ? isSame : hasSameEnd)(was, would)) continue;
      if (differences.length < most) differences.push({ decision, was, would });
      else more += 1;
    }
    replayed += rows.length;
    if (rows.length < batch) return { replayed, differences, more };
    after = rows.at(-1)!.id;
  }
}
