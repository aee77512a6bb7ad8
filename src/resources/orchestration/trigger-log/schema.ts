import { fieldsOf, type Where, within } from '../../../access/where.ts';
import type { Flow, Tenant, Trigger } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { nothing } from '../../../graphql/connection/reach.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { takeItemByItem } from '../../../graphql/mutation/item-input.ts';
import { inTenant } from '../../../graphql/mutation/target.ts';
import { escapeLike } from '../../../lib/text.ts';
import { LogLevelEnum } from '../execution/enums.ts';
import { maxReport } from '../execution/report-items.ts';
import { ReportResultRef } from '../execution/report-result.ts';
import { type LogLevel, levelNumber, logLevels } from '../execution/states.ts';
import { reportingService } from '../worker/reporting.ts';
import { reportTriggerLogs, type TriggerLogReport } from './report.ts';

const TriggerLogRef = builder.prismaObject('TriggerLog', {
  description: 'A log entry of a trigger, or of a flow, that belongs to no execution.',
  fields: (t) => ({
    namespaceName: t.exposeString('namespace', { description: 'Namespace of the flow.' }),
    flowId: t.exposeString('flowId', { description: 'ID of the flow.' }),
    triggerId: t.string({
      nullable: true,
      description: 'ID of the trigger; null for the flow itself.',
      resolve: ({ triggerId }) => triggerId || null,
    }),
    sequence: t.expose('sequence', { type: 'BigInt', description: 'Sequence number, unique for the trigger.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was written.' }),
    level: t.field({ type: LogLevelEnum, description: 'Severity.', resolve: ({ level }) => logLevels[level]! }),
    message: t.exposeString('message', { description: 'The message.' }),
  }),
});

const LogFilter = builder.inputType('TriggerLogWhere', {
  description: 'Filter for log entries of triggers. All given fields must match.',
  fields: (t) => ({
    minLevel: t.field({ type: LogLevelEnum, description: 'This severity or higher.' }),
    namespaceName: t.string({ description: 'Exactly this namespace.' }),
    under: t.string({ description: 'This namespace and all below it.' }),
    flowId: t.string({ description: 'Exactly this flow ID.' }),
    triggerId: t.string({ description: 'Exactly this trigger ID.' }),
    from: t.field({ type: 'DateTime', description: 'Written at or after this time.' }),
    until: t.field({ type: 'DateTime', description: 'Written before this time.' }),
    text: t.string({ description: 'Case-insensitive search in the message.' }),
  }),
});
type Filter = typeof LogFilter.$inferInput;

const toCondition = ({ minLevel, namespaceName, under, flowId, triggerId, from, until, text }: Filter): Condition => ({
  AND: [
    minLevel != null ? { level: { gte: levelNumber(minLevel as LogLevel) } } : {},
    namespaceName != null ? { namespace: namespaceName } : {},
    under != null ? within(under) : {},
    flowId != null ? { flowId } : {},
    triggerId != null ? { triggerId } : {},
    from != null ? { at: { gte: from } } : {},
    until != null ? { at: { lt: until } } : {},
    text != null ? { message: { contains: escapeLike(text), mode: 'insensitive' } } : {},
  ],
});

/** Columns that entries share with triggers. */
const shared = new Set(['tenantId', 'namespace', 'flowId', 'triggerId']);
const list = {
  connection: connectionType('TriggerLog', TriggerLogRef),
  permission: 'TRIGGER:READ',
  model: 'TriggerLog',
  // A filter on other columns cannot be decided without the trigger, which may be gone.
  reach: (where: Condition): Condition =>
    [...fieldsOf(where as Where)].every((field) => shared.has(field)) ? where : nothing,
  where: { input: LogFilter, toCondition },
  order: orderBy('TriggerLog', { AT: { column: 'at', description: 'By time.' } }),
  defaultOrder: { column: 'at', descending: true },
} as const;

builder.prismaObjectField('Tenant', 'triggerLogs', (t) =>
  connection(t, {
    ...list,
    description: 'Log entries of triggers and flows that belong to no execution, the newest first.',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
);
builder.prismaObjectField('Flow', 'triggerLogs', (t) =>
  connection(t, {
    ...list,
    description: 'Log entries of the flow and its triggers that belong to no execution, the newest first.',
    scopes: ({ tenantId }: Flow) => ({ tenantId }),
    within: ({ tenantId, namespace, flowId }) => ({ tenantId, namespace, flowId }),
  }),
);
builder.prismaObjectField('Trigger', 'logs', (t) =>
  connection(t, {
    ...list,
    description: 'Log entries of the trigger, the newest first.',
    scopes: ({ tenantId }: Trigger) => ({ tenantId }),
    within: ({ tenantId, namespace, flowId, triggerId }) => ({ tenantId, namespace, flowId, triggerId }),
  }),
);

takeItemByItem('ReportTriggerLogsInput', 'logs', 'TriggerLogReport', ['message']);
const TriggerLogReportInput = builder.inputType('TriggerLogReport', {
  description: 'One log entry of a trigger or a flow.',
  fields: (t) => ({
    namespaceName: t.string({ required: true, description: 'Namespace of the flow.' }),
    flowId: t.string({ required: true, description: 'ID of the flow.' }),
    triggerId: t.string({ description: 'ID of the trigger. Omit for the flow itself.' }),
    sequence: t.field({
      type: 'BigInt',
      required: true,
      description: 'Sequence number, unique for the trigger. Each number is stored once.',
    }),
    at: t.field({ type: 'DateTime', required: true, description: 'The time.' }),
    level: t.field({ type: LogLevelEnum, required: true, description: 'Severity.' }),
    message: t.string({
      required: true,
      description:
        'Message, at most 100,000 characters. A character that cannot be stored (NUL, half a surrogate pair) is replaced with U+FFFD.',
    }),
  }),
});

mutation('reportTriggerLogs', {
  description:
    'Reports log entries of triggers and flows that belong to no execution, at most 500. Each is accepted or refused independently.',
  permission: 'TRIGGER:UPDATE',
  telemetry: true,
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    serviceId: t.string({
      required: true,
      description: 'ID of the reporting service. The caller must have registered it.',
    }),
    logs: t.field({ type: [TriggerLogReportInput], required: true, description: 'The log entries.' }),
  }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: async (tx, grant, { serviceId, logs }, { tenant }, _context, refusals) => {
    if (logs.length === 0 || logs.length > maxReport)
      throw badInput(['input', 'logs'], `A report must have 1 to ${maxReport} items.`);
    await reportingService(tx, grant.doer, serviceId);
    const reporter = { tenantId: tenant.id, updating: grant, refusals };
    return reportTriggerLogs(tx, reporter, logs as readonly TriggerLogReport[]);
  },
  payload: (t) => ({
    results: t.field({
      type: [ReportResultRef],
      description: 'One result for each item, in the same order.',
      resolve: ({ result }) => [...result],
    }),
  }),
});
