import { type Span as OtelSpan, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Config } from '../../config.ts';
import { atMost } from '../../lib/at-most.ts';
import type { Log } from '../../lib/log.ts';
import { outsideRequest } from '../../lib/request-scope.ts';
import type { Labels, Span, Telemetry } from '../../lib/telemetry.ts';
import { version } from '../../version.ts';

/** Time for the last traces at a shutdown. */
const lastMs = 1_000;
const exportMs = 5_000;

/** Logs one line when the collector stops accepting traces, and one when it accepts them again. */
class LoggedExporter implements SpanExporter {
  readonly #inner: SpanExporter;
  readonly #log: Log;
  #isFailing = false;

  constructor(inner: SpanExporter, log: Log) {
    this.#inner = inner;
    this.#log = log;
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    this.#inner.export(spans, (result) => {
      outsideRequest(() => this.#note(result.error));
      done(result);
    });
  }

  #note(error: Error | undefined): void {
    const isFailing = error !== undefined;
    if (isFailing && !this.#isFailing)
      this.#log.error('sending traces failed; spans are lost until it succeeds', { error: error.message });
    if (!isFailing && this.#isFailing) this.#log.info('traces are sent again');
    this.#isFailing = isFailing;
  }

  shutdown = (): Promise<void> => this.#inner.shutdown();
  forceFlush = async (): Promise<void> => this.#inner.forceFlush?.();
}

class Step implements Span {
  readonly #tracer: Tracer;
  readonly #span: OtelSpan;

  constructor(tracer: Tracer, span: OtelSpan) {
    this.#tracer = tracer;
    this.#span = span;
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  begin(name: string, labels: Labels = {}): Span {
    const kind = 'db.system.name' in labels ? SpanKind.CLIENT : SpanKind.INTERNAL;
    const context = trace.setSpan(ROOT_CONTEXT, this.#span);
    return new Step(this.#tracer, this.#tracer.startSpan(name, { kind, attributes: labels }, context));
  }

  end(labels: Labels = {}, fault?: string): void {
    this.#span.setAttributes(labels);
    if (fault !== undefined) {
      this.#span.setAttribute('error.type', fault);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
  }
}

export interface Traces extends Pick<Telemetry, 'trace'> {
  close(): Promise<void>;
}

/** Traces of a fraction of requests, sent to a collector. A full queue drops spans; no request waits for them. */
export function createTraces(
  { url, authorization, sample }: NonNullable<Config['telemetry']['traces']>,
  log: Log,
): Traces {
  const exporter = new OTLPTraceExporter({
    url: `${url.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: exportMs,
    ...(authorization !== undefined && { headers: { authorization } }),
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'gatehouse', 'service.version': version }),
    spanProcessors: [
      new BatchSpanProcessor({ exporter: new LoggedExporter(exporter, log), scheduledDelayMillis: 2_000 }),
    ],
  });
  const tracer = provider.getTracer('gatehouse', version);
  return {
    trace(name) {
      // Callers do not choose: a traceparent of theirs would decide what is traced, and under which ID.
      if (Math.random() >= sample) return undefined;
      return new Step(tracer, tracer.startSpan(name, { kind: SpanKind.SERVER }, ROOT_CONTEXT));
    },
    close: () =>
      atMost(
        lastMs,
        provider.shutdown().catch(() => undefined),
      ),
  };
}
