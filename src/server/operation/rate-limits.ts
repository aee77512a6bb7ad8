import type { OperationTypeNode } from 'graphql';
import type pg from 'pg';
import type { RateLimitRule, RateLimits as RateLimitSettings } from '../../config.ts';
import { withoutDeadline } from '../../db/deadline.ts';
import { GatehouseError } from '../../errors.ts';
import type { Log } from '../../lib/log.ts';
import { peerOf } from '../../lib/peer.ts';
import type { Telemetry } from '../../lib/telemetry.ts';
import type { AccessSession } from '../../policy/session/session.ts';

/** The used part of a limiter of the library. It rejects with the wait if the limit is reached. */
interface Limiter {
  consume(key: string): Promise<unknown>;
}
interface Refusal {
  readonly msBeforeNext: number;
}
const isRefusal = (reason: unknown): reason is Refusal =>
  typeof (reason as Partial<Refusal>)?.msBeforeNext === 'number' && !(reason instanceof Error);

interface Counted {
  readonly rule: RateLimitRule;
  readonly shared: Limiter | undefined;
  /** Counts on this gateway alone: without a shared store, or while that does not respond. */
  readonly own: Limiter;
}

/** Refuses operations of callers who exceed the rules of the operator. */
export interface RateLimits {
  /** Counts one operation. @throws LIMIT_EXCEEDED with `retryAfter`. */
  take(session: AccessSession, kind: OperationTypeNode): Promise<void>;
  close(): void;
}

export interface RateLimitOptions {
  readonly settings: RateLimitSettings;
  readonly redisUrl: string | undefined;
  readonly pool: pg.Pool;
  readonly log: Log;
  readonly telemetry: Telemetry | undefined;
}

const prefixOf = ({ by, operations, perSeconds }: RateLimitRule): string =>
  `gatehouse:${by}:${operations.toSorted().join('+')}:${perSeconds}`;

/** @returns undefined without rules. */
export async function createRateLimits(options: RateLimitOptions): Promise<RateLimits | undefined> {
  const { settings, pool, log, telemetry } = options;
  if (settings.rules.length === 0) return undefined;
  const { RateLimiterMemory, RateLimiterPostgres, RateLimiterRedis } = await import('rate-limiter-flexible');
  const redis = settings.store === 'redis' ? await connectRedis(options.redisUrl!) : undefined;
  const limiters = settings.rules.map((rule): Counted => {
    const common = { keyPrefix: prefixOf(rule), points: rule.max, duration: rule.perSeconds };
    const own = new RateLimiterMemory(common);
    if (redis) {
      const ofRedis = { storeClient: redis, useRedisPackage: true, rejectIfRedisNotReady: true };
      return { rule, own, shared: new RateLimiterRedis({ ...common, ...ofRedis }) };
    }
    if (settings.store === 'memory') return { rule, own, shared: undefined };
    const ofPool = { storeClient: pool, storeType: 'pool', tableName: 'RateLimit', tableCreated: true };
    return { rule, own, shared: new RateLimiterPostgres({ ...common, ...ofPool }) };
  });
  let isFailing = false;

  async function consume({ shared, own }: Counted, key: string): Promise<void> {
    try {
      await withoutDeadline(() => (shared ?? own).consume(key));
      if (isFailing && shared) {
        isFailing = false;
        log.info('rate limits are shared again', { store: settings.store });
      }
    } catch (reason) {
      if (isRefusal(reason) || !shared) throw reason;
      if (!isFailing)
        log.error('the store of rate limits does not respond; each gateway counts alone', {
          store: settings.store,
          error: (reason as Error).message,
        });
      isFailing = true;
      await own.consume(key);
    }
  }

  return {
    async take(session, kind) {
      const keys = { principal: session.isProved ? session.accountId : undefined, address: peerOf(session.ip) };
      for (const counted of limiters) {
        const { by, operations, max, perSeconds } = counted.rule;
        const key = keys[by];
        if (key === undefined || !operations.includes(kind)) continue;
        try {
          await consume(counted, key);
        } catch (reason) {
          if (!isRefusal(reason)) throw reason;
          telemetry?.count('gatehouse.rate_limit.refusals', { by, 'graphql.operation.type': kind });
          const retryAfter = Math.max(1, Math.ceil(reason.msBeforeNext / 1_000));
          const whose = by === 'principal' ? 'Your account' : 'Your address';
          throw new GatehouseError(
            'LIMIT_EXCEEDED',
            `${whose} can send at most ${max} of these operations in ${perSeconds} s. Retry in ${retryAfter} s.`,
            { limit: 'rate', allowed: max, retryAfter },
          );
        }
      }
    },
    close: () => redis?.destroy(),
  };
}

/** Connects in the background. Until then, and while Redis is down, each gateway counts alone. */
async function connectRedis(url: string) {
  const { createClient } = await import('@redis/client');
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: 500 },
    socket: {
      connectTimeout: 2_000,
      socketTimeout: 8_000,
      reconnectStrategy: (retries: number) => Math.min(50 * 2 ** retries, 2_000) + Math.random() * 100,
    },
    pingInterval: 3_000,
  });
  // Each failed command reports the outage.
  client.on('error', () => undefined);
  client.connect().catch(() => undefined);
  return client;
}
