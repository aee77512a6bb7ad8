import type pg from 'pg';
import type { Config } from '../../config.ts';
import { migrations } from '../../db/migrate.ts';
import { stateOf } from '../../db/sql-state.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

/** Connections of a gateway in addition to its pool: checks, notifications and locks of background work. */
const otherConnections = 8;
/** Sign-ins, leases and time limits compare times of the gateway and of the database. */
const [warnMs, faultMs] = [1_000, 10_000];

const settingsOf = async (client: pg.ClientBase): Promise<Map<string, string>> => {
  const { rows } = await client.query<{ name: string; setting: string }>('SELECT name, setting FROM pg_settings');
  return new Map(rows.map(({ name, setting }) => [name, setting]));
};

/** The version of the server and the settings that the gateway relies on. */
export async function checkServer(client: pg.ClientBase, { limits }: Config): Promise<Finding[]> {
  const of = await settingsOf(client);
  const at = (name: string) => of.get(name) ?? '';
  const found: Finding[] = [ok('database', `PostgreSQL ${at('server_version')}.`)];
  const require = (name: string, wanted: string, why: string, advice: string) => {
    if (at(name).toLowerCase() !== wanted.toLowerCase())
      found.push(fault('database', `${name} is ${at(name)}. ${why}`, advice));
  };
  const alter = (name: string, value: string) =>
    `Run: ALTER SYSTEM SET ${name} = ${value}, and SELECT pg_reload_conf(). Remove other values of the role and the database.`;
  require('server_encoding', 'UTF8', 'Names and texts of other languages cannot be stored.', 'Create the database with ENCODING UTF8 and restore the store into it.');
  require('TimeZone', 'UTC', 'A pooler drops the options of connections, so times are read wrongly.', 'Let the pooler pass the startup parameter options, or run: ALTER ROLE … SET timezone = UTC.');
  require('default_transaction_isolation', 'read committed', 'Mutations fail more often, and some checks read old rows.', alter(
    'default_transaction_isolation',
    "'read committed'",
  ));
  require('fsync', 'on', 'A crash of the machine can destroy the store.', alter('fsync', 'on'));
  require('full_page_writes', 'on', 'A crash of the machine can destroy the store.', alter('full_page_writes', 'on'));
  if (at('synchronous_commit') === 'off')
    found.push(
      fault(
        'database',
        'synchronous_commit is off. A crash loses mutations whose success was reported.',
        alter('synchronous_commit', 'on'),
      ),
    );
  if (at('wal_level') === 'minimal')
    found.push(
      warning(
        'database',
        'wal_level is minimal. Backups of the running server and standbys are not possible.',
        'Set wal_level = replica and restart the server.',
      ),
    );
  const { rows } = await client.query<{ used: number }>('SELECT count(*)::int AS used FROM pg_stat_activity');
  const max = Number(at('max_connections')) - Number(at('superuser_reserved_connections'));
  const wanted = limits.poolSize + otherConnections;
  const counts = `${rows[0]!.used} of ${max} connections are in use; one gateway opens up to ${wanted}.`;
  if (max < wanted) found.push(fault('connections', counts, 'Raise max_connections, or lower limits.poolSize.'));
  else if (max < 2 * wanted)
    found.push(
      warning(
        'connections',
        `${counts} A second gateway, as in a rolling update, does not fit.`,
        'Raise max_connections, or lower limits.poolSize.',
      ),
    );
  else found.push(ok('connections', counts));
  const own = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  if (own.rows[0]!.pid !== (client as unknown as { processID: number }).processID)
    found.push(
      warning(
        'database',
        'A pooler is between the gateway and PostgreSQL. Gateways cannot notify each other over it, and locks of background work need a session.',
        'Use a pooler in session mode, or connect directly. Set GATEHOUSE_REDIS_URL to notify over Redis.',
      ),
    );
  return found;
}

export async function checkClocks(client: pg.ClientBase): Promise<Finding[]> {
  const began = Date.now();
  const { rows } = await client.query<{ now: number }>('SELECT extract(epoch FROM clock_timestamp())::float8 AS now');
  const ended = Date.now();
  const skew = Math.round(rows[0]!.now * 1_000 - (began + ended) / 2);
  // The answer can have waited anywhere on its way.
  const sure = Math.max(0, Math.abs(skew) - (ended - began) / 2);
  const message = `The clock of the database is ${(Math.abs(skew) / 1_000).toFixed(1)} s ${skew < 0 ? 'behind' : 'ahead of'} this machine.`;
  const advice = 'Synchronize both machines by NTP: times of sessions, leases and audit events depend on it.';
  if (sure >= faultMs) return [fault('clocks', message, advice)];
  return [sure >= warnMs ? warning('clocks', message, advice) : ok('clocks', message)];
}

/** @returns the findings, and whether the tables are those of this version. */
export async function checkMigrations(client: pg.ClientBase): Promise<{ found: Finding[]; isCurrent: boolean }> {
  const rows = await client
    .query<{ name: string; checksum: string; isDone: boolean }>(
      'SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS "isDone" FROM "_prisma_migrations" WHERE rolled_back_at IS NULL',
    )
    .then(({ rows }) => rows)
    .catch((error: unknown) => {
      if (stateOf(error) === '42P01') return [];
      throw error;
    });
  if (rows.length === 0)
    return { found: [ok('migrations', 'The store is empty. The first start creates it.')], isCurrent: false };
  const all = migrations();
  const known = new Map(all.map(({ name, checksum }) => [name, checksum]));
  const namesOf = (some: readonly { name: string }[]) => some.map(({ name }) => name).join(', ');
  const found: Finding[] = [];
  const unfinished = rows.filter(({ isDone }) => !isDone);
  const changed = rows.filter(({ name, checksum }) => known.has(name) && known.get(name) !== checksum);
  const later = rows.filter(({ name }) => !known.has(name));
  const pending = all.filter(({ name }) => !rows.some((row) => row.isDone && row.name === name));
  if (unfinished.length > 0)
    found.push(
      fault(
        'migrations',
        `Not finished: ${namesOf(unfinished)}.`,
        'Restore the backup from before the upgrade, or finish them with prisma migrate resolve.',
      ),
    );
  if (changed.length > 0)
    found.push(
      fault(
        'migrations',
        `Applied in another form: ${namesOf(changed)}.`,
        'Use the version of Gatehouse that wrote the store, or a later one.',
      ),
    );
  if (later.length > 0)
    found.push(
      fault(
        'migrations',
        `A later version of Gatehouse applied: ${namesOf(later)}.`,
        'Use that version, or a later one.',
      ),
    );
  if (pending.length > 0)
    found.push(
      warning(
        'migrations',
        `Not applied yet: ${namesOf(pending)}.`,
        'Back up the store. Then run gatehouse migrate, or start the gateway.',
      ),
    );
  if (found.length === 0) found.push(ok('migrations', `All ${all.length} are applied.`));
  return { found, isCurrent: pending.length === 0 && later.length === 0 && changed.length === 0 };
}
