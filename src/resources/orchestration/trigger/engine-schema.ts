import type { GatehouseError } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { takeItemByItem } from '../../../graphql/mutation/item-input.ts';
import { ItemError } from '../../../graphql/mutation/items.ts';
import { atInstance } from '../../../graphql/mutation/target.ts';
import { decodeId, globalId } from '../../../graphql/node.ts';
import { WorkerGroupFallback } from '../worker-group/fallback.ts';
import type { ClaimedTrigger } from './claims.ts';
import { claimFor, maxBatch, type ReportAnswer, reportFrom } from './engine.ts';
import type { ReportOutcome, reportOutcomes } from './reports.ts';
import { TriggerRef } from './schema.ts';

const ClaimRef = builder.objectRef<ClaimedTrigger>('ClaimedTrigger').implement({
  description: 'A trigger that a service is to evaluate now, and nobody else.',
  fields: (t) => ({
    trigger: t.field({
      type: TriggerRef,
      nullable: true,
      description: 'The trigger.',
      resolve: ({ trigger }) => trigger,
    }),
    dueAt: t.field({ type: 'DateTime', description: 'The date that it is due for.', resolve: ({ dueAt }) => dueAt }),
    fallback: t.field({
      type: WorkerGroupFallback,
      nullable: true,
      description:
        'FAIL or CANCEL: its worker group has no worker, so its execution is to be ended so and not run. Null: evaluate it.',
      resolve: ({ fallback }) => fallback as 'FAIL' | 'CANCEL' | null,
    }),
    sequence: t.field({
      type: 'BigInt',
      description: 'Number of this claim: the report brings it back.',
      resolve: ({ trigger }) => trigger.sequence,
    }),
  }),
});

mutation('claimTriggers', {
  description:
    'Takes triggers that are due, each for one claimer only. For services that an engine registered: it takes TRIGGER:UPDATE where they are, and the tenants that its worker group serves.',
  permission: 'WORKER:UPDATE',
  telemetry: true,
  input: (t) => ({
    service: t.string({ required: true, description: 'Id of the service that claims.' }),
    tenant: t.string({ description: 'Key of a tenant. Left out: all where the account may.' }),
    limit: t.int({ defaultValue: 100, description: `How many at most, 1 to ${maxBatch}.` }),
  }),
  target: atInstance,
  run: (tx, _grant, { service, tenant, limit }, _target, context) =>
    claimFor(tx, context, service, tenant ?? undefined, limit ?? 100),
  payload: (t) => ({
    claims: t.field({
      type: [ClaimRef],
      description: 'In the order of their dates.',
      resolve: ({ result }) => [...result],
    }),
  }),
});

takeItemByItem('ReportTriggersInput', 'reports', 'TriggerReportInput');
const ReportInput = builder.inputType('TriggerReportInput', {
  description: 'What came of one claimed trigger.',
  fields: (t) => ({
    trigger: t.id({ required: true, description: 'Its id.' }),
    sequence: t.field({ type: 'BigInt', required: true, description: 'Number of the claim.' }),
    dueAt: t.field({ type: 'DateTime', required: true, description: 'The date that it was claimed for.' }),
    executionId: t.string({ description: 'The execution that it started. Left out: it did not fire.' }),
    ended: t.boolean({ description: 'Of a realtime trigger: it does not listen any more.' }),
  }),
});
const outcomeTexts: Record<ReportOutcome, { description: string }> = {
  APPLIED: { description: 'It is the state now.' },
  IGNORED: { description: 'It is of an earlier claim, of one that was taken away, or was told before.' },
};
const OutcomeEnum = builder.enumType('TriggerReportOutcome', {
  description: 'What became of a report.',
  values: outcomeTexts satisfies Record<(typeof reportOutcomes)[number], unknown>,
});
const AnswerRef = builder.objectRef<ReportAnswer>('TriggerReportResult').implement({
  description: 'What became of one report.',
  fields: (t) => ({
    triggerId: t.id({ description: 'Id of the trigger.', resolve: ({ id }) => globalId('Trigger', id) }),
    outcome: t.field({
      type: OutcomeEnum,
      nullable: true,
      description: 'What became of it; null where it was refused.',
      resolve: ({ outcome }) => outcome,
    }),
    error: t.field({
      type: ItemError,
      nullable: true,
      description: 'Why it was refused.',
      resolve: ({ error }) => error,
    }),
  }),
});

/** An id that is none refuses its own report. */
function idOf(trigger: string | number, i: number): { id: string; wrong?: GatehouseError } {
  try {
    return decodeId(String(trigger), ['Trigger'], ['input', 'reports', i, 'trigger']);
  } catch (error) {
    return { id: '', wrong: error as GatehouseError };
  }
}

mutation('reportTriggers', {
  description:
    'Tells what came of claimed triggers, and lets go of them. Reports that are out of date are ignored, and may be sent again without harm.',
  permission: 'WORKER:UPDATE',
  telemetry: true,
  input: (t) => ({
    service: t.string({ required: true, description: 'Id of the service that claimed them.' }),
    reports: t.field({ type: [ReportInput], required: true, description: `At most ${maxBatch}.` }),
  }),
  target: atInstance,
  run: (tx, _grant, { service, reports }, _target, context, refusals) =>
    reportFrom(
      tx,
      context,
      service,
      reports.map(({ trigger, ...rest }, i) => ({ ...rest, ...idOf(trigger, i) })),
      refusals,
    ),
  payload: (t) => ({
    results: t.field({
      type: [AnswerRef],
      description: 'In the order of the reports.',
      resolve: ({ result }) => [...result],
    }),
  }),
});
