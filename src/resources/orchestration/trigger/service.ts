import { z } from 'zod';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import { Prisma, type Trigger } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict } from '../../../errors.ts';
import { recordOf } from '../../../lib/models.ts';
import { find } from '../../../policy/session/find.ts';
import { type Backfill, dueWithout, firstDateFrom } from './backfill.ts';
import { firstDue, type Recovery } from './due.ts';
import { dueOnceEnabled, notedWhenDisabled } from './enabling.ts';

/** A trigger as an input names it, with the version that the caller saw. */
export interface Named {
  readonly id: string;
  readonly version?: number | null | undefined;
}
export interface Changed {
  readonly trigger: Trigger;
  /** Was there anything to change? */
  readonly changed: boolean;
}
type Data = Prisma.TriggerUncheckedUpdateInput;

/** One person's act on one trigger: compared with the version that they saw, reviewed, recorded. */
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
    throw conflict(`The trigger is at version ${before.version} by now, not at ${version}.`);
  const now = new Date();
  const data = alter(before, now);
  if (!data) return { trigger: before, changed: false };
  const next = { ...data, version: before.version + 1, updatedAt: now };
  await grant.review(tx, { before, after: rowAfter(before, next) });
  const after = await tx.trigger.update({ where: { id }, data: next });
  // Also where nothing of it shows in what events hold: the act itself is told.
  record(tx, grant, { before, after, tenant, verb, details: {} });
  return { trigger: after, changed: true };
}

/** The row as it will be: for Prisma, an empty JSON column is a word of its own. */
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
 * Stops a trigger, or lets it go on. What it started runs on; a realtime one loses the worker that listened for it.
 * @param recovery for one that goes on: what happens to the dates in between. Default: as its source says, else none is made up for.
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

/** Lets go of a trigger that is held by an execution or an evaluation. Where that still runs, there may be two. */
export const unlock = (tx: Tx, grant: Grant<'TRIGGER:UPDATE'>, tenant: TenantRef, named: Named): Promise<Changed> =>
  act(tx, grant, tenant, named, 'unlock', (before) => {
    if (before.kind === 'REALTIME') throw conflict('A realtime trigger is held by its worker as long as it listens.');
    if (!isLocked(before)) throw conflict('The trigger is not locked.');
    return { ...unlocked, sequence: { increment: 1 } };
  });

/** Begins anew: the worker that evaluates it loses it, and what it did before does not count for what comes next. */
export const restart = (tx: Tx, grant: Grant<'TRIGGER:UPDATE'>, tenant: TenantRef, named: Named): Promise<Changed> =>
  act(tx, grant, tenant, named, 'restart', (before, now) => ({
    evaluationStartedAt: null,
    workerId: null,
    evaluatedAt: before.disabled ? now : null,
    sequence: { increment: 1 },
    ...(!before.disabled && !before.backfill && { nextExecutionAt: firstDue(before, now) }),
  }));

/** Forgets all that is kept of a trigger: it is as if its flow had just been saved for the first time. */
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
  /** Default: now. */
  readonly end?: Date | null | undefined;
  readonly inputs?: unknown;
  readonly labels?: unknown;
}
const maxBytes = 50_000;
export const backfillInputs = recordOf(
  z.string().max(256, 'The name of an input has at most 256 characters.'),
  z.json(),
  'Inputs are an object of values by name.',
).refine((inputs) => JSON.stringify(inputs).length <= maxBytes, 'Inputs take at most 50 kB.');

/** Runs a schedule for dates of the past. When it is due without that is kept, for the end. */
export const createBackfill = (
  tx: Tx,
  grant: Grant<'TRIGGER:CREATE'>,
  tenant: TenantRef,
  named: Named,
  { start, end: given, inputs, labels }: NewBackfill,
): Promise<Changed> =>
  act(tx, grant, tenant, named, 'create-backfill', (before, now) => {
    const end = given ?? now;
    if (before.kind !== 'SCHEDULE') throw conflict('Only a schedule has dates to run for.');
    if (before.disabled || before.flowDisabled) throw conflict('The trigger is disabled: enable it first.');
    if (before.backfill) throw conflict('There is a backfill already: delete it first.');
    if (start >= now) throw badInput(['input', 'start'], 'A backfill begins in the past.');
    if (end > now) throw badInput(['input', 'end'], 'A backfill ends in the past; left out, now.');
    if (end < start) throw badInput(['input', 'end'], 'A backfill ends after it begins.');
    const first = firstDateFrom(before, start);
    if (!first || first > end) throw badInput(['input', 'start'], 'No date of the schedule lies between the two.');
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

/** Stops a backfill, or lets it go on from the date where it stood. Meanwhile the trigger is due as without it. */
export const setBackfillPaused = (
  tx: Tx,
  grant: Grant<'TRIGGER:UPDATE'>,
  tenant: TenantRef,
  named: Named,
  paused: boolean,
): Promise<Changed> =>
  act(tx, grant, tenant, named, paused ? 'pause-backfill' : 'resume-backfill', (before) => {
    const backfill = running(before);
    if (backfill.paused === paused) throw conflict(paused ? 'The backfill is paused already.' : 'The backfill runs.');
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

/** Ends a backfill. The trigger is due as it was without it. */
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
