import type { ActorKind } from '../../access/actor.ts';
import type { Permission } from '../../access/catalog.ts';
import { fieldsOf } from '../../access/where.ts';
import { canonicalJson, type Json } from '../../lib/json.ts';
import { untag } from '../../lib/tagged-json.ts';
import type { LookUps } from '../contract.ts';
import type { Decision } from '../decide/decision.ts';
import { exceptedStep, refusingStep } from '../decide/decision.ts';
import type { Engine } from '../decide/engine.ts';
import { matcherOf } from '../filter/matcher.ts';
import { actorOf } from '../session/identity.ts';
import { type AccessContent, principalOf } from './content.ts';
import type { LookedUp } from './evidence.ts';
import { type RecordedOutcome, type RecordedRequest, type RecordedReview, recordedOutcome } from './row.ts';

/** A recorded decision, as stored. */
export interface StoredDecision {
  readonly id: string;
  readonly at: Date;
  readonly tenantId: string;
  readonly permission: string;
  readonly policySet: string;
  readonly request: unknown;
  readonly outcome: unknown;
  readonly reviews: unknown;
  readonly content: { readonly content: unknown };
  readonly count: number;
}

/** The outcome of a decision and of each change that was reviewed under it. */
export interface Verdict extends RecordedOutcome {
  /**
   * For each reviewed change, the policy that refused it. null: not refused. undefined: the record does not contain
   * enough to decide.
   */
  readonly reviews: readonly (string | null | undefined)[];
}

const decoded = (stored: StoredDecision) => ({
  request: untag(stored.request as Json) as RecordedRequest,
  reviews: untag(stored.reviews as Json) as RecordedReview[],
  content: stored.content.content as AccessContent,
  tenantId: stored.tenantId === '' ? null : stored.tenantId,
});

/** Returns the principal that asked, for display. */
export const askerOf = (stored: StoredDecision): { kind: ActorKind; id: string; name: string } =>
  untag(stored.request as Json) as RecordedRequest;

/** Returns the recorded verdict. */
export const verdictOf = (stored: StoredDecision): Verdict => ({
  ...(stored.outcome as RecordedOutcome),
  reviews: decoded(stored).reviews.map(({ refusedBy }) => refusedBy ?? null),
});

/**
 * Replays a recorded decision with these policies.
 * @param narrow replaces what the principal held.
 */
export async function replay(
  engine: Engine,
  stored: StoredDecision,
  narrow: (content: AccessContent) => AccessContent = (content) => content,
): Promise<Verdict> {
  const { request, reviews, content, tenantId } = decoded(stored);
  const principal = principalOf(narrow(content), request, tenantId);
  const { exceptedGroups } = engine.set;
  const impersonator = request.impersonator && {
    ...request.impersonator,
    memberships: request.impersonator.groups.map((groupId) => ({
      tenantId: tenantId ?? '',
      groupId,
      membership: 'MEMBER' as const,
    })),
  };
  const ask = (permission: Permission, tenant: string | undefined, part?: 'members'): Decision =>
    engine.decide({
      principal,
      actor: actorOf(principal, tenant, request.credential, exceptedGroups, impersonator),
      env: request.env,
      permission,
      scope: { ...(tenant !== undefined && { tenantId: tenant }), ...(part && { part }) },
    });
  const decision = ask(stored.permission as Permission, tenantId ?? undefined, request.part);
  const answers: (string | null | undefined)[] = [];
  for (const review of reviews) {
    answers.push(
      await replayReview(engine, decision, review, () => ask('POLICY:UPDATE', undefined).outcome.effect === 'allow'),
    );
  }
  return { ...recordedOutcome(decision), reviews: answers };
}

async function replayReview(
  engine: Engine,
  decision: Decision,
  { before, after, lookedUp, concerned = [] }: RecordedReview,
  mayChangePolicies: () => boolean,
): Promise<string | null | undefined> {
  const { outcome } = decision;
  if (outcome.effect !== 'allow') return outcome.policy;
  for (const row of [before, after]) {
    if (!row || !outcome.where || matcherOf(outcome.where)(row)) continue;
    // A filter over columns that were not recorded cannot be evaluated.
    return [...fieldsOf(outcome.where)].every((field) => field in row)
      ? refusingStep(decision.steps, row).policy
      : undefined;
  }
  const { exceptedGroups } = engine.set;
  if (concerned.some((id) => exceptedGroups.has(id)) && !mayChangePolicies()) return exceptedStep.policy;
  const asked = { unknown: false };
  const { refused } = await engine.review(decision, { before, after }, lookUpsOf(lookedUp, asked));
  if (asked.unknown) return undefined;
  return refused?.policy ?? null;
}

/** Returns lookups that answer from the record. An unrecorded lookup sets `unknown` and throws. */
function lookUpsOf(lookedUp: readonly LookedUp[], asked: { unknown: boolean }): LookUps {
  const answers = new Map(lookedUp.map(({ name, args, answer }) => [canonicalJson([name, args]), answer]));
  return new Proxy({} as LookUps, {
    get:
      (_target, name) =>
      async (...args: unknown[]) => {
        const key = canonicalJson([name, args]);
        if (!answers.has(key)) {
          asked.unknown = true;
          throw new Error('this lookup was not recorded');
        }
        return answers.get(key);
      },
  });
}

/** Returns true if both verdicts are equal, including the filter. An undecidable review counts as different. */
export const isSame = (a: Verdict, b: Verdict): boolean => a.where === b.where && hasSameEnd(a, b);

/** Returns true if both verdicts have the same result for the operation that was performed. */
export const hasSameEnd = (a: Verdict, b: Verdict): boolean =>
  a.effect === b.effect &&
  a.policy === b.policy &&
  a.masks === b.masks &&
  // If the changed rows are known, the filter itself makes no difference.
  (a.reviews.length > 0 || a.where === b.where) &&
  a.reviews.length === b.reviews.length &&
  a.reviews.every((review, i) => review !== undefined && review === b.reviews[i]);
