import type { Actor } from '../../access/actor.ts';
import { levelOf, type Permission, split } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import { covers, type Where } from '../../access/where.ts';
import { combine, type Outcome, type Step } from '../decide/combine.ts';
import { type Decision, refusingStep, type Scope } from '../decide/decision.ts';
import type { Engine } from '../decide/engine.ts';
import { type Certainty, reaches } from '../filter/partial-match.ts';
import type { LoadedPolicy } from '../load/load.ts';
import { appliesIn } from '../principals/holdings.ts';
import type { Holding, Principal } from '../principals/principal.ts';
import { actorOf } from '../session/identity.ts';
import { type Circumstance, type Given, type Looked, lookedAt } from './circumstances.ts';

/** DEPENDS: the answer depends on values that the question omits. ERROR: a policy failed, which refuses. */
export type Answer = 'ALLOWED' | 'REFUSED' | 'DEPENDS' | 'ERROR';

export interface ExplainedStep extends Step {
  /** Values that this policy read and the question omits. With other values, its effect can differ. */
  readonly open: ReadonlySet<Circumstance>;
}

/** The source of a permission: the grant, and for roles also the binding. */
export interface Origin {
  readonly grant: string;
  readonly holding?: Holding;
}

export interface Explanation {
  readonly answer: Answer;
  readonly decision: Decision;
  readonly steps: readonly ExplainedStep[];
  /** The unknown values that the answer depends on. 'object' means that it depends on the row. */
  readonly dependsOn: ReadonlySet<Circumstance | 'object'>;
  /** The policy that refused or failed. */
  readonly by?: { readonly policy: string; readonly reason: string };
  /** The permitted rows, as far as the known values determine them. Undefined: every row. */
  readonly where: Where | undefined;
  readonly origins: readonly Origin[];
  /** Policies that review the change itself and can still refuse it. */
  readonly reviews: readonly LoadedPolicy[];
  /** The known columns of the row in question. */
  readonly row: Row | undefined;
  /** What each policy read, by policy name. */
  readonly looked: ReadonlyMap<string, Looked>;
  /**
   * True if a policy read the id or name of the actor. Otherwise, the answer is the same for every actor with the same
   * kind, groups and permissions.
   */
  readonly personal: boolean;
}

export interface ExplainQuestion {
  readonly principal: Principal;
  readonly given: Given;
  readonly permission: Permission;
  readonly scope: Scope;
  /** The known columns of the row in question. Omit for a question about a list. */
  readonly row?: Row;
  /** The actor, if the principal is impersonated. Omit for the principal itself. */
  readonly actor?: Actor;
}

const nothingOpen: ReadonlySet<Circumstance> = new Set();

/**
 * Explains the decision of the engine for this actor: the answer, how each policy contributed, and which unknown values
 * it depends on.
 * @param alike the explanation for an actor with the same access; its observations are reused for policies that did not
 * read the id or name of the actor.
 */
export function explain(
  engine: Engine,
  { principal, given, permission, scope, row, actor }: ExplainQuestion,
  alike?: Explanation,
): Explanation {
  const { credential: own = { kind: 'basic' }, absent: _absent, ...env } = given;
  const credential = own.kind === 'basic' ? own : { ownerKind: principal.kind, ...own };
  const decision = engine.decide({
    principal,
    actor: { ...(actor ?? actorOf(principal, scope.tenantId, credential)), credential },
    env: { ...env, requestId: 'explain' },
    permission,
    scope,
  });
  const [resource, action] = split(permission);
  const applying = engine.set.policies.filter((p) => p.resources.has(resource) && p.actions.has(action));
  const look = (policy: LoadedPolicy): Looked => {
    const known = alike?.looked.get(policy.name);
    return known && !known.id ? known : lookedAt(policy, decision.request, given);
  };
  const looked = new Map(applying.map((policy) => [policy.name, look(policy)]));
  const steps = decision.steps.map((step) => ({ ...step, open: looked.get(step.policy)?.open ?? nothingOpen }));
  const common = {
    decision,
    steps,
    row,
    looked,
    reviews: action === 'READ' ? [] : applying.filter((one) => one.policy.review && !one.shadow),
    personal: isPersonal(applying, steps, looked, row),
    origins: originsOf(principal, steps, permission, scope, row),
  };
  if (principal.disabled) {
    const by = { policy: 'sign-in', reason: 'the user is disabled and cannot sign in' };
    return { ...common, answer: 'REFUSED', dependsOn: new Set(), by, where: undefined };
  }
  return { ...common, ...settle(steps, row) };
}

