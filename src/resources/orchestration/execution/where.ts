import { fieldsOf, type Where, within } from '../../../access/where.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { nothing } from '../../../graphql/connection/connection.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { decodeId } from '../../../graphql/node.ts';
import { escapeLike } from '../../../lib/text.ts';
import { matcherOf } from '../../../policy/filter/matcher.ts';
import { ExecutionStateEnum, LogLevelEnum, MetricTypeEnum } from './enums.ts';
import { levelNumber } from './states.ts';

interface Placed {
  readonly namespace?: string | null | undefined;
  readonly under?: string | null | undefined;
  readonly flowId?: string | null | undefined;
}
interface Timed {
  readonly from?: Date | null | undefined;
  readonly until?: Date | null | undefined;
}
const placed = ({ namespace, under, flowId }: Placed): Condition[] => [
  namespace != null ? { namespace } : {},
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
  description: 'Which executions. All that is given must hold.',
  fields: (t) => ({
    state: t.field({ type: [ExecutionStateEnum], description: 'In one of these states.' }),
    namespace: t.string({ description: 'In exactly this namespace.' }),
    under: t.string({ description: 'In this namespace or below.' }),
    flowId: t.string({ description: 'Of flows of exactly this id.' }),
    triggerId: t.string({ description: 'Started by triggers of exactly this id.' }),
    labels: t.stringList({ description: 'With each of these labels, as key:value.' }),
    parent: t.string({ description: 'Started by the execution of this executionId.' }),
    child: t.boolean({ description: 'Only those that another execution started, or only the others.' }),
    from: t.field({ type: 'DateTime', description: 'Started at this instant or later.' }),
    until: t.field({ type: 'DateTime', description: 'Started before this instant.' }),
    text: t.string({ description: 'executionId, flow or namespace contains this, in any case.' }),
  }),
});
export type ExecutionFilter = typeof ExecutionWhere.$inferInput;

/** @throws BAD_INPUT for a label without a colon. */
export function executionCondition(filter: ExecutionFilter): Condition {
  const { state, triggerId, labels, parent, child, text } = filter;
  const odd = labels?.findIndex((label) => !label.includes(':')) ?? -1;
  if (odd >= 0) throw badInput(['where', 'labels', odd], 'A label is given as key:value.');
  return {
    AND: [
      state != null ? { state: { in: [...state] } } : {},
      ...placed(filter),
      is('triggerId', triggerId),
      labels != null && labels.length > 0 ? { labelTexts: { hasEvery: [...labels] } } : {},
      is('parentId', parent),
      child != null ? { parentId: child ? { not: null } : null } : {},
      ...timed('startedAt', filter),
      text != null
        ? { OR: ['executionId', 'flowId', 'namespace'].map((column) => ({ [column]: contains(text) })) }
        : {},
    ],
  };
}

export const TaskRunWhere = builder.inputType('TaskRunWhere', {
  description: 'Which task runs. All that is given must hold.',
  fields: (t) => ({
    state: t.field({ type: [ExecutionStateEnum], description: 'In one of these states.' }),
    namespace: t.string({ description: 'In exactly this namespace.' }),
    under: t.string({ description: 'In this namespace or below.' }),
    flowId: t.string({ description: 'Of flows of exactly this id.' }),
    taskId: t.string({ description: 'Of tasks of exactly this id.' }),
    from: t.field({ type: 'DateTime', description: 'Started at this instant or later.' }),
    until: t.field({ type: 'DateTime', description: 'Started before this instant.' }),
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
  description: 'Which log entries. All that is given must hold.',
  fields: (t) => ({
    minLevel: t.field({ type: LogLevelEnum, description: 'As severe as this, or more.' }),
    execution: t.id({ description: 'Of this execution.' }),
    namespace: t.string({ description: 'In exactly this namespace.' }),
    under: t.string({ description: 'In this namespace or below.' }),
    flowId: t.string({ description: 'Of flows of exactly this id.' }),
    taskId: t.string({ description: 'Of tasks of exactly this id.' }),
    taskRunId: t.string({ description: 'Of exactly this task run.' }),
    attempt: t.int({ description: 'Of this attempt.' }),
    from: t.field({ type: 'DateTime', description: 'Written at this instant or later.' }),
    until: t.field({ type: 'DateTime', description: 'Written before this instant.' }),
    text: t.string({ description: 'The message contains this, in any case.' }),
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
  description: 'Which metrics. All that is given must hold.',
  fields: (t) => ({
    name: t.string({ description: 'Of exactly this name.' }),
    type: t.field({ type: MetricTypeEnum, description: 'Of this kind.' }),
    taskId: t.string({ description: 'Of tasks of exactly this id.' }),
    taskRunId: t.string({ description: 'Of exactly this task run.' }),
    from: t.field({ type: 'DateTime', description: 'Taken at this instant or later.' }),
    until: t.field({ type: 'DateTime', description: 'Taken before this instant.' }),
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

/** The columns that what belongs to an execution has as the execution itself has them. */
const shared = new Set(['tenantId', 'namespace', 'flowId']);

/** A filter over executions, as one over what belongs to them. */
export const overParts = (where: Condition): Condition =>
  [...fieldsOf(where as Where)].every((field) => shared.has(field)) ? where : { execution: where };

/** What belongs to one execution is read whole by who may read the execution, and not at all by others. */
export const ofParent = (where: Condition, parent: object): Condition =>
  matcherOf(where as Where)(parent as Record<string, unknown>) ? {} : nothing;
