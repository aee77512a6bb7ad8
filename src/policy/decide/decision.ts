import type { Permission } from '../../access/catalog.ts';
import type { Row } from '../../access/row.ts';
import { GatehouseError } from '../../errors.ts';
import { newId } from '../../lib/ids.ts';
import type { AccessRequest, StepUp } from '../contract.ts';
import { matcherOf } from '../filter/matcher.ts';
import type { Identity } from '../session/identity.ts';
import type { Outcome, Step } from './combine.ts';

export interface Scope {
  /** Undefined at the instance level. */
  readonly tenantId?: string | undefined;
  readonly part?: 'members' | undefined;
}

/** A decision of the engine, with the steps that led to it. */
export class Decision {
  #id: string | undefined;
  readonly permission: Permission;
  readonly scope: Scope;
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
  readonly request: AccessRequest;
  /** False if a policy read the clock without stating until when its verdict holds. */
  readonly isSteady: boolean;
  /** The identity that the decision is for. Set if a session asked. */
  identity?: Identity;
  /** True once an operation has relied on the decision. */
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

  /** Created on first read, because most decisions are never recorded. */
  get id(): string {
    this.#id ??= newId();
    return this.#id;
  }
}

/** Creates the error for a refusal. It contains the reason and the policy, and nothing of the rows. */
export function refusal(
  decision: Decision,
  step?: { policy: string; reason?: string; effect: string; cause?: string; stepUp?: StepUp },
): GatehouseError {
  const { outcome, permission, id } = decision;
  const by =
    step ??
    (outcome.effect === 'allow'
      ? { policy: 'roles', reason: 'no role grants this here', effect: 'deny', stepUp: undefined }
      : outcome);
  const details = { decisionId: id, policy: by.policy, permission, ...(by.stepUp && { stepUp: by.stepUp }) };
  const error =
    by.effect === 'error'
      ? new GatehouseError('POLICY_ERROR', `Policy ${by.policy} could not decide about ${permission}.`, details)
      : new GatehouseError('FORBIDDEN', `${permission} is refused: ${by.reason ?? 'refused'}.`, details);
  if (decision.scope.tenantId !== undefined) error.tenantId = decision.scope.tenantId;
  error.evidence = [{ decision, reviews: [] }];
  return error;
}

/** The step that refuses a change of a group that a policy exempts. */
export const exceptedStep: Step = {
  policy: 'excepted-groups',
  mode: 'guard',
  effect: 'deny',
  reason: 'a policy exempts the affected group, so the change requires POLICY:UPDATE',
};

type Covers = (step: Step) => boolean;
const coversRow =
  (row: Row): Covers =>
  ({ filter }) =>
    !filter || matcherOf(filter)(row);

/** True if a grant covers the row, whatever the guards say. */
export const isGranted = (steps: readonly Step[], row: Row, covers: Covers = coversRow(row)): boolean =>
  steps.some((step) => step.mode === 'grant' && step.effect === 'allow' && !step.shadow && covers(step));

/**
 * The step that refuses a row: the roles if no grant covers it, otherwise the guard that does not exempt it.
 * @param covers whether the filter of a step covers the row, if not all values of the row are known.
 */
export function refusingStep(
  steps: readonly Step[],
  row: Row,
  covers: Covers = coversRow(row),
): Step & { readonly effect: 'deny' } {
  const guard =
    isGranted(steps, row, covers) && steps.find((step) => step.effect === 'deny' && !step.shadow && !covers(step));
  return guard
    ? {
        policy: guard.policy,
        mode: 'guard',
        effect: 'deny',
        ...(guard.reason !== undefined && { reason: guard.reason }),
        ...(guard.stepUp && { stepUp: guard.stepUp }),
      }
    : { policy: 'roles', mode: 'grant', effect: 'deny', reason: 'no role grants this here' };
}

/** Returns the audit note for a step that a policy in shadow mode would have refused. */
export const shadowNote = ({ policy, reason, cause }: Step): string =>
  `${policy} (shadow mode) would have refused: ${reason ?? cause ?? ''}`;
