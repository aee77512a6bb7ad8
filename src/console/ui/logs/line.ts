export const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type Level = (typeof levels)[number];

/** One line of a log, as it is shown. */
export interface LogLine {
  /** Unique among all lines that are shown. */
  readonly key: string;
  readonly at: string;
  readonly level: string;
  readonly message: string;
  readonly sequence: string;
  readonly taskId: string | null | undefined;
  readonly namespaceName: string;
  readonly flowId: string;
  /** ID that the engine gave. */
  readonly executionId: string | undefined;
}

/** The line as a text, for the clipboard. */
export const textOfLine = ({ at, level, taskId, message }: LogLine): string =>
  [at, level.padEnd(5), taskId, message].filter(Boolean).join(' ');
