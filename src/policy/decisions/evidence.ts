import type { ResourceName } from '../../access/catalog.ts';
import type { Row, RowChange } from '../../access/grant.ts';
import { resourceDefinition } from '../../access/resource.ts';
import type { Tx } from '../../db/transaction.ts';
import { remember } from '../../lib/remember.ts';
import type { LookUps } from '../contract.ts';
import type { Decision } from '../decide/decision.ts';

/** One question that a review asked of the database, with its answer. */
export interface LookedUp {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly answer: unknown;
}

/** One change that was reviewed: the rows as far as they may be written down, and what was looked up. */
export interface ReviewEvidence {
  readonly before: Row | null;
  readonly after: Row | null;
  readonly lookedUp: LookedUp[];
  /** Groups that the change concerns, if a policy excepts them. */
  concerned?: readonly string[];
  /** Who refused, where somebody did. */
  refusedBy?: string;
  /** It could not say, which refuses. */
  failed?: true;
}

/** A decision with all that it was made of. */
export interface Evidence {
  readonly decision: Decision;
  readonly reviews: ReviewEvidence[];
}

const noted = new WeakMap<Tx, Map<Decision, Evidence>>();

/** What was decided in the transaction so far. */
export const evidenceOf = (tx: Tx): readonly Evidence[] => [...(noted.get(tx)?.values() ?? [])];

/** Notes a decision that the transaction rests on. */
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

/** A decision by which this row was out of reach. */
export const outOfReachEvidence = (decision: Decision, row: Row, refusedBy: string): Evidence => ({
  decision,
  reviews: [{ before: writable(decision, row), after: null, lookedUp: [], refusedBy }],
});

/** Notes one reviewed change, and what its look-ups answer. */
export function noteReview(evidence: Evidence, { before, after }: RowChange, look: LookUps): [ReviewEvidence, LookUps] {
  const review: ReviewEvidence = {
    before: writable(evidence.decision, before),
    after: writable(evidence.decision, after),
    lookedUp: [],
  };
  evidence.reviews.push(review);
  return [review, new NotedLookUps(look, review)];
}

/** Look-ups that note what they answer. */
class NotedLookUps implements LookUps {
  readonly #look: LookUps;
  readonly #review: ReviewEvidence;
  constructor(look: LookUps, review: ReviewEvidence) {
    this.#look = look;
    this.#review = review;
  }

  async count(...args: Parameters<LookUps['count']>): Promise<number> {
    return this.#noted('count', args, await this.#look.count(...args));
  }
  async rows(...args: Parameters<LookUps['rows']>): Promise<readonly Row[]> {
    const found = await this.#look.rows(...args);
    this.#noted(
      'rows',
      args,
      found.map((row) => withoutSecrets(args[0], row)),
    );
    return found;
  }
  async authors(...args: Parameters<LookUps['authors']>): Promise<ReadonlySet<string>> {
    return this.#noted('authors', args, await this.#look.authors(...args));
  }
  async isMember(...args: Parameters<LookUps['isMember']>): Promise<boolean> {
    return this.#noted('isMember', args, await this.#look.isMember(...args));
  }

  #noted<T>(name: keyof LookUps, args: readonly unknown[], answer: T): T {
    this.#review.lookedUp.push({ name, args, answer });
    return answer;
  }
}
