import { z } from 'zod';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import { Prisma, type Trigger } from '../../../db/generated/client.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict } from '../../../errors.ts';
import { recordOf } from '../../../lib/models.ts';
import { find } from '../../../policy/session/find.ts';
import { type Backfill, dueWithout, firstDateFrom } from './backfill.ts';
import { firstDue, type Recovery } from './due.ts';
import { dueOnceEnabled, notedWhenDisabled } from './enabling.ts';

/** A trigger in an input, with the version that the caller read. */
export interface Named {
  readonly id: string;
  readonly version?: number | null | undefined;
}
export interface Changed {
  readonly trigger: Trigger;
  /** False if there was nothing to change. */
  readonly changed: boolean;
}
type Data = Prisma.TriggerUncheckedUpdateInput;

/** A user's act on one trigger: checks the version, reviews and records. */
async function act<P extends 'TRIGGER:CREATE' | 'TRIGGER:UPDATE' | 'TRIGGER:DELETE'>(
  tx: Tx,
  grant: Grant<P>,
  tenant: TenantRef,
  { id, version }: Named,
  verb: string,
  alter: (before: Trigger, now: Date) => Data | undefined,
): Promise<Changed> {
  const before = await find<Trigger>(tx, grant, 'TRIGGER', id);
  if (version != null && before.version !== version)
    throw conflict(`The trigger is at version ${before.version}, not at ${version}. Read it again.`);
  const now = new Date();
  const data = alter(before, now);
  if (!data) return { trigger: before, changed: false };
  const next = { ...data, version: before.version + 1, updatedAt: now };
  await grant.review(tx, { before, after: rowAfter(before, next) });
  const after = await rowsOf(tx).update('Trigger', id, next);
  // Recorded even if no audited field changed.
  record(tx, grant, { before, after, tenant, verb, details: {} });
  return { trigger: after, changed: true };
}

/** The row after the change. Prisma has a special value for an empty JSON column. */
const rowAfter = (before: Trigger, data: Data) => ({
  ...before,
  ...Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value === Prisma.DbNull ? null : value])),
});

const backfillOf = ({ backfill }: Trigger): Backfill | null => backfill as unknown as Backfill | null;
const stored = (backfill: Backfill) => backfill as unknown as Prisma.InputJsonObject;
const unlocked = { executionId: null, evaluationStartedAt: null, workerId: null } as const;
const isLocked = ({ executionId, evaluationStartedAt }: Trigger) =>
  executionId !== null || evaluationStartedAt !== null;

/**
 * Disables or enables a trigger. Its executions continue; a realtime trigger loses the worker that listens.
 * @param recovery when enabled: which missed dates to recover. Defaults to that of its source, else none.
 */
export const setDisabled = (
  tx: Tx,
  grant: Grant<'TRIGGER:UPDATE'>,
  tenant: TenantRef,
  named: Named,
  disabled: boolean,
  recovery?: Recovery,
): Promise<Changed> =>
  act(tx, grant, tenant, named, disabled ? 'disable' : 'enable', (before, now) => {
    if (before.disabled === disabled) return undefined;
    const { doer } = grant;
    const isCut = disabled && before.kind === 'REALTIME' && before.evaluationStartedAt !== null;
    return {
      disabled,
      disabledReason: disabled ? 'PERSON' : null,
      stateById: doer.id,
      stateByName: doer.name,
      stateAt: now,
      ...(disabled ? { nextExecutionAt: null, ...notedWhenDisabled(before) } : dueOnceEnabled(before, now, recovery)),
      ...(isCut && { evaluationStartedAt: null, workerId: null, sequence: { increment: 1 } }),
    };
  });

/** Unlocks a trigger that is held by an execution or an evaluation. If that is still running, a second one can start. */
export const unlock = (tx: Tx, grant: Grant<'TRIGGER:UPDATE'>, tenant: TenantRef, named: Named): Promise<Changed> =>
  act(tx, grant, tenant, named, 'unlock', (before) => {
    if (before.kind === 'REALTIME')
      throw conflict('A realtime trigger cannot be unlocked: its worker holds it while it listens.');
    if (!isLocked(before)) throw conflict('The trigger is not locked.');
    return { ...unlocked, sequence: { increment: 1 } };
  });

/** Restarts a trigger: a current evaluation is revoked and does not affect the next date. */
export const restart = (tx: Tx, grant: Grant<'TRIGGER:UPDATE'>, tenant: TenantRef, named: Named): Promise<Changed> =>
  act(tx, grant, tenant, named, 'restart', (before, now) => ({
    evaluationStartedAt: null,
    workerId: null,
    evaluatedAt: before.disabled ? now : null,
    sequence: { increment: 1 },
    ...(!before.disabled && !before.backfill && { nextExecutionAt: firstDue(before, now) }),
  }));

