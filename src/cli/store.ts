import { masterKey } from '../auth/key-file.ts';
import type { Config } from '../config.ts';
import { openDatabase } from '../db/client.ts';
import { createWake } from '../db/create-wake.ts';
import { type Connection, type EmbeddedServer, startEmbedded } from '../db/embedded.ts';
import { migrate } from '../db/migrate.ts';
import { explainError, reach } from '../db/reach.ts';
import type { Store } from '../db/transaction.ts';
import type { Log } from '../lib/log.ts';

/** The database of the settings: an external one, or the embedded one, which is started if necessary. */
export async function openConnection(
  config: Config,
): Promise<{ connection: Connection; embedded: EmbeddedServer | undefined }> {
  if (config.databaseUrl !== undefined) {
    const connection = { connectionString: config.databaseUrl };
    await reach(connection);
    return { connection, embedded: undefined };
  }
  // Before the store is created or started: a wrong key is reported before anything is written.
  masterKey(config.masterKey, config.dataDir);
  const embedded = await startEmbedded(config.dataDir, config.postgresAccount);
  return { connection: embedded.connection, embedded };
}

/**
 * For commands on the gateway's own host, next to a running gateway.
 * @param before checks the settings before a migration.
 */
export async function withStore<T>(
  config: Config,
  log: Log,
  work: (store: Store, connection: Connection) => Promise<T>,
  before: (connection: Connection) => Promise<void> = async () => undefined,
): Promise<T> {
  const { connection, embedded } = await openConnection(config);
  const database = openDatabase(connection, config.limits);
  const wake = createWake(config.redisUrl, connection, log);
  try {
    await before(connection);
    await migrate(connection);
    return await work({ prisma: database.prisma, pool: database.pool, wake }, connection);
  } catch (error) {
    throw explainError(error, connection);
  } finally {
    // The wake-up is sent before the connection closes.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await wake.close();
    await database.close();
    if (embedded && !embedded.adopted) await embedded.stop();
  }
}
