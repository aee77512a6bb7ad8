/** What a gateway measures, and where it is sent. */
export interface TelemetrySettings {
  /** Fraction of operations with a line in the log. */
  readonly accessLog: number;
  /** Undefined if no metrics are served. */
  readonly metrics: { readonly port: number; readonly host: string; readonly token: string | undefined } | undefined;
  /** Undefined if no traces are sent. */
  readonly traces:
    | { readonly url: string; readonly authorization: string | undefined; readonly sample: number }
    | undefined;
}

interface Variables {
  readonly GATEHOUSE_ACCESS_LOG: number;
  readonly GATEHOUSE_METRICS_PORT?: number | undefined;
  readonly GATEHOUSE_METRICS_HOST: string;
  readonly GATEHOUSE_METRICS_TOKEN?: string | undefined;
  readonly GATEHOUSE_OTLP_URL?: string | undefined;
  readonly GATEHOUSE_OTLP_AUTHORIZATION?: string | undefined;
  readonly GATEHOUSE_TRACE_SAMPLE: number;
}

/** True unless others could read the metrics. */
export const areMetricsPrivate = (e: Pick<Variables, `GATEHOUSE_METRICS_${'PORT' | 'HOST' | 'TOKEN'}`>): boolean =>
  e.GATEHOUSE_METRICS_PORT === undefined ||
  e.GATEHOUSE_METRICS_TOKEN !== undefined ||
  /^(localhost|127(\.\d+){3}|::1)$/.test(e.GATEHOUSE_METRICS_HOST);

export const telemetryOf = (e: Variables): TelemetrySettings => ({
  accessLog: e.GATEHOUSE_ACCESS_LOG,
  metrics:
    e.GATEHOUSE_METRICS_PORT === undefined
      ? undefined
      : { port: e.GATEHOUSE_METRICS_PORT, host: e.GATEHOUSE_METRICS_HOST, token: e.GATEHOUSE_METRICS_TOKEN },
  traces:
    e.GATEHOUSE_OTLP_URL === undefined
      ? undefined
      : {
          url: e.GATEHOUSE_OTLP_URL,
          authorization: e.GATEHOUSE_OTLP_AUTHORIZATION,
          sample: e.GATEHOUSE_TRACE_SAMPLE,
        },
});
