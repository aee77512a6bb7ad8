import pg from 'pg';
import { OperatorError } from '../lib/operator-error.ts';
import type { Connection } from './embedded.ts';
import { stateOf } from './sql-state.ts';

/** Time that the start waits for a silent database. */
const answerMs = 10_000;

/** Reports why the configured database cannot be used, and what to do. The command line prints its message. */
export class DatabaseError extends OperatorError {}

interface Place {
  readonly at: string;
  readonly user: string;
  readonly database: string;
}

function placeOf(connection: Connection): Place {
  const client = new pg.Client(connection);
  const at = client.host.startsWith('/') ? client.host : `${client.host}:${client.port}`;
  return { at, user: client.user ?? '', database: client.database ?? '' };
}

type Explain = (place: Place, message: string) => string;
const refuses: Explain = ({ at }) =>
  `PostgreSQL at ${at} refuses connections. Start it, or correct the host and port in DATABASE_URL.`;
const unreachable: Explain = ({ at }, message) =>
  `PostgreSQL at ${at} cannot be reached (${message}). Correct the host in DATABASE_URL, or check the network.`;
const silent: Explain = ({ at }) =>
  `PostgreSQL at ${at} did not answer within ${answerMs / 1_000} s. Check whether it is overloaded or stopped, and start the gateway again.`;
const signIn: Explain = ({ at, user }, message) =>
  `PostgreSQL at ${at} refuses the sign-in of ${user} (${message}). Create the role, or correct the user and password in DATABASE_URL.`;
const privileges: Explain = ({ user, database }, message) =>
  `The role ${user} cannot create tables (${message}). Run: GRANT CREATE ON SCHEMA public TO "${user}", or make the role the owner of ${database}.`;
const readOnly: Explain = ({ at }) =>
  `The database at ${at} is read-only, such as a standby. Set DATABASE_URL to the primary.`;

const explanations: readonly [RegExp, Explain][] = [
  [/^(ECONNREFUSED|ENOENT)$/, refuses],
  [/^(ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EACCES)$/, unreachable],
  [/^ETIMEDOUT$/, silent],
  [/^(28P01|28000)$/, signIn],
  [
    /^3D000$/,
    ({ at, database }) =>
      `The database ${database} does not exist at ${at}. Run: CREATE DATABASE "${database}", or correct DATABASE_URL.`,
  ],
  [/^(42501|3F000)$/, privileges],
  [/^25006$/, readOnly],
  [
    /^53300$/,
    ({ at }) => `PostgreSQL at ${at} has no connections left. Raise its max_connections, or close other clients.`,
  ],
  [
    /^57P0[1-5]$/,
    ({ at }, message) => `PostgreSQL at ${at} is not ready (${message}). Start the gateway again when it is ready.`,
  ],
  [
    /^55P03$/,
    () =>
      'Another gateway has been migrating this database for a minute. Check whether it still runs, and start again.',
  ],
  [/^(53100|58030)$/, ({ at }, message) => `PostgreSQL at ${at} cannot write (${message}). Free space on its disk.`],
];

/** Returns a known database error as one sentence with what to do, and any other error unchanged. */
export function explainError(error: unknown, connection: Connection): unknown {
  if (error instanceof OperatorError) return error;
  const place = placeOf(connection);
  const { message } = error as Error;
  const state = stateOf(error);
  const known = explanations.find(([pattern]) => pattern.test(state));
  if (known) return new DatabaseError(known[1](place, message), { cause: error });
  if (/timeout/i.test(message)) return new DatabaseError(silent(place, message), { cause: error });
  if (/Connection terminated|SSL|SASL|certificate|password must be/i.test(message))
    return new DatabaseError(`The connection to PostgreSQL at ${place.at} failed (${message}). Correct DATABASE_URL.`, {
      cause: error,
    });
  return error;
}

/**
 * Checks at start that the database responds and is writable.
 * @throws {DatabaseError} with the fault and what to do.
 */
export async function reach(connection: Connection, milliseconds = answerMs): Promise<void> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: milliseconds, query_timeout: milliseconds });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number; isReadOnly: boolean }>(
      `SELECT current_setting('server_version_num')::int AS version,
         pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS "isReadOnly"`,
    );
    const { version, isReadOnly } = rows[0]!;
    if (version < 150_000)
      throw new DatabaseError(
        `PostgreSQL 15 or later is required, but ${placeOf(connection).at} has ${Math.floor(version / 10_000)}. Upgrade it, or set DATABASE_URL to another server.`,
      );
    if (isReadOnly) throw new DatabaseError(readOnly(placeOf(connection), ''));
  } catch (error) {
    throw explainError(error, connection);
  } finally {
    // Without a regular close: a silent database would not respond to it.
    client.connection.stream.destroy();
  }
}
