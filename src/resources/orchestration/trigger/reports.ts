import type { Trigger } from '../../../db/generated/client.ts';
import { statementsOf, type Tx } from '../../../db/tx.ts';
import { badInput, type GatehouseError } from '../../../errors.ts';
import { advanced, type Backfill } from './backfill.ts';
import { dueAfter } from './due.ts';

/** A report of an engine on a claimed trigger. */
export interface TriggerReport {
  readonly id: string;
  /** Why the ID is invalid. */
  readonly wrong?: GatehouseError;
  /** Number of the claim. */
  readonly sequence: bigint;
  /** The due date of the claim. */
  readonly dueAt: Date;
  /** The started execution; absent if it did not fire. */
  readonly executionId?: string | null | undefined;
  /** A realtime trigger keeps listening unless this is true. */
  readonly ended?: boolean | null | undefined;
}

const executionIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Max clock skew against the database, which decides when triggers are due. */
const aheadMs = 5 * 60_000;

/** The fault of a report on its own: it would hold the trigger forever, or set a date beyond the calendar. */
export function reportFault(
  { kind }: Trigger,
  { executionId, dueAt }: TriggerReport,
  now: Date,
): GatehouseError | undefined {
  if (executionId != null && !executionIdPattern.test(executionId))
    return badInput(['executionId'], 'An ID must have 1 to 100 characters of A-Z, a-z, 0-9, ., _ and -.');
  if (kind === 'SCHEDULE' && dueAt.getTime() > now.getTime() + aheadMs)
    return badInput(['dueAt'], 'A trigger cannot be claimed before it is due.');
  return undefined;
}

export const reportOutcomes = ['APPLIED', 'IGNORED'] as const;
export type ReportOutcome = (typeof reportOutcomes)[number];

export type ReportedState = Pick<
  Trigger,
  | 'evaluationStartedAt'
  | 'workerId'
  | 'evaluatedAt'
  | 'executionId'
  | 'lastExecutionId'
  | 'lastTriggeredAt'
  | 'nextExecutionAt'
> & { readonly backfill: Backfill | null };

/** The state after a report; undefined if it is outdated: from an earlier or released claim, or already reported. */
export function reported(
  trigger: Trigger,
  report: TriggerReport,
  serviceId: string,
  now: Date,
): ReportedState | undefined {
  const isHeld = trigger.evaluationStartedAt !== null && trigger.workerId === serviceId;
  if (!isHeld || report.sequence !== trigger.sequence) return undefined;
  const { executionId } = report;
  const fired = executionId == null ? {} : { lastExecutionId: executionId, lastTriggeredAt: now };
  const present: ReportedState = { ...trigger, backfill: trigger.backfill as unknown as Backfill | null };
  if (trigger.kind === 'REALTIME' && report.ended !== true) return { ...present, ...fired };
  const evaluatedAt = trigger.kind === 'SCHEDULE' ? report.dueAt : now;
  return {
    ...present,
    ...fired,
    evaluationStartedAt: null,
    workerId: null,
    ...(executionId != null && trigger.kind !== 'REALTIME' && { executionId }),
    ...nextOf(trigger, present.backfill, evaluatedAt, now),
  };
}

/** Where a trigger continues after the date that was done. */
function nextOf(
  trigger: Trigger,
  backfill: Backfill | null,
  evaluatedAt: Date,
  now: Date,
): Pick<ReportedState, 'backfill' | 'nextExecutionAt' | 'evaluatedAt'> {
  const isOff = trigger.disabled;
  // Dates of a backfill are in the past: the schedule itself does not move.
  const asBefore = { evaluatedAt: trigger.evaluatedAt, nextExecutionAt: trigger.nextExecutionAt };
  if (backfill && evaluatedAt.getTime() === new Date(backfill.currentDate).getTime()) {
    const next = advanced(trigger, backfill);
    if (backfill.paused) return { ...asBefore, backfill: next.backfill };
    return { ...next, evaluatedAt: trigger.evaluatedAt, ...(isOff && { nextExecutionAt: null }) };
  }
  // The backfill of the claim was deleted or has moved on: the next date is already set.
  const isBehind = trigger.nextExecutionAt !== null && evaluatedAt < trigger.nextExecutionAt;
  if (trigger.kind === 'SCHEDULE' && (!backfill || backfill.paused) && isBehind) return { ...asBefore, backfill };
  const due = dueAfter(trigger, evaluatedAt, now);
  if (!backfill || backfill.paused) return { backfill, evaluatedAt, nextExecutionAt: isOff ? null : due };
  // The backfill was created after the claim and takes precedence.
  const later = { ...backfill, previousNextExecutionAt: due?.toISOString() ?? null };
  return { backfill: later, evaluatedAt, nextExecutionAt: isOff ? null : new Date(backfill.currentDate) };
}

const storeSql = `
  UPDATE "Trigger" t SET "evaluationStartedAt" = r."evaluationStartedAt", "workerId" = r."workerId",
    "evaluatedAt" = r."evaluatedAt", "executionId" = r."executionId", "lastExecutionId" = r."lastExecutionId",
    "lastTriggeredAt" = r."lastTriggeredAt", "nextExecutionAt" = r."nextExecutionAt",
    backfill = NULLIF(r.backfill, 'null'::jsonb)
  FROM jsonb_populate_recordset(NULL::"Trigger", $1::jsonb) r WHERE t.id = r.id`;

/** Writes many states in one statement, and does not wait for the answer. */
export function storeReported(tx: Tx, states: ReadonlyMap<string, ReportedState>): void {
  if (states.size === 0) return;
  const rows = [...states].map(([id, state]) => ({
    id,
    evaluationStartedAt: state.evaluationStartedAt,
    workerId: state.workerId,
    evaluatedAt: state.evaluatedAt,
    executionId: state.executionId,
    lastExecutionId: state.lastExecutionId,
    lastTriggeredAt: state.lastTriggeredAt,
    nextExecutionAt: state.nextExecutionAt,
    backfill: state.backfill,
  }));
  statementsOf(tx).writeOn({ text: storeSql, values: [JSON.stringify(rows)], isKept: true });
}
