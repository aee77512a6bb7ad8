import { createHash } from 'node:crypto';
import type { ActorKind, Credential, Env } from '../../access/actor.ts';
import type { Permission } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import { canonicalJson, type Json } from '../../lib/json.ts';
import { tag } from '../../lib/tagged-json.ts';
import type { Outcome } from '../decide/combine.ts';
import type { Decision } from '../decide/decision.ts';
import { contentOf, type DigestedContent } from './content.ts';
import type { Evidence, LookedUp } from './evidence.ts';

/** The part of a request that policies can read, so that it can be replayed. */
export interface RecordedRequest {
  readonly kind: ActorKind;
  readonly id: string;
  readonly name: string;
  readonly credential: Credential;
  readonly impersonator?: { readonly id: string; readonly name: string; readonly groups: readonly string[] };
  readonly part?: 'members';
  readonly env: Env;
}
export interface RecordedReview {
  readonly before: Row | null;
  readonly after: Row | null;
  readonly lookedUp: readonly LookedUp[];
  readonly concerned?: readonly string[];
  readonly refusedBy?: string;
  readonly failed?: true;
}
export interface RecordedOutcome {
  readonly effect: Outcome['effect'];
  readonly policy?: string;
  readonly reason?: string;
  /** Digest of the filter. null: every row if allowed, no row if refused. */
  readonly where: string | null;
  /** Digest of the masks. Absent if nothing is masked. */
  readonly masks?: string;
}

const digestOf = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 32);

export function recordedOutcome({ outcome, steps }: Pick<Decision, 'outcome' | 'steps'>): RecordedOutcome {
  if (outcome.effect !== 'allow')
    return { effect: outcome.effect, policy: outcome.policy, reason: outcome.reason, where: null };
  const masks = steps.flatMap(({ shadow, obligations = [] }) =>
    shadow ? [] : obligations.filter(({ kind }) => kind === 'mask').map(canonicalJson),
  );
  return {
    effect: 'allow',
    where: outcome.where === undefined ? null : digestOf(outcome.where),
    ...(masks.length > 0 && { masks: digestOf(masks.sort()) }),
  };
}

/** A row of the decision table. */
export interface DecisionRow {
  readonly id: string;
  readonly at: string;
  readonly tenantId: string;
  readonly principalId: string;
  readonly permission: Permission;
  readonly effect: Outcome['effect'];
  readonly policy: string | null;
  readonly policySet: string;
  readonly contentDigest: string;
  readonly request: Json;
  readonly outcome: Json;
  readonly reviews: Json;
  readonly count: number;
}

export function toRow(
  { decision, reviews }: Evidence,
  policySet: string,
): { readonly row: DecisionRow; readonly content: DigestedContent } {
  const { permission, scope, outcome, request, identity } = decision;
  if (!identity) throw new Error('only decisions of a session can be recorded');
  const { actor, env } = request;
  const tenantId = scope.tenantId ?? null;
  const content = contentOf(identity.principal, tenantId);
  const { impersonator } = identity;
  const recorded: RecordedRequest = {
    kind: actor.kind,
    id: actor.id,
    name: actor.name,
    credential: actor.credential,
    ...(impersonator && {
      impersonator: {
        id: impersonator.id,
        name: impersonator.name,
        groups: impersonator.memberships.map(({ groupId }) => groupId),
      },
    }),
    ...(scope.part && { part: scope.part }),
    env,
  };
  const refusing = reviews.find(({ refusedBy }) => refusedBy !== undefined);
  return {
    content,
    row: {
      id: decision.id,
      at: env.now.toISOString(),
      tenantId: tenantId ?? '',
      principalId: actor.id,
      permission,
      effect: refusing === undefined ? outcome.effect : refusing.failed ? 'error' : 'deny',
      policy: refusing?.refusedBy ?? (outcome.effect === 'allow' ? null : outcome.policy),
      policySet,
      contentDigest: content.digest,
      request: tag(recorded),
      outcome: tag(recordedOutcome(decision)),
      reviews: tag(reviews),
      count: 1,
    },
  };
}
