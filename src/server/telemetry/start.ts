import type { Config } from '../../config.ts';
import type { Log } from '../../lib/log.ts';
import type { Telemetry } from '../../lib/telemetry.ts';

/** Telemetry of a gateway, and what a shutdown does with it. */
export interface StartedTelemetry {
  readonly telemetry: Telemetry;
  /** Starts to serve metrics. @returns the URL, if metrics are configured. */
  listen(): Promise<string | undefined>;
  /** Stops, and sends the last traces. */
  close(): Promise<void>;
}

/** Starts what is configured. @returns undefined if nothing is: no package of OpenTelemetry is then loaded. */
export async function startTelemetry(
  { metrics, traces }: Config['telemetry'],
  log: Log,
): Promise<StartedTelemetry | undefined> {
  if (!metrics && !traces) return undefined;
  const measured = metrics && (await import('./metrics.ts')).createMetrics(metrics);
  const traced = traces && (await import('./traces.ts')).createTraces(traces, log);
  return {
    telemetry: {
      record: measured?.record ?? (() => undefined),
      count: measured?.count ?? (() => undefined),
      gauge: measured?.gauge ?? (() => undefined),
      trace: traced?.trace ?? (() => undefined),
    },
    listen: async () => measured?.listen(),
    close: async () => void (await Promise.all([measured?.close(), traced?.close()])),
  };
}
