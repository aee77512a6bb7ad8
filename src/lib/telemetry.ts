/**
 * Values by which measurements are told apart. Each label has values of a fixed set: names of the program, of its settings
 * or of the schema. A text of a request is never a label, because callers could create series without limit.
 */
export type Labels = Readonly<Record<string, string | number | boolean>>;

export type DurationName =
  | 'http.server.request.duration'
  | 'db.client.operation.duration'
  | 'gatehouse.operation.duration'
  | 'gatehouse.decision.duration'
  | 'gatehouse.policy.duration';
export type CounterName = 'gatehouse.rate_limit.refusals';

/** A step of a request in its trace. */
export interface Span {
  readonly traceId: string;
  begin(name: string, labels?: Labels): Span;
  /** @param fault the kind of error, if the step failed. */
  end(labels?: Labels, fault?: string): void;
}

export interface GaugeOptions {
  readonly description: string;
  readonly unit: string;
  /** True for a total that only grows. */
  readonly isTotal?: boolean;
}
/** Reports the current values of a gauge. */
export type ReadGauge = (report: (value: number, labels?: Labels) => void) => void | Promise<void>;

/** Measurements and traces. Undefined where neither is configured, so that code without them does nothing. */
export interface Telemetry {
  /** @param labels one object for the same labels, not a new one for each call. */
  record(duration: DurationName, seconds: number, labels: Labels): void;
  count(counter: CounterName, labels: Labels): void;
  /** Reads a value whenever metrics are read. */
  gauge(name: string, options: GaugeOptions, read: ReadGauge): void;
  /** Begins the trace of a request. @returns undefined if this request is not traced. */
  trace(name: string): Span | undefined;
}

export const secondsSince = (began: number): number => (performance.now() - began) / 1_000;
