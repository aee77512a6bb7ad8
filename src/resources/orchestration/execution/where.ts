import { fieldsOf, type Where, within } from '../../../access/where.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { everyRow, nothing } from '../../../graphql/connection/reach.ts';
import { decodeId } from '../../../graphql/node.ts';
import { escapeLike } from '../../../lib/text.ts';
import { matcherOf } from '../../../policy/filter/matcher.ts';
import { ExecutionStateEnum, LogLevelEnum, MetricTypeEnum } from './enums.ts';
import { type ExecutionState, type LogLevel, levelNumber } from './states.ts';

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
/** The same for a column that can be null. Within a negation, a row without a value must not match. */
const isPresent = (column: string, value: unknown): Condition =>
  value != null ? { AND: [{ [column]: { not: null } }, { [column]: value }] } : {};

const isEmpty = (condition: Condition): boolean =>
  Object.entries(condition).every(
    ([key, value]) => key === 'AND' && (value as readonly Condition[]).every((part) => isEmpty(part)),
  );

interface Negatable {
  readonly not?: object | null | undefined;
}
/**
 * The rows that a filter does not match.
 * @throws BAD_INPUT for a filter that is empty, or that has `not` itself.
 */
function except<Filter extends Negatable>(filter: Filter, toCondition: (filter: Filter) => Condition): Condition {
  const not = filter.not as Filter | null | undefined;
  if (not == null) return {};
  if (not.not != null) throw badInput(['where', 'not', 'not'], 'not cannot contain another not.');
  const condition = toCondition(not);
  if (isEmpty(condition)) throw badInput(['where', 'not'], 'not must have at least one field.');
  return { NOT: condition };
}

/** @throws BAD_INPUT for a label without a colon. */
function labelled({ labels, labelKeys, labelText }: Pick<ExecutionFilter, 'labels' | 'labelKeys' | 'labelText'>) {
  const odd = labels?.findIndex((label) => !label.includes(':')) ?? -1;
  if (odd >= 0) throw badInput(['where', 'labels', odd], 'Write a label as key:value, or use labelKeys.');
  return [
    labels != null && labels.length > 0 ? { labelTexts: { hasEvery: [...labels] } } : {},
    ...(labelKeys ?? []).map((key) => ({ labelTexts: { someStartsWith: `${escapeLike(key)}:` } })),
    labelText != null ? { labelTexts: { someContains: escapeLike(labelText), mode: 'insensitive' } } : {},
  ];
}

const negation = 'Only rows that do not match this filter. It cannot contain another not.';

export interface ExecutionFilter extends Placed, Timed {
  readonly state?: readonly ExecutionState[] | null | undefined;
  readonly triggerId?: string | null | undefined;
  readonly labels?: readonly string[] | null | undefined;
  readonly labelKeys?: readonly string[] | null | undefined;
  readonly labelText?: string | null | undefined;
  readonly parentId?: string | null | undefined;
  readonly child?: boolean | null | undefined;
  readonly text?: string | null | undefined;
  readonly not?: ExecutionFilter | null | undefined;
}
export const ExecutionWhere = builder.inputRef<ExecutionFilter>('ExecutionWhere');
ExecutionWhere.implement({
  description: 'Filter for executions. All given fields must match.',
  fields: (t) => ({
    state: t.field({ type: [ExecutionStateEnum], description: 'Any of these states.' }),
    namespaceName: t.string({ description: 'Exactly this namespace.' }),
    under: t.string({ description: 'This namespace and all below it.' }),
    flowId: t.string({ description: 'Exactly this flow ID.' }),
    triggerId: t.string({ description: 'Exactly this trigger ID.' }),
    labels: t.stringList({ description: 'All of these labels, each as key:value.' }),
    labelKeys: t.stringList({ description: 'Labels with all of these keys, whatever their values.' }),
    labelText: t.string({ description: 'Case-insensitive search in the labels, each as key:value.' }),
    parentId: t.string({ description: 'Executions started by the execution with this executionId.' }),
    child: t.boolean({ description: 'True for executions that another execution started, false for all others.' }),
    from: t.field({ type: 'DateTime', description: 'Started at or after this time.' }),
    until: t.field({ type: 'DateTime', description: 'Started before this time.' }),
    text: t.string({ description: 'Case-insensitive search in executionId, flow ID and namespace.' }),
    not: t.field({ type: ExecutionWhere, description: negation }),
  }),
});

