import { builder } from '../../../graphql/builder.ts';
import { type ExecutionState, type LogLevel, logLevels, readHistory, type StateChange, stateTexts } from './states.ts';

export const ExecutionStateEnum = builder.enumType('ExecutionState', {
  description: 'State of an execution or of a task run.',
  values: Object.fromEntries(
    Object.entries(stateTexts).map(([name, description]) => [name, { description }]),
  ) as unknown as Record<ExecutionState, { description: string }>,
});

const levelTexts: Record<LogLevel, string> = {
  TRACE: 'Trace of every step.',
  DEBUG: 'Details for debugging.',
  INFO: 'Normal operation.',
  WARN: 'A possible problem.',
  ERROR: 'An error.',
};
export const LogLevelEnum = builder.enumType('LogLevel', {
  description: 'Severity of a log entry, from TRACE to ERROR.',
  values: Object.fromEntries(logLevels.map((name) => [name, { description: levelTexts[name] }])) as Record<
    LogLevel,
    { description: string }
  >,
});

export const metricTypes = ['COUNTER', 'TIMER', 'GAUGE'] as const;
export type MetricType = (typeof metricTypes)[number];
export const MetricTypeEnum = builder.enumType('MetricType', {
  description: 'Type of a metric, as the orchestrator names it.',
  values: {
    COUNTER: { description: 'A count.' },
    TIMER: { description: 'A duration in seconds.' },
    GAUGE: { description: 'A value at one moment.' },
  },
});

interface Stay extends StateChange {
  readonly until: Date | null;
}
export const StateChangeRef = builder.objectRef<Stay>('StateChange').implement({
  description: 'One period in a state.',
  fields: (t) => ({
    state: t.field({ type: ExecutionStateEnum, description: 'The state.', resolve: ({ state }) => state }),
    at: t.expose('at', { type: 'DateTime', description: 'Start of the period.' }),
    until: t.expose('until', {
      type: 'DateTime',
      nullable: true,
      description: 'End of the period; null if the state is current.',
    }),
  }),
});

/** The periods of a stored history. */
export function staysOf(stored: unknown): Stay[] {
  const history = readHistory(stored);
  return history.map((change, i) => ({ ...change, until: history[i + 1]?.at ?? null }));
}

interface Timed {
  readonly durationMs: bigint;
  readonly endedAt: Date | null;
  readonly history: unknown;
}
/** Whole seconds; up to now if still running. */
export function durationOf({ durationMs, endedAt, history }: Timed, now = Date.now()): number {
  const since = endedAt ? undefined : readHistory(history).at(-1)?.at.getTime();
  const running = since === undefined ? 0 : Math.max(0, now - since);
  return Math.floor((Number(durationMs) + running) / 1_000);
}
