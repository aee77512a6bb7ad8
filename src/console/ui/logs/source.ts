import type { Disposable } from 'relay-runtime';
import type { LogLine } from './line.ts';

/** Lines in order of time, and the cursors of the first and the last one. */
export interface LogPage {
  readonly lines: readonly LogLine[];
  readonly start: string | null;
  readonly end: string | null;
  readonly hasEarlier: boolean;
  readonly hasLater: boolean;
}

/** Where lines come from: an execution, or all executions of a tenant. */
export interface LogSource {
  /** Another key is another view. */
  readonly key: string;
  readonly first: (at: 'start' | 'end') => Promise<LogPage>;
  readonly earlier: (cursor: string) => Promise<LogPage>;
  readonly later: (cursor: string) => Promise<LogPage>;
  /** Follows new lines, which come after the last known one. */
  readonly follow: (last: LogLine | undefined, next: (line: LogLine) => void) => Disposable;
}
