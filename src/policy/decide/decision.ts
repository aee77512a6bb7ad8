import type { Permission } from '../../access/catalog.ts';
import type { Row } from '../../access/row.ts';
import { GatehouseError } from '../../errors.ts';
import { newId } from '../../lib/ids.ts';
import type { AccessRequest } from '../contract.ts';
import { matcherOf } from '../filter/matcher.ts';
import type { Identity } from '../session/identity.ts';
import type { Outcome, Step } from './combine.ts';

export interface Scope {
  /** Undefined: the instance level. */
  readonly tenantId?: string | undefined;
  readonly part?: 'members' | undefined;
}

/** One answer of the engine, with the steps that led to it. */
export class Decision {
  #id: string | undefined;
  readonly permission: Permission;
  readonly scope: Scope;
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
  readonly request: AccessRequest;
  /** False: a policy looked at the clock without saying until when its answer holds. */
  readonly isSteady: boolean;
  /** Whom it was made for, where a session asked. */
  identity?: Identity;
  /** True once it was acted upon. */
  used?: boolean;

  constructor(
    permission: Permission,
    scope: Scope,
    outcome: Outcome,
    steps: readonly Step[],
    request: AccessRequest,
    isSteady: boolean,
  ) {
    this.permission = permission;
    this.scope = scope;
    this.outcome = outcome;
    this.steps = steps;
    this.request = request;
    this.isSteady = isSteady;
  }

  /** Made when it is first read: most decisions are never recorded. */
  get id(): string {
    this.#id ??= newId();
    return this.#id;
  }
}

/** The error that tells a refusal: its reason and which policy gave it, and nothing of the rows. */
export function refusal(
  decision: Decision,
  step?: { policy: string; reason?: string; effect: string; cause?: string },
): GatehouseError {
  const { outcome, permission, id } = decision;
  const by =
    step ??
    (outcome.effect === 'allow' ? { policy: 'roles', reason: 'no role reaches this', effect: 'deny' } : outcome);
  const details = { decisionId: id, policy: by.policy, permission };
  const error =
    by.effect === 'error'
      ? new GatehouseError('POLICY_ERROR', `Policy ${by.policy} could not decide about ${permission}.`, details)
      : new GatehouseError('FORBIDDEN', `${permission} is refused: ${by.reason ?? 'refused'}.`, details);
  if (decision.scope.tenantId !== undefined) error.tenantId = decision.scope.tenantId;
  error.evidence = [{ decision, reviews: [] }];
  return error;
}

/** Who is told to refuse what concerns a group that a policy excepts. */
export const exceptedStep: Step = {
  policy: 'excepted-groups',
  mode: 'guard',
  effect: 'deny',
  reason: 'it concerns a group that a policy excepts, so it takes POLICY:UPDATE',
};

/** Who is told to have refused a row that the filter leaves out: the roles, or else the guard that does not spare it. */
export function outOfReach({ steps }: Decision, row: Row): Step & { readonly effect: 'deny' } {
  const spares = (step: Step) => !step.filter || matcherOf(step.filter)(row);
  const granted = steps.some(
    (step) => step.mode === 'grant' && step.effect === 'allow' && !step.shadow && spares(step),
  );
  const guard = granted && steps.find((step) => step.effect === 'deny' && !step.shadow && !spares(step));
  return guard
    ? {
        policy: guard.policy,
        mode: 'guard',
        effect: 'deny',
        ...(guard.reason !== undefined && { reason: guard.reason }),
      }
    : { policy: 'roles', mode: 'grant', effect: 'deny', reason: 'no role reaches this' };
}

/** How an audit event tells what a policy in shadow would have done. */
export const shadowNote = ({ policy, reason, cause }: Step): string =>
  `${policy} (in shadow) would have refused: ${reason ?? cause ?? ''}`;
