import type { GatehouseError } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { takeItemByItem } from '../../../graphql/mutation/item-input.ts';
import { itemErrorField } from '../../../graphql/mutation/items.ts';
import { atInstance } from '../../../graphql/mutation/target.ts';
import { decodeId, globalId } from '../../../graphql/node.ts';
import { WorkerGroupFallback } from '../worker-group/fallback.ts';
import type { ClaimedTrigger } from './claims.ts';
import { claimFor, maxBatch, type ReportAnswer, reportFrom } from './engine.ts';
import type { ReportOutcome, reportOutcomes } from './reports.ts';
import { TriggerRef } from './schema.ts';

const ClaimRef = builder.objectRef<ClaimedTrigger>('ClaimedTrigger').implement({
  description: 'A trigger that the claiming service must evaluate.',
  fields: (t) => ({
    trigger: t.field({
      type: TriggerRef,
      nullable: true,
      description: 'The trigger.',
      resolve: ({ trigger }) => trigger,
    }),
    dueAt: t.field({ type: 'DateTime', description: 'The date that is due.', resolve: ({ dueAt }) => dueAt }),
    fallback: t.field({
      type: WorkerGroupFallback,
      nullable: true,
      description:
        'FAIL or CANCEL if its worker group has no worker: end its execution with that state instead of running it. Null: evaluate the trigger.',
      resolve: ({ fallback }) => fallback as 'FAIL' | 'CANCEL' | null,
    }),
    sequence: t.field({
      type: 'BigInt',
      description: 'Number of the claim. Pass it in the report.',
      resolve: ({ trigger }) => trigger.sequence,
    }),
  }),
});

mutation('claimTriggers', {
  description:
    'Claims due triggers. Each trigger goes to one claimer. The caller must have registered the service. Requires TRIGGER:UPDATE for the triggers, in a tenant that its worker group serves.',
  permission: 'WORKER:UPDATE',
  telemetry: true,
  input: (t) => ({
    serviceId: t.string({ required: true, description: 'ID of the claiming service.' }),
    tenantKey: t.string({
      description: 'Key of the tenant. Omit for all tenants in which the caller is allowed to claim.',
    }),
    limit: t.int({ defaultValue: 100, description: `Max number of triggers, 1 to ${maxBatch}.` }),
  }),
  target: atInstance,
  run: (tx, _grant, { serviceId, tenantKey, limit }, _target, context) =>
    claimFor(tx, context, serviceId, tenantKey ?? undefined, limit ?? 100),
  payload: (t) => ({
    claims: t.field({
      type: [ClaimRef],
      description: 'The claimed triggers, in the order of their due dates.',
      resolve: ({ result }) => [...result],
    }),
  }),
});

takeItemByItem('ReportTriggersInput', 'reports', 'TriggerReportInput');
const ReportInput = builder.inputType('TriggerReportInput', {
  description: 'Result of evaluating one claimed trigger.',
  fields: (t) => ({
    trigger: t.id({ required: true, description: 'ID of the trigger.' }),
    sequence: t.field({ type: 'BigInt', required: true, description: 'Number of the claim.' }),
    dueAt: t.field({ type: 'DateTime', required: true, description: 'The due date of the claim.' }),
    executionId: t.string({ description: 'executionId of the started execution. Omit if the trigger did not fire.' }),
    ended: t.boolean({ description: 'For a realtime trigger: true if it has stopped listening.' }),
  }),
});
const outcomeTexts: Record<ReportOutcome, { description: string }> = {
  APPLIED: { description: 'The report was applied.' },
  IGNORED: {
    description: 'The report was ignored: its claim is outdated or was released, or it was already reported.',
  },
};
const OutcomeEnum = builder.enumType('TriggerReportOutcome', {
  description: 'Outcome of a report.',
  values: outcomeTexts satisfies Record<(typeof reportOutcomes)[number], unknown>,
});
const AnswerRef = builder.objectRef<ReportAnswer>('TriggerReportResult').implement({
  description: 'Result for one report.',
  fields: (t) => ({
    triggerId: t.id({ description: 'ID of the trigger.', resolve: ({ id }) => globalId('Trigger', id) }),
    outcome: t.field({
      type: OutcomeEnum,
      nullable: true,
      description: 'Outcome; null if the report was refused.',
      resolve: ({ outcome }) => outcome,
    }),
    error: itemErrorField(t, ({ error }) => error),
  }),
});

/** An invalid ID refuses only its own report. */
function idOf(trigger: string | number, i: number): { id: string; wrong?: GatehouseError } {
  try {
    return decodeId(String(trigger), ['Trigger'], ['input', 'reports', i, 'trigger']);
  } catch (error) {
    return { id: '', wrong: error as GatehouseError };
  }
}

mutation('reportTriggers', {
  description:
    'Reports the results of claimed triggers and releases them. Outdated reports are ignored, so a report can be sent again safely.',
  permission: 'WORKER:UPDATE',
  telemetry: true,
  input: (t) => ({
    serviceId: t.string({ required: true, description: 'ID of the service that claimed the triggers.' }),
    reports: t.field({ type: [ReportInput], required: true, description: `Reports, at most ${maxBatch}.` }),
  }),
  target: atInstance,
  run: (tx, _grant, { serviceId, reports }, _target, context, refusals) =>
    reportFrom(
      tx,
      context,
      serviceId,
      reports.map(({ trigger, ...rest }, i) => ({ ...rest, ...idOf(trigger, i) })),
      refusals,
    ),
  payload: (t) => ({
    results: t.field({
      type: [AnswerRef],
      description: 'One result for each report, in the same order.',
      resolve: ({ result }) => [...result],
    }),
  }),
});
