import pg from 'pg';
import type { Connection } from './embedded.ts';

const key = 7_301_002;

/**
 * Locks the embedded store for one gateway. The database keeps the lock as long as the connection is open, so a killed
 * gateway leaves no lock.
 * @returns a function to release the lock, or undefined if another gateway holds it.
 */
export async function holdStore(
  connection: Connection,
  onLost: () => void,
): Promise<(() => Promise<void>) | undefined> {
  const client = new pg.Client({ ...connection, keepAlive: true });
  let released = false;
  const lost = () => {
    if (!released) onLost();
  };
  client.on('error', lost);
  client.on('end', lost);
  await client.connect();
  const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [key]);
  const release = async () => {
    released = true;
    await client.end().catch(() => undefined);
  };
  if (rows[0]!.held) return release;
  await release();
  return undefined;
}

/**
 * Runs work on one gateway at a time, as long as its connection is open.
 * @param name name of the work, the same on every gateway.
 * @returns undefined if another gateway runs it.
 */
export async function exclusively<T>(
  connection: Connection,
  name: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const client = new pg.Client({ ...connection, keepAlive: true });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ held: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held',
      [`exclusively ${name}`],
    );
    return rows[0]!.held ? await work() : undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}