/** Resets a trigger to the state of a newly saved flow. */
export const reset = (tx: Tx, grant: Grant<'TRIGGER:DELETE'>, tenant: TenantRef, named: Named): Promise<Changed> =>
  act(tx, grant, tenant, named, 'reset', (before, now) => ({
    ...unlocked,
    disabled: before.declaredDisabled,
    disabledReason: before.declaredDisabled ? 'SOURCE' : null,
    stateById: grant.doer.id,
    stateByName: grant.doer.name,
    stateAt: now,
    lastTriggeredAt: null,
    lastExecutionId: null,
    evaluatedAt: null,
    backfill: Prisma.DbNull,
    sequence: { increment: 1 },
    nextExecutionAt: before.declaredDisabled ? null : firstDue(before, now),
  }));

export interface NewBackfill {
  readonly start: Date;
  /** Defaults to now. */
  readonly end?: Date | null | undefined;
  readonly inputs?: unknown;
  readonly labels?: unknown;
}
const maxBytes = 50_000;
export const backfillInputs = recordOf(
  z.string().max(256, 'The name of an input can have at most 256 characters.'),
  z.json(),
  'Inputs must be an object of values by name.',
).refine((inputs) => JSON.stringify(inputs).length <= maxBytes, 'Inputs can have at most 50 kB.');

/** Runs a schedule for past dates. Its regular due date is kept for the end. */
export const createBackfill = (
  tx: Tx,
  grant: Grant<'TRIGGER:CREATE'>,
  tenant: TenantRef,
  named: Named,
  { start, end: given, inputs, labels }: NewBackfill,
): Promise<Changed> =>
  act(tx, grant, tenant, named, 'create-backfill', (before, now) => {
    const end = given ?? now;
    if (before.kind !== 'SCHEDULE') throw conflict('Only a schedule can have a backfill.');
    if (before.disabled || before.flowDisabled) throw conflict('The trigger is disabled. Enable it first.');
    if (before.backfill) throw conflict('The trigger already has a backfill. Delete it first.');
    if (start >= now) throw badInput(['input', 'start'], 'The start of a backfill must be in the past.');
    if (end > now) throw badInput(['input', 'end'], 'The end of a backfill must be in the past. Omit it for now.');
    if (end < start) throw badInput(['input', 'end'], 'The end of a backfill must be after its start.');
    const first = firstDateFrom(before, start);
    if (!first || first > end) throw badInput(['input', 'start'], 'The schedule has no date between start and end.');
    const backfill: Backfill = {
      start: start.toISOString(),
      end: end.toISOString(),
      currentDate: first.toISOString(),
      paused: false,
      inputs: (inputs ?? {}) as Backfill['inputs'],
      labels: (labels ?? {}) as Backfill['labels'],
      previousNextExecutionAt: before.nextExecutionAt?.toISOString() ?? null,
    };
    return { backfill: stored(backfill), nextExecutionAt: first };
  });

const running = (trigger: Trigger): Backfill => {
  const backfill = backfillOf(trigger);
  if (!backfill) throw conflict('The trigger has no backfill.');
  return backfill;
};

/** Pauses or resumes a backfill. While paused, the trigger is due as without it. */
export const setBackfillPaused = (
  tx: Tx,
  grant: Grant<'TRIGGER:UPDATE'>,
  tenant: TenantRef,
  named: Named,
  paused: boolean,
): Promise<Changed> =>
  act(tx, grant, tenant, named, paused ? 'pause-backfill' : 'resume-backfill', (before) => {
    const backfill = running(before);
    if (backfill.paused === paused)
      throw conflict(paused ? 'The backfill is already paused.' : 'The backfill is not paused.');
    if (paused)
      return {
        backfill: stored({ ...backfill, paused }),
        nextExecutionAt: before.disabled ? null : dueWithout(backfill),
      };
    const previousNextExecutionAt = before.nextExecutionAt?.toISOString() ?? backfill.previousNextExecutionAt;
    return {
      backfill: stored({ ...backfill, paused, previousNextExecutionAt }),
      nextExecutionAt: before.disabled ? null : new Date(backfill.currentDate),
    };
  });

/** Ends a backfill. The trigger is due as without it. */
export const deleteBackfill = (
  tx: Tx,
  grant: Grant<'TRIGGER:UPDATE'>,
  tenant: TenantRef,
  named: Named,
): Promise<Changed> =>
  act(tx, grant, tenant, named, 'delete-backfill', (before) => {
    const backfill = running(before);
    const due = backfill.paused ? before.nextExecutionAt : dueWithout(backfill);
    return { backfill: Prisma.DbNull, nextExecutionAt: before.disabled ? null : due };
  });
