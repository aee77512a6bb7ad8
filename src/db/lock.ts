import pg from 'pg';
import type { Connection } from './embedded.ts';

const key = 7_301_002;

/**
 * Holds the embedded store for one gateway. The database keeps the lock for as long as the connection lives, so a
 * gateway that was killed leaves none behind.
 * @returns how to let go; undefined where another gateway holds it.
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
 * Does work that one gateway does at a time, for as long as its connection lives.
 * @param name what the work is called, the same on every gateway.
 * @returns undefined where another one is at it.
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
