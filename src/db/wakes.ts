import type { Log } from '../lib/log.ts';
import type { Connection } from './embedded.ts';
import { createPostgresWake, type Wake } from './wake.ts';
import { createRedisWake } from './wake-redis.ts';

/** The wake of these settings: over Redis where there is one, else over the database itself. */
export const createWake = (redisUrl: string | undefined, connection: Connection, log: Log): Wake =>
  redisUrl === undefined ? createPostgresWake(connection, log) : createRedisWake(redisUrl, log);
