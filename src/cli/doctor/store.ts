import type pg from 'pg';
import { oldestUnread, oldestUnshipped } from '../../audit/lag.ts';
import { verifyHeads } from '../../audit/verify-store.ts';
import { masterKey } from '../../auth/key-file.ts';
import { deriveKeys } from '../../auth/keys.ts';
import type { Config } from '../../config.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

/** Shipping and feeds are late after this number of seconds. */
const lateSeconds = 60;

export async function checkKeys(client: pg.ClientBase, config: Config): Promise<Finding[]> {
  const keys = deriveKeys(masterKey(config.masterKey, config.dataDir), config.formerMasterKeys);
  const known = keys.wrapping.map(({ id }) => id);
  const { rows } = await client.query<{ id: string | null }>('SELECT "masterKeyId" AS id FROM "AccessState"');
  const id = rows[0]?.id;
  if (id != null && !known.includes(id))
    return [
      fault(
        'keys',
        `The store uses the master key ${id}; this one is ${known[0]}.`,
        'Set GATEHOUSE_MASTER_KEY to the key of the store, or add that key to GATEHOUSE_FORMER_MASTER_KEYS.',
      ),
    ];
  const { rows: sealed } = await client.query<{ id: string; count: number }>(
    'SELECT "masterKeyId" AS id, count(*)::int AS count FROM "DataKey" WHERE NOT "masterKeyId" = ANY($1) GROUP BY 1',
    [known],
  );
  if (sealed.length > 0)
    return sealed.map((row) =>
      fault(
        'keys',
        `${row.count} data keys of secrets are sealed with the unknown master key ${row.id}.`,
        'Add that key to GATEHOUSE_FORMER_MASTER_KEYS, and run gatehouse secrets rotate.',
      ),
    );
  const former = id !== known[0] && id != null;
  if (former)
    return [
      warning(
        'keys',
        'The store still uses a former master key.',
        'Start the gateway, and run gatehouse secrets rotate.',
      ),
    ];
  return [ok('keys', `The master key ${known[0]} opens the store.`)];
}

export async function checkChains(client: pg.ClientBase): Promise<Finding[]> {
  const { chains, faults } = await verifyHeads(client);
  if (faults.length > 0)
    return faults.map(({ tenantId, message }) =>
      fault(
        'audit log',
        `The head of the chain of ${tenantId === '' ? 'the instance' : `tenant ${tenantId}`} is invalid. ${message}.`,
        'Run gatehouse audit verify. Keep the store as evidence before you restore a backup.',
      ),
    );
  return [ok('audit log', `The heads of ${chains} chains are valid. gatehouse audit verify checks every event.`)];
}

interface Shipped {
  readonly name: string;
  readonly rejected: string;
  readonly failingSince: Date | null;
  readonly fault: string | null;
}

export async function checkShipping(client: pg.ClientBase, { audit }: Config): Promise<Finding[]> {
  const pool = client as unknown as pg.Pool;
  const found: Finding[] = [];
  const held = await oldestUnread(pool);
  if (held > lateSeconds)
    found.push(
      warning(
        'audit log',
        `An open transaction has held events back from feeds and shipping for ${Math.round(held)} s.`,
        'Find it in pg_stat_activity (oldest xact_start, in every database of the server), and end it with pg_terminate_backend.',
      ),
    );
  const names = audit.ship.map(({ name }) => name);
  const { rows } = await client.query<Shipped>(
    'SELECT name, rejected::text, "failingSince", fault FROM "AuditShipping" ORDER BY name',
  );
  const late = new Map((await oldestUnshipped(pool, names)).map(({ name, seconds }) => [name, seconds]));
  for (const name of names) {
    const row = rows.find((one) => one.name === name);
    const seconds = Math.round(late.get(name) ?? 0);
    if (!row) found.push(warning('shipping', `${name} is new; nothing is shipped to it yet.`, 'Start the gateway.'));
    else if (row.failingSince)
      found.push(
        fault(
          'shipping',
          `${name} has failed since ${row.failingSince.toISOString()}: ${row.fault ?? ''}. The oldest event waits for ${seconds} s.`,
          'Correct the destination. Shipping continues at its position without a restart.',
        ),
      );
    else if (seconds > lateSeconds)
      found.push(
        warning('shipping', `${name} is ${seconds} s behind.`, 'Start the gateway, or look for a slow destination.'),
      );
    else found.push(ok('shipping', `${name} is up to date.`));
    if (row && row.rejected !== '0')
      found.push(
        warning(
          'shipping',
          `${name} rejected ${row.rejected} events.`,
          'Read the reason in auditDestinations { fault }, and export the events with gatehouse audit export.',
        ),
      );
  }
  for (const { name } of rows.filter((row) => !names.includes(row.name)))
    found.push(
      warning(
        'shipping',
        `${name} is not in the settings. Its position is kept, and retention does not wait for it.`,
        'Add it to audit.ship again, or ignore this.',
      ),
    );
  return found;
}
