import { fieldsOf, type Where, within } from '../../../access/where.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { everyRow, nothing } from '../../../graphql/connection/reach.ts';
import { decodeId } from '../../../graphql/node.ts';
import { escapeLike } from '../../../lib/text.ts';
import { matcherOf } from '../../../policy/filter/matcher.ts';
import { ExecutionStateEnum, LogLevelEnum, MetricTypeEnum } from './enums.ts';
import { levelNumber } from './states.ts';

interface Placed {
  readonly namespaceName?: string | null | undefined;
  readonly under?: string | null | undefined;
  readonly flowId?: string | null | undefined;
}
interface Timed {
  readonly from?: Date | null | undefined;
  readonly until?: Date | null | undefined;
}
const placed = ({ namespaceName, under, flowId }: Placed): Condition[] => [
  namespaceName != null ? { namespace: namespaceName } : {},
  under != null ? within(under) : {},
  flowId != null ? { flowId } : {},
];
const timed = (column: string, { from, until }: Timed): Condition[] => [
  from != null ? { [column]: { gte: from } } : {},
  until != null ? { [column]: { lt: until } } : {},
];
const contains = (text: string) => ({ contains: escapeLike(text), mode: 'insensitive' });
const is = (column: string, value: unknown): Condition => (value != null ? { [column]: value } : {});

export const ExecutionWhere = builder.inputType('ExecutionWhere', {
  description: 'Filter for executions. All given fields must match.',
  fields: (t) => ({
    state: t.field({ type: [ExecutionStateEnum], description: 'Any of these states.' }),
    namespaceName: t.string({ description: 'Exactly this namespace.' }),
    under: t.string({ description: 'This namespace and all below it.' }),
    flowId: t.string({ description: 'Exactly this flow ID.' }),
    triggerId: t.string({ description: 'Exactly this trigger ID.' }),
    labels: t.stringList({ description: 'All of these labels, each as key:value.' }),
    parentId: t.string({ description: 'Executions started by the execution with this executionId.' }),
    child: t.boolean({ description: 'True for executions that another execution started, false for all others.' }),
    from: t.field({ type: 'DateTime', description: 'Started at or after this time.' }),
    until: t.field({ type: 'DateTime', description: 'Started before this time.' }),
    text: t.string({ description: 'Case-insensitive search in executionId, flow ID and namespace.' }),
  }),
});
export type ExecutionFilter = typeof ExecutionWhere.$inferInput;

/** @throws BAD_INPUT for a label without a colon. */
export function executionCondition(filter: ExecutionFilter): Condition {
  const { state, triggerId, labels, parentId, child, text } = filter;
  const odd = labels?.findIndex((label) => !label.includes(':')) ?? -1;
  if (odd >= 0) throw badInput(['where', 'labels', odd], 'Write a label as key:value.');
  return {
    AND: [
      state != null ? { state: { in: [...state] } } : {},
      ...placed(filter),
      is('triggerId', triggerId),
      labels != null && labels.length > 0 ? { labelTexts: { hasEvery: [...labels] } } : {},
      is('parentId', parentId),
      child != null ? { parentId: child ? { not: null } : null } : {},
      ...timed('startedAt', filter),
      text != null
        ? { OR: ['executionId', 'flowId', 'namespace'].map((column) => ({ [column]: contains(text) })) }
        : {},
    ],
  };
}

export const TaskRunWhere = builder.inputType('TaskRunWhere', {
  description: 'Filter for task runs. All given fields must match.',
  fields: (t) => ({
    state: t.field({ type: [ExecutionStateEnum], description: 'Any of these states.' }),
    namespaceName: t.string({ description: 'Exactly this namespace.' }),
    under: t.string({ description: 'This namespace and all below it.' }),
    flowId: t.string({ description: 'Exactly this flow ID.' }),
    taskId: t.string({ description: 'Exactly this task ID.' }),
    from: t.field({ type: 'DateTime', description: 'Started at or after this time.' }),
    until: t.field({ type: 'DateTime', description: 'Started before this time.' }),
  }),
});
export const taskRunCondition = (filter: typeof TaskRunWhere.$inferInput): Condition => ({
  AND: [
    filter.state != null ? { state: { in: [...filter.state] } } : {},
    ...placed(filter),
    is('taskId', filter.taskId),
    ...timed('startedAt', filter),
  ],
});

export const LogWhere = builder.inputType('LogWhere', {
  description: 'Filter for log entries. All given fields must match.',
  fields: (t) => ({
    minLevel: t.field({ type: LogLevelEnum, description: 'This severity or higher.' }),
    execution: t.id({ description: 'ID of the execution.' }),
    namespaceName: t.string({ description: 'Exactly this namespace.' }),
    under: t.string({ description: 'This namespace and all below it.' }),
    flowId: t.string({ description: 'Exactly this flow ID.' }),
    taskId: t.string({ description: 'Exactly this task ID.' }),
    taskRunId: t.string({ description: 'Exactly this task run ID.' }),
    attempt: t.int({ description: 'Exactly this attempt.' }),
    from: t.field({ type: 'DateTime', description: 'Written at or after this time.' }),
    until: t.field({ type: 'DateTime', description: 'Written before this time.' }),
    text: t.string({ description: 'Case-insensitive search in the message.' }),
  }),
});
export const logCondition = (filter: typeof LogWhere.$inferInput): Condition => ({
  AND: [
    filter.minLevel != null ? { level: { gte: levelNumber(filter.minLevel) } } : {},
    filter.execution != null
      ? { executionKey: decodeId(String(filter.execution), ['Execution'], ['where', 'execution']).id }
      : {},
    ...placed(filter),
    is('taskId', filter.taskId),
    is('taskRunId', filter.taskRunId),
    is('attempt', filter.attempt),
    ...timed('at', filter),
    filter.text != null ? { message: contains(filter.text) } : {},
  ],
});

export const MetricWhere = builder.inputType('MetricWhere', {
  description: 'Filter for metrics. All given fields must match.',
  fields: (t) => ({
    name: t.string({ description: 'Exactly this name.' }),
    type: t.field({ type: MetricTypeEnum, description: 'This type.' }),
    taskId: t.string({ description: 'Exactly this task ID.' }),
    taskRunId: t.string({ description: 'Exactly this task run ID.' }),
    from: t.field({ type: 'DateTime', description: 'Measured at or after this time.' }),
    until: t.field({ type: 'DateTime', description: 'Measured before this time.' }),
  }),
});
export const metricCondition = (filter: typeof MetricWhere.$inferInput): Condition => ({
  AND: [
    is('name', filter.name),
    is('type', filter.type),
    is('taskId', filter.taskId),
    is('taskRunId', filter.taskRunId),
    ...timed('at', filter),
  ],
});

/** Columns that the parts of an execution share with it. */
const shared = new Set(['tenantId', 'namespace', 'flowId']);

/** Converts a filter over executions into one over their parts. */
export const overParts = (where: Condition): Condition =>
  [...fieldsOf(where as Where)].every((field) => shared.has(field)) ? where : { execution: where };

/** The parts of an execution are readable exactly if the execution is. */
export const ofParent = (where: Condition, parent: object): Condition =>
  matcherOf(where as Where)(parent as Record<string, unknown>) ? everyRow : nothing;
