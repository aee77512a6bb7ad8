import type { IconName } from './drawings.tsx';

export type Family = 'ok' | 'fail' | 'warn' | 'run' | 'wait' | 'stop' | 'idle';

interface Look {
  readonly title: string;
  readonly icon: IconName;
  readonly family: Family;
}

/** How each state of an execution or task run looks, in the order of charts: what is bad is at the foot of a bar. */
const looks = {
  FAILED: { title: 'Failed', icon: 'st-failed', family: 'fail' },
  RETRIED: { title: 'Retried', icon: 'st-retried', family: 'fail' },
  WARNING: { title: 'Warning', icon: 'st-warning', family: 'warn' },
  KILLED: { title: 'Killed', icon: 'st-killed', family: 'stop' },
  KILLING: { title: 'Killing', icon: 'st-killing', family: 'stop' },
  CANCELLED: { title: 'Cancelled', icon: 'st-cancelled', family: 'stop' },
  PAUSED: { title: 'Paused', icon: 'st-paused', family: 'wait' },
  BREAKPOINT: { title: 'Breakpoint', icon: 'st-breakpoint', family: 'wait' },
  RUNNING: { title: 'Running', icon: 'st-running', family: 'run' },
  RETRYING: { title: 'Retrying', icon: 'st-retrying', family: 'run' },
  RESTARTED: { title: 'Restarted', icon: 'st-restarted', family: 'run' },
  RESUBMITTED: { title: 'Resubmitted', icon: 'st-resubmitted', family: 'run' },
  QUEUED: { title: 'Queued', icon: 'st-queued', family: 'idle' },
  CREATED: { title: 'Created', icon: 'st-created', family: 'idle' },
  SUBMITTED: { title: 'Submitted', icon: 'st-submitted', family: 'idle' },
  SKIPPED: { title: 'Skipped', icon: 'st-skipped', family: 'idle' },
  SUCCESS: { title: 'Success', icon: 'st-success', family: 'ok' },
} as const satisfies Readonly<Record<string, Look>>;

export type State = keyof typeof looks;
export const states = Object.keys(looks) as readonly State[];

export const isState = (name: string): name is State => Object.hasOwn(looks, name);

/** The look of a state. One that a newer gateway has added shows its name. */
export const lookOf = (state: string): Look =>
  (looks as Readonly<Record<string, Look>>)[state] ?? { title: state, icon: 'why', family: 'idle' };

const ended: ReadonlySet<string> = new Set([
  'SUCCESS',
  'WARNING',
  'FAILED',
  'KILLED',
  'CANCELLED',
  'SKIPPED',
  'RETRIED',
] satisfies State[]);

export const isEnded = (state: string): boolean => ended.has(state);
/** States of what has not ended. */
export const activeStates = states.filter((state) => !isEnded(state));
