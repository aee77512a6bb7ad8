import { z } from 'zod';
import type { Permission } from '../../../access/catalog.ts';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { Tx } from '../../../db/transaction.ts';
import { builder } from '../../../graphql/builder.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import type { PayloadBuilder } from '../../../graphql/mutation/spec.ts';
import { byId, inTenant } from '../../../graphql/mutation/target.ts';
import { ownLabels } from '../labels.ts';
import type { recoveries } from './due.ts';
import { TriggerRef } from './schema.ts';
import { assertSelection, onEach, selectionInput, selectionPayload } from './selected-triggers.ts';
import {
  backfillInputs,
  type Changed,
  createBackfill,
  deleteBackfill,
  type Named,
  reset,
  restart,
  setBackfillPaused,
  setDisabled,
  unlock,
} from './service.ts';

const recoveryTexts: Record<(typeof recoveries)[number], { description: string }> = {
  ALL: { description: 'Recover every missed date.' },
  LAST: { description: 'Recover the last missed date.' },
  NONE: { description: 'Skip all missed dates.' },
};
const RecoveryEnum = builder.enumType('RecoverMissedSchedules', {
  description: 'What happens to the dates that a schedule missed while it was disabled.',
  values: recoveryTexts,
});

mutation('setTriggersDisabled', {
  description:
    'Disables or enables triggers, regardless of their sources. Returns a result and records an audit event for each.',
  permission: 'TRIGGER:UPDATE',
  input: (t) => ({
    ...selectionInput(t),
    disabled: t.boolean({ required: true, description: 'True to disable, false to enable.' }),
    recoverMissed: t.field({
      type: RecoveryEnum,
      description: 'For schedules that are enabled. Defaults to the value in each source, or NONE.',
    }),
  }),
  target: (input, context) => {
    assertSelection(input);
    return inTenant(input.tenantKey, context);
  },
  run: (tx, grant, input, { tenant }, context, refusals) =>
    onEach(tx, context, refusals, tenant.id, input, (named) =>
      setDisabled(tx, grant, tenant, named, input.disabled, input.recoverMissed ?? undefined),
    ),
  payload: selectionPayload,
  timeoutMs: ({ limits }) => limits.bulkMs,
});

type Act<P extends Permission> = (tx: Tx, grant: Grant<P>, tenant: TenantRef, named: Named) => Promise<Changed>;

/** Defines a mutation that acts on each trigger of a selection. */
function onSelected<P extends Permission>(name: string, permission: P, description: string, act: Act<P>): void {
  mutation(name, {
    description: `${description} Returns a result and records an audit event for each.`,
    permission,
    input: (t) => selectionInput(t),
    target: (input, context) => {
      assertSelection(input);
      return inTenant(input.tenantKey, context);
    },
    run: (tx, grant, input, { tenant }, context, refusals) =>
      onEach(tx, context, refusals, tenant.id, input, (named) => act(tx, grant, tenant, named)),
    payload: selectionPayload,
    timeoutMs: ({ limits }) => limits.bulkMs,
  });
}

onSelected(
  'unlockTriggers',
  'TRIGGER:UPDATE',
  'Unlocks triggers that are held by an execution or an evaluation. If that is still running, a second one can start.',
  unlock,
);
onSelected(
  'restartTriggers',
  'TRIGGER:UPDATE',
  'Restarts triggers. A current evaluation is revoked, and the next date is computed from now.',
  restart,
);
onSelected(
  'deleteTriggers',
  'TRIGGER:DELETE',
  'Resets the state of triggers to that of a newly saved flow. To remove a trigger, remove it from the source.',
  reset,
);

const one = {
  id: 'ID of the trigger.',
  version: 'Version of the trigger that the caller read. If it differs, the request fails with CONFLICT.',
};
const triggerPayload = (t: PayloadBuilder<Changed>) => ({
  trigger: t.field({
    type: TriggerRef,
    nullable: true,
    description: 'The trigger.',
    resolve: ({ result }) => result.trigger,
  }),
});

mutation('createBackfill', {
  description: 'Runs a schedule for past dates.',
  permission: 'TRIGGER:CREATE',
  input: (t) => ({
    id: t.id({ required: true, description: one.id }),
    version: t.int({ description: one.version }),
    start: t.field({ type: 'DateTime', required: true, description: 'Start of the dates, inclusive.' }),
    end: t.field({ type: 'DateTime', description: 'End of the dates, inclusive. Defaults to now.' }),
    inputs: t.field({ type: 'JSON', description: 'Inputs of the executions, by name.' }),
    labels: t.field({ type: 'JSON', description: 'Labels of the executions: text values by key.' }),
  }),
  rules: z.looseObject({ inputs: backfillInputs.nullish(), labels: ownLabels.nullish() }),
  target: ({ id }, context) => byId('TRIGGER', 'Trigger', id, context),
  locksTarget: true,
  run: (tx, grant, input, { tenant, id }) => createBackfill(tx, grant, tenant, { id, version: input.version }, input),
  payload: triggerPayload,
});

/** Defines a mutation that changes the backfill of one trigger. */
function onBackfill(name: string, description: string, act: Act<'TRIGGER:UPDATE'>): void {
  mutation(name, {
    description,
    permission: 'TRIGGER:UPDATE',
    input: (t) => ({
      id: t.id({ required: true, description: one.id }),
      version: t.int({ description: one.version }),
    }),
    target: ({ id }, context) => byId('TRIGGER', 'Trigger', id, context),
    locksTarget: true,
    run: (tx, grant, { version }, { tenant, id }) => act(tx, grant, tenant, { id, version }),
    payload: triggerPayload,
  });
}

onBackfill(
  'pauseBackfill',
  'Pauses a backfill. Until it is resumed, the trigger is due as without it.',
  (tx, grant, tenant, named) => setBackfillPaused(tx, grant, tenant, named, true),
);
onBackfill('resumeBackfill', 'Resumes a backfill at the date where it was paused.', (tx, grant, tenant, named) =>
  setBackfillPaused(tx, grant, tenant, named, false),
);
onBackfill('deleteBackfill', 'Ends a backfill. The trigger is due as without it.', deleteBackfill);
