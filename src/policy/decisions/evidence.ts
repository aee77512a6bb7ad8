import type { ResourceName } from '../../access/catalog.ts';
import type { Row, RowChange } from '../../access/grant.ts';
import { resourceDefinition } from '../../access/resource.ts';
import type { Tx } from '../../db/transaction.ts';
import { remember } from '../../lib/remember.ts';
import type { LookUps } from '../contract.ts';
import type { Decision } from '../decide/decision.ts';

/** One lookup of a review, with its result. */
export interface LookedUp {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly answer: unknown;
}

/** One reviewed change: the rows without secrets, and the lookups. */
export interface ReviewEvidence {
  readonly before: Row | null;
  readonly after: Row | null;
  readonly lookedUp: LookedUp[];
  /** Groups that the change affects, exempt or not. */
  concerned?: readonly string[];
  /** The policy that refused the change. */
  refusedBy?: string;
  /** Set if that policy failed, which refuses. */
  failed?: true;
}

/** A decision with the changes that were reviewed under it. */
export interface Evidence {
  readonly decision: Decision;
  readonly reviews: ReviewEvidence[];
}

const noted = new WeakMap<Tx, Map<Decision, Evidence>>();

/** Returns the decisions of the transaction so far. */
export const evidenceOf = (tx: Tx): readonly Evidence[] => [...(noted.get(tx)?.values() ?? [])];

/** Adds a decision that the transaction relies on. */
export function noteDecision(tx: Tx, decision: Decision): Evidence {
  const own = remember(noted, tx, () => new Map<Decision, Evidence>());
  return remember(own, decision, () => ({ decision, reviews: [] }));
}

const writable = ({ request: { resource } }: Decision, row: Row | null): Row | null =>
  row && withoutSecrets(resource, row);

function withoutSecrets(resource: ResourceName, row: Row): Row {
  const secret = resourceDefinition(resource)?.secret;
  if (!secret?.some((field) => field in row)) return row;
  return Object.fromEntries(Object.entries(row).filter(([field]) => !secret.includes(field)));
}

/** Returns the evidence of a decision that does not cover this row. */
export const outOfReachEvidence = (decision: Decision, row: Row, refusedBy: string): Evidence => ({
  decision,
  reviews: [{ before: writable(decision, row), after: null, lookedUp: [], refusedBy }],
});

/** Adds a reviewed change, and returns lookups that record their results in it. */
export function noteReview(evidence: Evidence, { before, after }: RowChange, look: LookUps): [ReviewEvidence, LookUps] {
  const review: ReviewEvidence = {
    before: writable(evidence.decision, before),
    after: writable(evidence.decision, after),
    lookedUp: [],
  };
  evidence.reviews.push(review);
  return [review, new RecordingLookUps(look, review)];
}

/** Lookups that record their results. */
class RecordingLookUps implements LookUps {
  readonly #look: LookUps;
  readonly #review: ReviewEvidence;
  constructor(look: LookUps, review: ReviewEvidence) {
    this.#look = look;
    this.#review = review;
  }

  async count(...args: Parameters<LookUps['count']>): Promise<number> {
    return this.#recorded('count', args, await this.#look.count(...args));
  }
  async rows(...args: Parameters<LookUps['rows']>): Promise<readonly Row[]> {
    const found = await this.#look.rows(...args);
    this.#recorded(
      'rows',
      args,
      found.map((row) => withoutSecrets(args[0], row)),
    );
    return found;
  }
  async authors(...args: Parameters<LookUps['authors']>): Promise<ReadonlySet<string>> {
    return this.#recorded('authors', args, await this.#look.authors(...args));
  }
  async isMember(...args: Parameters<LookUps['isMember']>): Promise<boolean> {
    return this.#recorded('isMember', args, await this.#look.isMember(...args));
  }

  #recorded<T>(name: keyof LookUps, args: readonly unknown[], answer: T): T {
    this.#review.lookedUp.push({ name, args, answer });
    return answer;
  }
}
