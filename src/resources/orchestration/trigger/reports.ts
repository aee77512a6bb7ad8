import type { Trigger } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, type GatehouseError } from '../../../errors.ts';
import { advanced, type Backfill } from './backfill.ts';
import { dueAfter } from './due.ts';

/** What an engine says of a trigger that it claimed. */
export interface TriggerReport {
  readonly id: string;
  /** Why the id is none. */
  readonly wrong?: GatehouseError;
  /** Of the claim. */
  readonly sequence: bigint;
  /** The date that it was claimed for. */
  readonly dueAt: Date;
  /** The execution that it started; absent: it did not fire. */
  readonly executionId?: string | null | undefined;
  /** A realtime trigger goes on listening, unless this says that it stopped. */
  readonly ended?: boolean | null | undefined;
}

const executionIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** The database, by whose clock triggers are due, may be ahead by so much. */
const aheadMs = 5 * 60_000;

/** What is wrong with a report by itself: it would hold the trigger for ever, or move it out of the calendar. */
export function reportFault(
  { kind }: Trigger,
  { executionId, dueAt }: TriggerReport,
  now: Date,
): GatehouseError | undefined {
  if (executionId != null && !executionIdPattern.test(executionId))
    return badInput(['executionId'], 'An id has 1 to 100 of A-Z, a-z, 0-9, ., _ and -.');
  if (kind === 'SCHEDULE' && dueAt.getTime() > now.getTime() + aheadMs)
    return badInput(['dueAt'], 'No trigger is claimed before it is due.');
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

/**
 * The state after a report; undefined where it is out of date: of an earlier claim, of one that was taken away, or told
 * before.
 */
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

/** Where a trigger goes on after the date that was dealt with. */
function nextOf(
  trigger: Trigger,
  backfill: Backfill | null,
  evaluatedAt: Date,
  now: Date,
): Pick<ReportedState, 'backfill' | 'nextExecutionAt' | 'evaluatedAt'> {
  const isOff = trigger.disabled;
  // Dates of a backfill lie in the past: the schedule itself stays where it is.
  const asBefore = { evaluatedAt: trigger.evaluatedAt, nextExecutionAt: trigger.nextExecutionAt };
  if (backfill && evaluatedAt.getTime() === new Date(backfill.currentDate).getTime()) {
    const next = advanced(trigger, backfill);
    if (backfill.paused) return { ...asBefore, backfill: next.backfill };
    return { ...next, evaluatedAt: trigger.evaluatedAt, ...(isOff && { nextExecutionAt: null }) };
  }
  // It was claimed for a date of a backfill that is gone, or was moved on meanwhile: it is due later already.
  const isBehind = trigger.nextExecutionAt !== null && evaluatedAt < trigger.nextExecutionAt;
  if (trigger.kind === 'SCHEDULE' && (!backfill || backfill.paused) && isBehind) return { ...asBefore, backfill };
  const due = dueAfter(trigger, evaluatedAt, now);
  if (!backfill || backfill.paused) return { backfill, evaluatedAt, nextExecutionAt: isOff ? null : due };
  // The backfill came up after the claim, and goes first.
  const later = { ...backfill, previousNextExecutionAt: due?.toISOString() ?? null };
  return { backfill: later, evaluatedAt, nextExecutionAt: isOff ? null : new Date(backfill.currentDate) };
}

/** Writes many states in one statement. */
export async function storeReported(tx: Tx, states: ReadonlyMap<string, ReportedState>): Promise<void> {
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
  await tx.$executeRaw`
    UPDATE "Trigger" t SET "evaluationStartedAt" = r."evaluationStartedAt", "workerId" = r."workerId",
      "evaluatedAt" = r."evaluatedAt", "executionId" = r."executionId", "lastExecutionId" = r."lastExecutionId",
      "lastTriggeredAt" = r."lastTriggeredAt", "nextExecutionAt" = r."nextExecutionAt",
      backfill = NULLIF(r.backfill, 'null'::jsonb)
    FROM jsonb_populate_recordset(NULL::"Trigger", ${JSON.stringify(rows)}::jsonb) r WHERE t.id = r.id`;
}
