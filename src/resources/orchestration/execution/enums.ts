import { builder } from '../../../graphql/builder.ts';
import { type ExecutionState, type LogLevel, logLevels, readHistory, type StateChange, stateTexts } from './states.ts';

export const ExecutionStateEnum = builder.enumType('ExecutionState', {
  description: 'The state of an execution or of a task run.',
  values: Object.fromEntries(
    Object.entries(stateTexts).map(([name, description]) => [name, { description }]),
  ) as unknown as Record<ExecutionState, { description: string }>,
});

const levelTexts: Record<LogLevel, string> = {
  TRACE: 'Every step.',
  DEBUG: 'For finding faults.',
  INFO: 'What goes on.',
  WARN: 'What may be wrong.',
  ERROR: 'What is wrong.',
};
export const LogLevelEnum = builder.enumType('LogLevel', {
  description: 'How severe a log entry is; ERROR is the most.',
  values: Object.fromEntries(logLevels.map((name) => [name, { description: levelTexts[name] }])) as Record<
    LogLevel,
    { description: string }
  >,
});

export const metricTypes = ['COUNTER', 'TIMER', 'GAUGE'] as const;
export type MetricType = (typeof metricTypes)[number];
export const MetricTypeEnum = builder.enumType('MetricType', {
  description: 'What kind of figure a metric is.',
  values: {
    COUNTER: { description: 'So many.' },
    TIMER: { description: 'How long, in seconds.' },
    GAUGE: { description: 'How much at that moment.' },
  },
});

interface Stay extends StateChange {
  readonly until: Date | null;
}
export const StateChangeRef = builder.objectRef<Stay>('StateChange').implement({
  description: 'One stay in a state.',
  fields: (t) => ({
    state: t.field({ type: ExecutionStateEnum, description: 'In which state.', resolve: ({ state }) => state }),
    at: t.expose('at', { type: 'DateTime', description: 'Since when.' }),
    until: t.expose('until', { type: 'DateTime', nullable: true, description: 'Until when; null: it still is.' }),
  }),
});

/** The stays that a stored history tells of. */
export function staysOf(stored: unknown): Stay[] {
  const history = readHistory(stored);
  return history.map((change, i) => ({ ...change, until: history[i + 1]?.at ?? null }));
}

interface Timed {
  readonly durationMs: bigint;
  readonly endedAt: Date | null;
  readonly history: unknown;
}
/** Whole seconds; of what still runs, up to now. */
export function durationOf({ durationMs, endedAt, history }: Timed, now = Date.now()): number {
  const since = endedAt ? undefined : readHistory(history).at(-1)?.at.getTime();
  const running = since === undefined ? 0 : Math.max(0, now - since);
  return Math.floor((Number(durationMs) + running) / 1_000);
}
