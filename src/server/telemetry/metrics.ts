import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, type MetricProducer } from '@opentelemetry/sdk-metrics';
import type { Config } from '../../config.ts';
import type { CounterName, DurationName, Telemetry } from '../../lib/telemetry.ts';
import { version } from '../../version.ts';
import { DurationHistogram } from './histogram.ts';

const ofRequests = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const ofStatements = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15];
const ofDecisions = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.001, 0.01, 0.1, 1];
const durations: Readonly<Record<DurationName, readonly [description: string, buckets: number[]]>> = {
  'http.server.request.duration': ['Duration of HTTP requests that are no streams.', ofRequests],
  'db.client.operation.duration': ['Duration of statements, from sending one to its response.', ofStatements],
  'gatehouse.operation.duration': ['Duration of GraphQL operations, with the wait for their turn.', ofRequests],
  'gatehouse.decision.duration': ['Duration of decisions about access.', ofDecisions],
  'gatehouse.policy.duration': ['Duration of a policy: of one in 16 evaluations, and of every review.', ofDecisions],
};
const counters: Readonly<Record<CounterName, string>> = {
  'gatehouse.rate_limit.refusals': 'Operations that a rate limit refused.',
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export interface Metrics extends Omit<Telemetry, 'trace'> {
  listen(): Promise<string>;
  close(): Promise<void>;
}

/** Prometheus names the unit at the end of a name. The exporter leaves that to its callers. */
const suffixes: Readonly<Record<string, string>> = { s: '.seconds', By: '.bytes', '1': '.ratio' };
const withUnit = (name: string, unit: string): string => `${name}${suffixes[unit] ?? ''}`;

/** Metrics in the text format of Prometheus, on a port of their own, so that no one reaches them by the gateway's port. */
export function createMetrics({ port, host, token }: NonNullable<Config['telemetry']['metrics']>): Metrics {
  const histograms = Object.fromEntries(
    Object.entries(durations).map(([name, [description, boundaries]]) => [
      name,
      new DurationHistogram(withUnit(name, 's'), description, boundaries),
    ]),
  ) as Record<DurationName, DurationHistogram>;
  const resource = resourceFromAttributes({ 'service.name': 'gatehouse', 'service.version': version });
  const scope = { name: 'gatehouse', version };
  const ofDurations: MetricProducer = {
    async collect() {
      const metrics = Object.values(histograms).map((one) => one.collect());
      return { resourceMetrics: { resource, scopeMetrics: [{ scope, metrics }] }, errors: [] };
    },
  };
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    metricProducers: [ofDurations],
  });
  const provider = new MeterProvider({ readers: [exporter], resource });
  const meter = provider.getMeter('gatehouse', version);
  const totals = Object.fromEntries(
    Object.entries(counters).map(([name, description]) => [name, meter.createCounter(name, { description })]),
  );

  const mayRead = ({ headers }: IncomingMessage): boolean => {
    if (token === undefined) return true;
    return timingSafeEqual(digest(`Bearer ${token}`), digest(headers.authorization ?? ''));
  };
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    if (request.url?.split('?', 1)[0] !== '/metrics') return void response.writeHead(404).end();
    if (!mayRead(request)) return void response.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end();
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    exporter.getMetricsRequestHandler(request, response);
  });

  return {
    record: (name, seconds, labels) => histograms[name].record(seconds, labels),
    count: (name, labels) => totals[name]!.add(1, labels),
    gauge(name, { description, unit, isTotal }, read) {
      const create = isTotal ? meter.createObservableCounter : meter.createObservableGauge;
      create.call(meter, withUnit(name, unit), { description, unit }).addCallback(async (result) => {
        try {
          await read((value, labels) => result.observe(value, labels));
        } catch {
          // A value that cannot be read is absent: an old one would look like the present.
        }
      });
    },
    async listen() {
      await new Promise<void>((done, fail) => {
        server.once('error', fail);
        server.listen(port, host, done);
      });
      const at = server.address() as AddressInfo;
      return `http://${host.includes(':') ? `[${host}]` : host}:${at.port}/metrics`;
    },
    async close() {
      server.closeAllConnections();
      if (server.listening) await new Promise((done) => server.close(done));
      await provider.shutdown();
    },
  };
}
