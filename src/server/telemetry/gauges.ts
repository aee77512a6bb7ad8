import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { AuditFeed } from '../../audit/feed.ts';
import { oldestUnread, oldestUnshipped } from '../../audit/lag.ts';
import type { Config } from '../../config.ts';
import type { ChangeFeed } from '../../db/change-feed.ts';
import type { Database } from '../../db/client.ts';
import type { GaugeOptions, Telemetry } from '../../lib/telemetry.ts';

export interface GaugeSources {
  readonly database: Database;
  readonly feed: AuditFeed;
  readonly changes: ChangeFeed;
  readonly sockets: { readonly open: number };
  readonly config: Pick<Config, 'audit' | 'limits'>;
  readonly isReady: () => boolean;
}

/** Interval at which the delay of the event loop is sampled. */
const resolutionMs = 20;

const gauge = (unit: string, description: string): GaugeOptions => ({ unit, description });

/** Values that are read whenever metrics are. */
export function registerGauges(telemetry: Telemetry, sources: GaugeSources): () => void {
  const { database, feed, changes, sockets, isReady, config } = sources;
  const destinations = config.audit.ship.map(({ name }) => name);
  const { pool, apart } = database;

  telemetry.gauge('gatehouse.ready', gauge('', '1 if the gateway can decide and its database responds.'), (report) =>
    report(isReady() ? 1 : 0),
  );
  telemetry.gauge('gatehouse.pool.connections', gauge('{connection}', 'Connections to the database.'), (report) => {
    report(pool.idleCount, { state: 'idle' });
    report(pool.totalCount - pool.idleCount, { state: 'used' });
  });
  telemetry.gauge('gatehouse.pool.max', gauge('{connection}', 'Max connections (limits.poolSize).'), (report) =>
    report(config.limits.poolSize),
  );
  telemetry.gauge('gatehouse.pool.waiting', gauge('{request}', 'Work that waits for a connection.'), (report) =>
    report(pool.waitingCount),
  );
  telemetry.gauge('gatehouse.feed.subscribers', gauge('{subscriber}', 'Open streams by feed.'), (report) => {
    report(feed.followers, { feed: 'audit' });
    report(changes.followers, { feed: 'changes' });
  });
  telemetry.gauge('gatehouse.websockets', gauge('{socket}', 'Open WebSockets.'), (report) => report(sockets.open));

  const chainLag = 'Age of the oldest committed audit event that an open transaction hides from feeds and shipping.';
  telemetry.gauge('gatehouse.audit.chain.lag', gauge('s', chainLag), async (report) =>
    report(await oldestUnread(apart)),
  );
  const shippingLag = 'Age of the oldest audit event that is not shipped to a destination.';
  if (destinations.length > 0)
    telemetry.gauge('gatehouse.shipping.lag', gauge('s', shippingLag), async (report) => {
      for (const { name, seconds } of await oldestUnshipped(apart, destinations))
        report(seconds, { destination: name });
    });

  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  // The monitor reports the time between two of its timers, which is its resolution if nothing is late.
  const inSeconds = (nanoseconds: number) => Math.max(nanoseconds / 1e9 - resolutionMs / 1_000, 0);
  const delays = {
    p50: () => delay.percentile(50),
    p99: () => delay.percentile(99),
    // Read last.
    max: () => {
      const { max } = delay;
      delay.reset();
      return max;
    },
  };
  for (const [name, read] of Object.entries(delays))
    telemetry.gauge(
      `nodejs.eventloop.delay.${name}`,
      gauge('s', `Delay of the event loop since the last read: ${name}.`),
      (report) => report(inSeconds(read())),
    );
  let last = performance.eventLoopUtilization();
  telemetry.gauge(
    'nodejs.eventloop.utilization',
    gauge('1', 'Use of the event loop since the last read.'),
    (report) => {
      const now = performance.eventLoopUtilization();
      report(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    },
  );
  telemetry.gauge('process.memory.usage', gauge('By', 'Resident memory.'), (report) =>
    report(process.memoryUsage.rss()),
  );
  telemetry.gauge('v8js.memory.heap.used', gauge('By', 'Used memory of the heap.'), (report) =>
    report(process.memoryUsage().heapUsed),
  );
  const cpu: GaugeOptions = { ...gauge('s', 'CPU time of the process.'), isTotal: true };
  telemetry.gauge('process.cpu.time', cpu, (report) => {
    const { user, system } = process.cpuUsage();
    report(user / 1e6, { 'cpu.mode': 'user' });
    report(system / 1e6, { 'cpu.mode': 'system' });
  });
  return () => delay.disable();
}
