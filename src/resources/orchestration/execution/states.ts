/** States of executions and task runs, with their descriptions. */
export const stateTexts = {
  SUBMITTED: 'Requested; the engine has not accepted it yet.',
  CREATED: 'Accepted by the engine; not started.',
  QUEUED: 'Waiting for other executions of the flow to end.',
  RUNNING: 'Running.',
  PAUSED: 'Paused until it is resumed or a time is reached.',
  BREAKPOINT: 'Waiting at a breakpoint.',
  RESTARTED: 'Restarted after it had ended.',
  RESUBMITTED: 'Submitted to a worker again.',
  RETRYING: 'Retrying after a failure.',
  KILLING: 'Being ended on request.',
  SUCCESS: 'Ended successfully.',
  WARNING: 'Ended with warnings.',
  FAILED: 'Failed.',
  KILLED: 'Ended on request.',
  CANCELLED: 'Not run, because other executions of the flow were running.',
  RETRIED: 'Failed, and replaced by another attempt.',
  SKIPPED: 'Not run, because its conditions were not met.',
} as const;

export type ExecutionState = keyof typeof stateTexts;
export const executionStates = Object.keys(stateTexts) as ExecutionState[];

const ends = new Set<string>(['SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED']);
/** True for end states. An ended execution can still be restarted. */
export const isEnd = (state: string): boolean => ends.has(state);

/** A recorded change of state. */
export interface StateChange {
  readonly state: ExecutionState;
  readonly at: Date;
}

export interface Course {
  readonly state: ExecutionState;
  readonly startedAt: Date;
  /** Null if it has not ended. */
  readonly endedAt: Date | null;
  /** Time in states other than end states. Time between an end and a restart does not count. */
  readonly durationMs: number;
}

/** Derives state and times from a history of at least one change, in order of time. */
export function courseOf(history: readonly StateChange[]): Course {
  const last = history.at(-1)!;
  const durationMs = history
    .slice(0, -1)
    .map(({ state, at }, i) => (isEnd(state) ? 0 : history[i + 1]!.at.getTime() - at.getTime()))
    .reduce((sum, part) => sum + part, 0);
  return {
    state: last.state,
    startedAt: history[0]!.at,
    endedAt: isEnd(last.state) ? last.at : null,
    durationMs,
  };
}

/** A history in stored form. */
export const storedHistory = (history: readonly StateChange[]) =>
  history.map(({ state, at }) => ({ state, at: at.toISOString() }));

/** A stored history in API form. */
export const readHistory = (stored: unknown): StateChange[] =>
  (stored as { state: ExecutionState; at: string }[]).map(({ state, at }) => ({ state, at: new Date(at) }));

export const logLevels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];
/** Severity numbers in the store: higher is more severe. */
export const levelNumber = (level: LogLevel): number => logLevels.indexOf(level);