/** A guard can only narrow access. Where no grant applies, nothing that a guard reads can change the answer. */
function isPersonal(
  applying: readonly LoadedPolicy[],
  steps: readonly ExplainedStep[],
  looked: ReadonlyMap<string, Looked>,
  row: Row | undefined,
): boolean {
  const given = steps.some(
    ({ mode, effect, filter, open }) =>
      mode === 'grant' &&
      (open.size > 0 || (effect === 'allow' && (row === undefined || reaches(filter, row) !== 'no'))),
  );
  return applying.some(({ name, mode }) => looked.get(name)!.id && (given || mode === 'grant'));
}

type Settled = Pick<Explanation, 'answer' | 'dependsOn' | 'by' | 'where'>;

/**
 * Settles the answer from two extremes: the widest and the narrowest access that the undetermined policies can leave.
 * An answer that both extremes share is certain. A guard can only narrow and a grant can only widen, so no result lies
 * outside of the two.
 */
export function settle(steps: readonly ExplainedStep[], row: Row | undefined): Settled {
  const outcome = combine(steps.map((step) => assume(step, 'widest')));
  const none: ReadonlySet<Circumstance> = new Set();
  if (outcome.effect !== 'allow')
    return { answer: outcome.effect === 'error' ? 'ERROR' : 'REFUSED', dependsOn: none, by: outcome, where: undefined };
  const { where } = outcome;
  const widest = reached(outcome, row);
  if (widest === 'no') return { answer: 'REFUSED', dependsOn: none, by: refuserOf(steps, row!), where };
  const narrowest = reached(combine(steps.map((step) => assume(step, 'narrowest'))), row);
  if (narrowest === 'yes') return { answer: 'ALLOWED', dependsOn: none, where };
  const open = new Set<Circumstance | 'object'>(
    steps.filter(({ shadow }) => !shadow).flatMap((step) => [...step.open]),
  );
  if (widest === 'unknown') open.add('object');
  return { answer: 'DEPENDS', dependsOn: open, where };
}

const reached = (outcome: Outcome, row: Row | undefined): Certainty =>
  outcome.effect !== 'allow' ? 'no' : row === undefined ? 'yes' : reaches(outcome.where, row);

function assume(step: ExplainedStep, extreme: 'widest' | 'narrowest'): Step {
  if (step.open.size === 0) return step;
  const { policy, mode, shadow } = step;
  const gives = mode === 'grant' ? extreme === 'widest' : extreme === 'narrowest';
  const effect = !gives ? 'abstain' : mode === 'grant' ? 'allow' : 'deny';
  return { policy, mode, effect, ...(shadow && { shadow }) };
}

/**
 * Returns the policy that refuses the row: the roles if no grant covers it, otherwise the guard that does not exempt
 * it.
 */
function refuserOf(steps: readonly ExplainedStep[], row: Row): { policy: string; reason: string } {
  // A step that depends on values that the question omits can grant, and does not refuse.
  const assumed = steps.flatMap((step): Step[] =>
    step.open.size === 0 ? [step] : step.mode === 'grant' ? [{ ...assume(step, 'widest') }] : [],
  );
  const { policy, reason = 'refused' } = refusingStep(assumed, row, ({ filter }) => reaches(filter, row) !== 'no');
  return { policy, reason };
}

/** Returns every source of the permission for this principal, limited to those that cover the row. */
export function originsOf(
  { holdings }: Pick<Principal, 'holdings'>,
  steps: readonly ExplainedStep[],
  permission: Permission,
  { tenantId }: Scope,
  row: Row | undefined,
): Origin[] {
  const gives = steps.filter(
    (step) =>
      step.mode === 'grant' &&
      step.effect === 'allow' &&
      !step.shadow &&
      (row === undefined || reaches(step.filter, row) !== 'no'),
  );
  return gives.flatMap(({ policy }): Origin[] =>
    policy === 'roles'
      ? holdings
          .filter((holding) => givesThere(holding, permission, tenantId, row?.['namespace'] as string | undefined))
          .map((holding) => ({ grant: policy, holding }))
      : [{ grant: policy }],
  );
}

function givesThere(
  holding: Holding,
  permission: Permission,
  tenantId: string | undefined,
  namespace: string | undefined,
): boolean {
  const inScope =
    holding.tenantId === null ? levelOf(...split(permission)) === 'instance' : holding.tenantId === tenantId;
  return (
    inScope &&
    holding.permissions.includes(permission) &&
    appliesIn(holding, permission) &&
    (namespace === undefined || covers(holding.namespace, namespace))
  );
}
