/** What an execution or a task run can be in, with what it means. */
export const stateTexts = {
  SUBMITTED: 'A person asked for it; the engine has not taken it yet.',
  CREATED: 'The engine knows it and has not begun.',
  QUEUED: 'It waits until others of its flow have ended.',
  RUNNING: 'It runs.',
  PAUSED: 'It waits for somebody, or for a time.',
  BREAKPOINT: 'It waits at a breakpoint.',
  RESTARTED: 'It begins again after it had ended.',
  RESUBMITTED: 'It is given to a worker again.',
  RETRYING: 'It tries again after a failure.',
  KILLING: 'It is being ended on demand.',
  SUCCESS: 'It ended well.',
  WARNING: 'It ended, with warnings.',
  FAILED: 'It failed.',
  KILLED: 'It was ended on demand.',
  CANCELLED: 'It was not run, because others of its flow ran.',
  RETRIED: 'It failed, and another was started in its place.',
  SKIPPED: 'It was not run, because its conditions did not hold.',
} as const;

export type ExecutionState = keyof typeof stateTexts;
export const executionStates = Object.keys(stateTexts) as ExecutionState[];

const ends = new Set<string>(['SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED']);
/** Has it ended? For now: what ended can be restarted, so no end is for ever. */
export const isEnd = (state: string): boolean => ends.has(state);

/** What was recorded of one change of state. */
export interface StateChange {
  readonly state: ExecutionState;
  readonly at: Date;
}

export interface Course {
  readonly state: ExecutionState;
  readonly startedAt: Date;
  /** Null: it has not ended. */
  readonly endedAt: Date | null;
  /** Time in states that are no end, as far as these changes tell: a restart does not count the time between. */
  readonly durationMs: number;
}

/** What follows from a history: at least one change, in the order of time. */
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

/** A history as it is stored. */
export const storedHistory = (history: readonly StateChange[]) =>
  history.map(({ state, at }) => ({ state, at: at.toISOString() }));

/** A stored history as it is told. */
export const readHistory = (stored: unknown): StateChange[] =>
  (stored as { state: ExecutionState; at: string }[]).map(({ state, at }) => ({ state, at: new Date(at) }));

export const logLevels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];
/** How levels are stored: a greater number is more severe. */
export const levelNumber = (level: LogLevel): number => logLevels.indexOf(level);
