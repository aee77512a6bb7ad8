import { activeStates, isEnded } from '../../state.ts';

export interface Stay {
  readonly state: string;
  readonly at: string;
  readonly until: string | null | undefined;
}

/** One run of a task, as it is shown. */
export interface Run {
  readonly id: string;
  readonly taskRunId: string;
  readonly taskId: string;
  readonly parentTaskRunId: string | null | undefined;
  readonly value: string | null | undefined;
  readonly state: string;
  readonly startedAt: string;
  readonly endedAt: string | null | undefined;
  readonly attempts: unknown;
  readonly history: readonly Stay[];
}

export type Sort = 'start' | 'duration' | 'task' | 'state';
export const sorts: Readonly<Record<Sort, string>> = {
  start: 'Start',
  duration: 'Duration',
  task: 'Task',
  state: 'State',
};

export interface Bar {
  readonly state: string;
  readonly from: number;
  readonly until: number;
}

export interface Row {
  readonly run: Run;
  readonly depth: number;
  readonly from: number;
  readonly until: number;
  readonly bars: readonly Bar[];
  readonly attempts: number;
}

const failed = new Set(['FAILED', 'RETRIED', 'KILLED', 'WARNING', 'RETRYING']);
export const isFailed = ({ state, attempts }: Run): boolean => failed.has(state) || attemptsOf(attempts).length > 1;

interface Attempt {
  readonly state?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
}
const attemptsOf = (given: unknown): readonly Attempt[] => (Array.isArray(given) ? (given as Attempt[]) : []);

/** The times of attempts, if the engine reports their ends. */
function attemptBars(attempts: readonly Attempt[], until: number): readonly Bar[] | undefined {
  if (attempts.length < 2 || attempts.slice(0, -1).some(({ endedAt }) => endedAt === undefined)) return undefined;
  return attempts.map(({ state = 'RUNNING', startedAt, endedAt }, i) => ({
    state: i < attempts.length - 1 && state === 'FAILED' ? 'RETRIED' : state,
    from: Date.parse(startedAt ?? ''),
    until: endedAt === undefined ? until : Date.parse(endedAt),
  }));
}

/** The time in each state. What led to an end, or to another attempt, has its colour. */
function barsOf(run: Run, until: number, now: number): readonly Bar[] {
  const attempts = attemptBars(
    attemptsOf(run.attempts).filter(({ startedAt }) => startedAt !== undefined),
    until,
  );
  if (attempts) return attempts;
  const bars = run.history.flatMap(({ state, at, until: end }, i): Bar[] => {
    if (isEnded(state)) return [];
    const after = run.history[i + 1]?.state;
    const shown = after === 'RETRYING' ? 'RETRIED' : after !== undefined && isEnded(after) ? after : state;
    return [{ state: shown, from: Date.parse(at), until: end ? Date.parse(end) : now }];
  });
  return bars.length > 0 ? bars : [{ state: run.state, from: Date.parse(run.startedAt), until }];
}

const rowOf = (run: Run, depth: number, now: number): Row => {
  const from = Date.parse(run.startedAt);
  const until = run.endedAt ? Date.parse(run.endedAt) : now;
  return { run, depth, from, until, bars: barsOf(run, until, now), attempts: attemptsOf(run.attempts).length };
};

const compare: Readonly<Record<Sort, (a: Row, b: Row) => number>> = {
  start: (a, b) => a.from - b.from,
  duration: (a, b) => b.until - b.from - (a.until - a.from),
  task: (a, b) => a.run.taskId.localeCompare(b.run.taskId) || a.from - b.from,
  state: (a, b) => a.run.state.localeCompare(b.run.state) || a.from - b.from,
};

/** Rows in the order of a tree, each level sorted; without the ones below if only failed ones are shown. */
export function rowsOf(runs: readonly Run[], sort: Sort, isFailedOnly: boolean, now: number): readonly Row[] {
  if (isFailedOnly)
    return runs
      .filter(isFailed)
      .map((run) => rowOf(run, 0, now))
      .sort(compare[sort]);
  const known = new Set(runs.map(({ taskRunId }) => taskRunId));
  const below = new Map<string | undefined, Run[]>();
  for (const run of runs) {
    const parent = run.parentTaskRunId && known.has(run.parentTaskRunId) ? run.parentTaskRunId : undefined;
    const list = below.get(parent);
    if (list) list.push(run);
    else below.set(parent, [run]);
  }
  const rows: Row[] = [];
  const walk = (parent: string | undefined, depth: number): void => {
    const level = (below.get(parent) ?? []).map((run) => rowOf(run, depth, now)).sort(compare[sort]);
    for (const row of level) {
      rows.push(row);
      walk(row.run.taskRunId, depth + 1);
    }
  };
  walk(undefined, 0);
  return rows;
}

/** The time that all rows take, from the first start to the last end. */
export function spanOf(rows: readonly Row[]): readonly [number, number] {
  let from = Number.POSITIVE_INFINITY;
  let until = 0;
  for (const row of rows) {
    from = Math.min(from, row.from);
    until = Math.max(until, row.until);
  }
  return rows.length === 0 ? [0, 1] : [from, Math.max(until, from + 1)];
}

export const isActive = ({ state }: { readonly state: string }): boolean => activeStates.some((one) => one === state);
