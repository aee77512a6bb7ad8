import type { Where } from '../../access/where.ts';
import type { Obligation, StepUp, Verdict } from '../contract.ts';

/** The contribution of one policy to a decision, kept for explanations. */
export interface Step {
  readonly policy: string;
  readonly mode: 'grant' | 'guard';
  readonly effect: 'allow' | 'deny' | 'abstain' | 'error';
  readonly reason?: string;
  /** `when` of an allow, `unless` of a deny. Absent: every row, or none. */
  readonly filter?: Where;
  /** The failure, if the effect is `error`. */
  readonly cause?: string;
  readonly shadow?: boolean;
  readonly until?: Date;
  readonly obligations?: readonly Obligation[];
  readonly stepUp?: StepUp;
}

export type Outcome =
  | { readonly effect: 'allow'; readonly where: Where | undefined }
  | { readonly effect: 'deny' | 'error'; readonly policy: string; readonly reason: string; readonly stepUp?: StepUp };

export const toStep = (policy: string, mode: Step['mode'], verdict: Verdict): Step => {
  const { effect, until } = verdict;
  const filter = effect === 'allow' ? verdict.when : effect === 'deny' ? verdict.unless : undefined;
  return {
    policy,
    mode,
    effect,
    ...('reason' in verdict && { reason: verdict.reason }),
    ...(filter && { filter: filter as Where }),
    ...(until && { until }),
    ...('stepUp' in verdict && verdict.stepUp && { stepUp: verdict.stepUp }),
    ...('obligations' in verdict && verdict.obligations && { obligations: verdict.obligations }),
  };
};

/**
 * Combines the steps: reach = (OR of the filters of grants that allow) AND (every filter of guards that deny). Without
 * a grant, the outcome is a refusal. A deny without a filter refuses, and an error refuses as an error. The order of
 * steps affects only which reason is reported. `where` undefined means every row.
 */
export function combine(steps: readonly Step[]): Outcome {
  const counted = steps.filter((step) => !step.shadow);
  const allows = counted.filter((step) => step.mode === 'grant' && step.effect === 'allow');
  const errors = counted.filter((step) => step.effect === 'error');
  if (errors.length > 0) return { effect: 'error', policy: errors[0]!.policy, reason: 'a policy failed' };
  if (allows.length === 0) return { effect: 'deny', policy: 'roles', reason: 'no role grants this permission' };
  const denials = counted.filter((step) => step.effect === 'deny');
  const refusal = denials.find((step) => !step.filter);
  if (refusal) {
    const { policy, reason = 'refused', stepUp } = refusal;
    return { effect: 'deny', policy, reason, ...(stepUp && { stepUp }) };
  }

  const everything = allows.some((step) => !step.filter);
  const granted = everything
    ? []
    : [allows.length === 1 ? allows[0]!.filter! : { OR: allows.map((step) => step.filter!) }];
  const parts = [...granted, ...denials.map((step) => step.filter!)];
  return { effect: 'allow', where: parts.length === 0 ? undefined : parts.length === 1 ? parts[0]! : { AND: parts } };
}

/** The outcome once the person has proved again who they are, if that lifts a refusal. */
export const combineAfterStepUp = (steps: readonly Step[]): Outcome =>
  combine(steps.filter(({ effect, stepUp }) => effect !== 'deny' || stepUp === undefined));
