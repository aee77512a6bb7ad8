import type { Log } from '../lib/log.ts';
import type { Connection } from './embedded.ts';
import { createPostgresWake, type Wake } from './wake.ts';
import { createRedisWake } from './wake-redis.ts';

/** Creates the configured wake: over Redis if a URL is set, otherwise over the database. */
export const createWake = (redisUrl: string | undefined, connection: Connection, log: Log): Wake =>
  redisUrl === undefined ? createPostgresWake(connection, log) : createRedisWake(redisUrl, log);
