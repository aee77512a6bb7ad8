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
