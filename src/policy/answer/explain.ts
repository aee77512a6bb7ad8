import type { Actor } from '../../access/actor.ts';
import { levelOf, type Permission, split } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import { covers, type Where } from '../../access/where.ts';
import { combine, type Outcome, type Step } from '../decide/combine.ts';
import type { Decision, Scope } from '../decide/decision.ts';
import type { Engine } from '../decide/engine.ts';
import { type Certainty, reaches } from '../filter/partial-match.ts';
import type { LoadedPolicy } from '../load/load.ts';
import { speaks } from '../principals/holdings.ts';
import type { Holding, Principal } from '../principals/principal.ts';
import { actorOf } from '../session/identity.ts';
import { type Circumstance, type Given, type Looked, lookedAt } from './circumstances.ts';

/** DEPENDS: on what the question does not give. ERROR: a policy could not say, which refuses. */
export type Answer = 'ALLOWED' | 'REFUSED' | 'DEPENDS' | 'ERROR';

export interface ExplainedStep extends Step {
  /** What this policy looked at and the question does not give: its effect may be another one. */
  readonly open: ReadonlySet<Circumstance>;
}

/** By what the permission is given: a grant, and for the grant of roles the binding. */
export interface Origin {
  readonly grant: string;
  readonly holding?: Holding;
}

export interface Explanation {
  readonly answer: Answer;
  readonly decision: Decision;
  readonly steps: readonly ExplainedStep[];
  /** What decides and is not known; 'object' where the filter tells between rows. */
  readonly dependsOn: ReadonlySet<Circumstance | 'object'>;
  /** Who refused, or could not say. */
  readonly by?: { readonly policy: string; readonly reason: string };
  /** The rows within reach, as far as the known circumstances tell; undefined: every row. */
  readonly where: Where | undefined;
  readonly origins: readonly Origin[];
  /** Policies that look at the change itself, and may still refuse it. */
  readonly reviews: readonly LoadedPolicy[];
  /** What was known of the row that was asked about. */
  readonly row: Row | undefined;
  /** What each policy looked at. */
  readonly looked: ReadonlyMap<string, Looked>;
  /** Did a policy look at who asks? Else everybody who is alike in kind, groups and rights gets this answer. */
  readonly personal: boolean;
}

export interface ExplainQuestion {
  readonly principal: Principal;
  readonly given: Given;
  readonly permission: Permission;
  readonly scope: Scope;
  /** What is known of the row that is asked about; left out: the question of a list. */
  readonly row?: Row;
  /** As whom they act, where it is not simply as themselves: somebody impersonates them. */
  readonly actor?: Actor;
}

const nothingOpen: ReadonlySet<Circumstance> = new Set();

/** The engine's own answer for this actor, with how it came about and what it leaves open. */
export function explain(
  engine: Engine,
  { principal, given, permission, scope, row, actor }: ExplainQuestion,
  /** The answer to somebody alike, where there is one: whose policies need not be watched again. */
  alike?: Explanation,
): Explanation {
  const { credential: own = { kind: 'basic' }, absent: _absent, ...env } = given;
  const credential = own.kind === 'api-token' ? { ownerKind: principal.kind, ...own } : own;
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

/** Where nothing gives the permission, there at least, no guard can change that, whatever it looks at. */
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
 * Between the most and the least that the open policies could leave: what both ends say is certain.
 * A guard can only narrow and a grant only widen, so nothing lies outside.
 */
export function settle(steps: readonly ExplainedStep[], row: Row | undefined): Settled {
  const most = combine(steps.map((step) => assume(step, 'most')));
  const none: ReadonlySet<Circumstance> = new Set();
  if (most.effect !== 'allow')
    return { answer: most.effect === 'error' ? 'ERROR' : 'REFUSED', dependsOn: none, by: most, where: undefined };
  const { where } = most;
  const atMost = reached(most, row);
  if (atMost === 'no') return { answer: 'REFUSED', dependsOn: none, by: refuserOf(steps, row!), where };
  const atLeast = reached(combine(steps.map((step) => assume(step, 'least'))), row);
  if (atLeast === 'yes') return { answer: 'ALLOWED', dependsOn: none, where };
  const open = new Set<Circumstance | 'object'>(
    steps.filter(({ shadow }) => !shadow).flatMap((step) => [...step.open]),
  );
  if (atMost === 'unknown') open.add('object');
  return { answer: 'DEPENDS', dependsOn: open, where };
}

const reached = (outcome: Outcome, row: Row | undefined): Certainty =>
  outcome.effect !== 'allow' ? 'no' : row === undefined ? 'yes' : reaches(outcome.where, row);

function assume(step: ExplainedStep, end: 'most' | 'least'): Step {
  if (step.open.size === 0) return step;
  const { policy, mode, shadow } = step;
  const gives = mode === 'grant' ? end === 'most' : end === 'least';
  const effect = !gives ? 'abstain' : mode === 'grant' ? 'allow' : 'deny';
  return { policy, mode, effect, ...(shadow && { shadow }) };
}

/** Who leaves the row out: the grants, or else the guard that does not spare it. */
function refuserOf(steps: readonly ExplainedStep[], row: Row): { policy: string; reason: string } {
  const counted = steps.filter((step) => !step.shadow && step.open.size === 0);
  const granted = steps.some(
    (step) =>
      step.mode === 'grant' &&
      !step.shadow &&
      (step.open.size > 0 || (step.effect === 'allow' && reaches(step.filter, row) !== 'no')),
  );
  const guard = granted && counted.find((step) => step.effect === 'deny' && reaches(step.filter, row) === 'no');
  return guard
    ? { policy: guard.policy, reason: guard.reason ?? 'refused' }
    : { policy: 'roles', reason: 'no role reaches this' };
}

/** Every way in which the permission is given to this principal, of those that reach the row. */
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
    speaks(holding, permission) &&
    (namespace === undefined || covers(holding.namespace, namespace))
  );
}
