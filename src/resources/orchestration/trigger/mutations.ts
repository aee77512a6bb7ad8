import { z } from 'zod';
import type { Permission } from '../../../access/catalog.ts';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { Tx } from '../../../db/transaction.ts';
import { builder } from '../../../graphql/builder.ts';
import { mutation, type PayloadBuilder } from '../../../graphql/mutation/define.ts';
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
  ALL: { description: 'Each of them is made up for.' },
  LAST: { description: 'The last of them is made up for.' },
  NONE: { description: 'None of them.' },
};
const RecoveryEnum = builder.enumType('RecoverMissedSchedules', {
  description: 'What happens to dates of a schedule that passed while it was off.',
  values: recoveryTexts,
});

mutation('setTriggersDisabled', {
  description: 'Switches triggers off or on, whatever their sources say. An answer and an audit event for each.',
  permission: 'TRIGGER:UPDATE',
  input: (t) => ({
    ...selectionInput(t),
    disabled: t.boolean({ required: true, description: 'Off?' }),
    recoverMissed: t.field({
      type: RecoveryEnum,
      description: 'For schedules that are switched on. Default: as each source says, and NONE where it says nothing.',
    }),
  }),
  target: (input, context) => {
    assertSelection(input);
    return inTenant(input.tenant, context);
  },
  run: (tx, grant, input, { tenant }, context, refusals) =>
    onEach(tx, context, refusals, tenant.id, input, (named) =>
      setDisabled(tx, grant, tenant, named, input.disabled, input.recoverMissed ?? undefined),
    ),
  payload: selectionPayload,
  timeoutMs: ({ limits }) => limits.bulkMs,
});

type Act<P extends Permission> = (tx: Tx, grant: Grant<P>, tenant: TenantRef, named: Named) => Promise<Changed>;

/** A mutation that does the same with each trigger of a selection. */
function onSelected<P extends Permission>(name: string, permission: P, description: string, act: Act<P>): void {
  mutation(name, {
    description: `${description} An answer and an audit event for each.`,
    permission,
    input: (t) => selectionInput(t),
    target: (input, context) => {
      assertSelection(input);
      return inTenant(input.tenant, context);
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
  'Lets go of triggers that are held by an execution or an evaluation. Where that still runs, there may be two.',
  unlock,
);
onSelected(
  'restartTriggers',
  'TRIGGER:UPDATE',
  'Begins triggers anew: who evaluates one loses it, and its next date is computed from now.',
  restart,
);
onSelected(
  'deleteTriggers',
  'TRIGGER:DELETE',
  'Deletes the state of triggers: each is as if its flow had just been saved for the first time. To be rid of a trigger, take it out of the source.',
  reset,
);

const one = { id: 'Which trigger.', version: 'The version that the caller saw: another one by now is a CONFLICT.' };
const triggerPayload = (t: PayloadBuilder<Changed>) => ({
  trigger: t.field({
    type: TriggerRef,
    nullable: true,
    description: 'The trigger.',
    resolve: ({ result }) => result.trigger,
  }),
});

mutation('createBackfill', {
  description: 'Runs a schedule for dates of the past.',
  permission: 'TRIGGER:CREATE',
  input: (t) => ({
    id: t.id({ required: true, description: one.id }),
    version: t.int({ description: one.version }),
    start: t.field({ type: 'DateTime', required: true, description: 'From the first date here on.' }),
    end: t.field({ type: 'DateTime', description: 'Up to here. Default: now.' }),
    inputs: t.field({ type: 'JSON', description: 'Inputs of its executions, by name.' }),
    labels: t.field({ type: 'JSON', description: 'Labels of its executions, texts by key.' }),
  }),
  rules: z.looseObject({ inputs: backfillInputs.nullish(), labels: ownLabels.nullish() }),
  target: ({ id }, context) => byId('TRIGGER', 'Trigger', id, context),
  run: (tx, grant, input, { tenant, id }) => createBackfill(tx, grant, tenant, { id, version: input.version }, input),
  payload: triggerPayload,
});

/** A mutation that changes the backfill of one trigger. */
function onBackfill(name: string, description: string, act: Act<'TRIGGER:UPDATE'>): void {
  mutation(name, {
    description,
    permission: 'TRIGGER:UPDATE',
    input: (t) => ({
      id: t.id({ required: true, description: one.id }),
      version: t.int({ description: one.version }),
    }),
    target: ({ id }, context) => byId('TRIGGER', 'Trigger', id, context),
    run: (tx, grant, { version }, { tenant, id }) => act(tx, grant, tenant, { id, version }),
    payload: triggerPayload,
  });
}

onBackfill(
  'pauseBackfill',
  'Lets a backfill wait. Meanwhile the trigger is due as without it.',
  (tx, grant, tenant, named) => setBackfillPaused(tx, grant, tenant, named, true),
);
onBackfill('resumeBackfill', 'Lets a backfill go on from the date where it stood.', (tx, grant, tenant, named) =>
  setBackfillPaused(tx, grant, tenant, named, false),
);
onBackfill('deleteBackfill', 'Ends a backfill. The trigger is due as it was without it.', deleteBackfill);