/** @throws BAD_INPUT for a label without a colon, and for an invalid negation. */
export function executionCondition(filter: ExecutionFilter): Condition {
  const { state, triggerId, parentId, child, text } = filter;
  return {
    AND: [
      state != null ? { state: { in: [...state] } } : {},
      ...placed(filter),
      isPresent('triggerId', triggerId),
      ...labelled(filter),
      isPresent('parentId', parentId),
      child != null ? { parentId: child ? { not: null } : null } : {},
      ...timed('startedAt', filter),
      text != null
        ? { OR: ['executionId', 'flowId', 'namespace'].map((column) => ({ [column]: contains(text) })) }
        : {},
      except(filter, executionCondition),
    ],
  };
}

interface TaskRunFilter extends Placed, Timed {
  readonly state?: readonly ExecutionState[] | null | undefined;
  readonly taskId?: string | null | undefined;
  readonly text?: string | null | undefined;
  readonly not?: TaskRunFilter | null | undefined;
}
export const TaskRunWhere = builder.inputRef<TaskRunFilter>('TaskRunWhere');
TaskRunWhere.implement({
  description: 'Filter for task runs. All given fields must match.',
  fields: (t) => ({
    state: t.field({ type: [ExecutionStateEnum], description: 'Any of these states.' }),
    namespaceName: t.string({ description: 'Exactly this namespace.' }),
    under: t.string({ description: 'This namespace and all below it.' }),
    flowId: t.string({ description: 'Exactly this flow ID.' }),
    taskId: t.string({ description: 'Exactly this task ID.' }),
    from: t.field({ type: 'DateTime', description: 'Started at or after this time.' }),
    until: t.field({ type: 'DateTime', description: 'Started before this time.' }),
    text: t.string({ description: 'Case-insensitive search in task ID, task run ID, flow ID and namespace.' }),
    not: t.field({ type: TaskRunWhere, description: negation }),
  }),
});
export const taskRunCondition = (filter: TaskRunFilter): Condition => ({
  AND: [
    filter.state != null ? { state: { in: [...filter.state] } } : {},
    ...placed(filter),
    is('taskId', filter.taskId),
    ...timed('startedAt', filter),
    filter.text != null
      ? { OR: ['taskId', 'taskRunId', 'flowId', 'namespace'].map((column) => ({ [column]: contains(filter.text!) })) }
      : {},
    except(filter, taskRunCondition),
  ],
});

export interface LogFilter extends Placed, Timed {
  readonly minLevel?: LogLevel | null | undefined;
  readonly execution?: string | number | null | undefined;
  readonly taskId?: string | null | undefined;
  readonly taskRunId?: string | null | undefined;
  readonly attempt?: number | null | undefined;
  readonly text?: string | null | undefined;
  readonly not?: LogFilter | null | undefined;
}
export const LogWhere = builder.inputRef<LogFilter>('LogWhere');
LogWhere.implement({
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
    not: t.field({ type: LogWhere, description: negation }),
  }),
});
export const logCondition = (filter: LogFilter): Condition => ({
  AND: [
    filter.minLevel != null ? { level: { gte: levelNumber(filter.minLevel) } } : {},
    filter.execution != null
      ? { executionKey: decodeId(String(filter.execution), ['Execution'], ['where', 'execution']).id }
      : {},
    ...placed(filter),
    isPresent('taskId', filter.taskId),
    isPresent('taskRunId', filter.taskRunId),
    isPresent('attempt', filter.attempt),
    ...timed('at', filter),
    filter.text != null ? { message: contains(filter.text) } : {},
    except(filter, logCondition),
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
