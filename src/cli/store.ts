import { masterKey } from '../auth/key-file.ts';
import type { Config } from '../config.ts';
import { openDatabase } from '../db/client.ts';
import { type Connection, type EmbeddedServer, startEmbedded } from '../db/embedded.ts';
import { migrate } from '../db/migrate.ts';
import { reach, toldError } from '../db/reach.ts';
import type { Store } from '../db/transaction.ts';
import { createWake } from '../db/wakes.ts';
import type { Log } from '../lib/log.ts';

/** The database of the settings: theirs, or the embedded one, started if it does not run. */
export async function openConnection(
  config: Config,
): Promise<{ connection: Connection; embedded: EmbeddedServer | undefined }> {
  if (config.databaseUrl !== undefined) {
    const connection = { connectionString: config.databaseUrl };
    await reach(connection);
    return { connection, embedded: undefined };
  }
  // Before the store is made or started: what is wrong with the key is told while nothing is written.
  masterKey(config.masterKey, config.dataDir);
  const embedded = await startEmbedded(config.dataDir, config.postgresAccount);
  return { connection: embedded.connection, embedded };
}

/**
 * For commands on the gateway's own host: works beside a running gateway.
 * @param before looks at the settings before anything is migrated.
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
    return await work({ prisma: database.prisma, wake }, connection);
  } catch (error) {
    throw toldError(error, connection);
  } finally {
    // The wake-up goes out before the connection does.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await wake.close();
    await database.close();
    if (embedded && !embedded.adopted) await embedded.stop();
  }
}
