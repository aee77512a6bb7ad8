import { GatehouseError, type Issue } from '../../../errors.ts';
import { isObject } from '../../../lib/json.ts';
import { areLabels, reportedLabels } from '../labels.ts';
import type { StateChange } from './states.ts';

type Given<T> = T | null | undefined;

/** A complete execution as reported by its engine. An omitted field is empty. */
export interface ExecutionReport {
  readonly executionId: string;
  readonly sequence: bigint;
  readonly namespaceName?: Given<string>;
  readonly flowId?: Given<string>;
  readonly revision?: Given<number>;
  readonly history?: Given<readonly StateChange[]>;
  readonly labels?: unknown;
  readonly inputs?: unknown;
  readonly outputs?: unknown;
  readonly triggerId?: Given<string>;
  readonly parentId?: Given<string>;
  readonly originalId?: Given<string>;
  readonly deleted?: Given<boolean>;
  readonly taskRuns?: Given<readonly TaskRunReport[]>;
}

export interface TaskRunReport {
  /** Omitted in the report of its execution. */
  readonly executionId?: Given<string>;
  readonly taskRunId: string;
  readonly sequence?: Given<bigint>;
  readonly taskId: string;
  readonly parentTaskRunId?: Given<string>;
  readonly value?: Given<string>;
  readonly history: readonly StateChange[];
  readonly attempts?: unknown;
  readonly outputs?: unknown;
}

export type Path = readonly (string | number)[];

/** Max clock skew of engines. */
const aheadMs = 5 * 60_000;
export const maxSequence = 9_223_372_036_854_775_807n;
const maxHistory = 500;
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Collects the faults of one item. */
class Faults {
  readonly issues: Issue[] = [];
  readonly #path: Path;
  constructor(path: Path) {
    this.#path = path;
  }

  add(at: Path, message: string): void {
    this.issues.push({ path: [...this.#path, ...at], message });
  }
  id(name: string, value: Given<string>): void {
    if (value != null && !idPattern.test(value))
      this.add([name], 'An ID must have 1 to 100 characters of A-Z, a-z, 0-9, ., _ and -.');
  }
  sequence(value: Given<bigint>): void {
    if (value != null && (value < 1n || value > maxSequence))
      this.add(['sequence'], 'A sequence must be a whole number of 1 or more.');
  }
  object(name: string, value: unknown): void {
    if (value != null && !isObject(value)) this.add([name], 'The value must be an object.');
  }
  text(name: string, value: Given<string>, most: number): void {
    if (value != null && value.length > most) this.add([name], `At most ${most} characters are allowed.`);
  }
  history(history: Given<readonly StateChange[]>): void {
    if (!history || history.length === 0 || history.length > maxHistory) {
      this.add(['history'], `A history must have 1 to ${maxHistory} changes of state.`);
      return;
    }
    const late = Date.now() + aheadMs;
    for (const [i, { at }] of history.entries()) {
      if (i > 0 && at < history[i - 1]!.at)
        this.add(['history', i, 'at'], 'The time is before that of the previous change.');
      if (at.getTime() > late) this.add(['history', i, 'at'], 'The time is in the future.');
    }
  }
}

/** The faults of a report on its own; null if none. */
export function executionFault(report: ExecutionReport, path: Path): GatehouseError | null {
  const faults = new Faults(path);
  faults.id('executionId', report.executionId);
  faults.sequence(report.sequence);
  if (!report.deleted) {
    for (const name of ['namespaceName', 'flowId'] as const)
      if (report[name] == null) faults.add([name], 'The field is required.');
    faults.history(report.history);
    for (const name of ['triggerId', 'parentId', 'originalId'] as const) faults.text(name, report[name], 256);
    if (report.revision != null && report.revision < 0) faults.add(['revision'], 'A revision cannot be negative.');
    if (report.labels != null && !areLabels(report.labels)) {
      for (const { path: at, message } of reportedLabels.safeParse(report.labels).error?.issues ?? [])
        faults.add(['labels', ...(at as Path)], message);
    }
    faults.object('inputs', report.inputs);
    faults.object('outputs', report.outputs);
  }
  return toError(faults);
}

export function taskRunFault(report: TaskRunReport, path: Path, isNested: boolean): GatehouseError | null {
  const faults = new Faults(path);
  faults.id('taskRunId', report.taskRunId);
  faults.sequence(report.sequence);
  if (!isNested) {
    for (const name of ['executionId', 'sequence'] as const)
      if (report[name] == null) faults.add([name], 'The field is required.');
  }
  faults.text('taskId', report.taskId, 256);
  faults.text('parentTaskRunId', report.parentTaskRunId, 256);
  faults.text('value', report.value, 10_000);
  faults.history(report.history);
  faults.object('outputs', report.outputs);
  if (report.attempts != null && !Array.isArray(report.attempts)) faults.add(['attempts'], 'The value must be a list.');
  return toError(faults);
}

function toError({ issues }: Faults): GatehouseError | null {
  if (issues.length === 0) return null;
  return new GatehouseError('BAD_INPUT', [...new Set(issues.map(({ message }) => message))].join(' '), { issues });
}
