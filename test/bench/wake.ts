import { parseArgs } from 'node:util';
import pg from 'pg';
import { type AuditDraft, contentOf, digestOf } from '../../src/audit/event.ts';
import { envelope } from '../../src/audit/record.ts';
import { createPostgresWake, type Wake } from '../../src/db/wake.ts';
import { createLog } from '../../src/lib/log.ts';
import { startReaders } from '../server/readers.ts';
import { openBench } from './plane/store.ts';
import { row } from './rows.ts';

/** The notification methods in use while mutations are counted. */
const ways = {
  off: 'no wake-up is sent, no one subscribes',
  wake: 'every change wakes the gateways',
  streams: 'so, and 8 WebSockets in a process of their own follow each event',
  naive: 'a NOTIFY in each transaction, one for each event',
} as const;
type Way = keyof typeof ways;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '3' }, rounds: { type: 'string', default: '5' } },
});
const clients = 32;
const followers = 8;
const median = (numbers: number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

/** Runs mutations of 32 concurrent clients through one gateway, alternating between the methods for several rounds. */
async function measure(milliseconds: number, rounds: number): Promise<Map<Way, number[]>> {
  let speaks = true;
  const bench = await openBench({ poolSize: 32, poolWaitMs: 10_000 }, (connection): Wake => {
    const wake = createPostgresWake(connection, createLog('error'));
    // The gateway always receives its own messages. Without them it could not decide.
    const quiet = new Set<(topic: string) => void>();
    return {
      send(topic) {
        if (speaks) wake.send(topic);
        else for (const listener of quiet) listener(topic);
      },
      on(listener) {
        quiet.add(listener);
        const off = wake.on(listener);
        return () => {
          quiet.delete(listener);
          off();
        };
      },
      close: () => wake.close(),
    };
  });
  const { client } = await bench.person('writer', 'Admin');
  await bench.driver.query(`
    CREATE FUNCTION notify_each() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_notify('naive', NEW."tenantId"); RETURN NEW; END $$`);
  let next = 0;
  const write = async () => {
    next += 1;
    await client.ok(
      'mutation($key: String!) { putSecret(input: { tenantKey: "main", namespaceName: "company", key: $key, value: "v" }) { secret { id } } }',
      { key: `K${next}` },
    );
  };
  await client.ok('mutation { createNamespace(input: { tenantKey: "main", name: "company" }) { namespace { id } } }');

  const during: Record<Way, () => Promise<() => Promise<unknown>>> = {
    async off() {
      speaks = false;
      return async () => {
        speaks = true;
      };
    },
    wake: async () => async () => undefined,
    async streams() {
      const query = 'subscription { auditEvents(tenantKey: "main") { cursor event { seq at resourceKey } } }';
      const readers = await startReaders(`${bench.url}/graphql`, client.headers, query, followers);
      return () => readers.stop();
    },
    async naive() {
      speaks = false;
      await bench.driver.query(
        'CREATE TRIGGER notify_each AFTER INSERT ON "AuditEvent" FOR EACH ROW EXECUTE FUNCTION notify_each()',
      );
      return async () => {
        speaks = true;
        await bench.driver.query('DROP TRIGGER notify_each ON "AuditEvent"');
      };
    },
  };
  const rate = async (way: Way): Promise<number> => {
    const end = await during[way]();
    let count = 0;
    const began = performance.now();
    await Promise.all(
      Array.from({ length: clients }, async () => {
        while (performance.now() - began < milliseconds) {
          await write();
          count += 1;
        }
      }),
    );
    const seconds = (performance.now() - began) / 1_000;
    await end();
    return count / seconds;
  };

  const rates = await interleaved(Object.keys(ways) as Way[], rounds, rate);
  await bench.close();
  return rates;
}

/** The bare database: 32 connections that each append to their own chain, like the last statement of a mutation. */
async function measureDatabase(milliseconds: number, rounds: number): Promise<Map<Way, number[]>> {
  const bench = await openBench();
  const { connection } = bench.app.database;
  const wake = createPostgresWake(connection, createLog('error'));
  const open = async () => {
    const client = new pg.Client(connection);
    await client.connect();
    return client;
  };
  const writers = await Promise.all(Array.from({ length: clients }, open));
  const listeners = await Promise.all([open(), open(), open()]);
  for (const listener of listeners) await listener.query('LISTEN gatehouse; LISTEN naive');
  const doer = { kind: 'SYSTEM', id: 'bench', name: 'bench', requestId: 'bench' } as const;
  const rate = async (way: Way): Promise<number> => {
    let count = 0;
    const began = performance.now();
    await Promise.all(
      writers.map(async (client, i) => {
        const tenantId = `chain-${i}`;
        while (performance.now() - began < milliseconds) {
          const draft: AuditDraft = {
            ...envelope(doer),
            tenantId,
            tenantKey: tenantId,
            type: 'UPDATE',
            action: 'group.update',
            outcome: 'SUCCESS',
            resource: 'GROUP',
            resourceId: 'group',
            resourceKey: 'group',
            namespace: '',
            patchText: '',
          };
          const events = JSON.stringify([{ ...draft, digest: digestOf(contentOf(draft)) }]);
          await client.query('BEGIN');
          await client.query('SELECT audit_append($1, $2::jsonb)', [tenantId, events]);
          if (way === 'naive') await client.query("SELECT pg_notify('naive', $1)", [tenantId]);
          await client.query('COMMIT');
          if (way === 'wake') wake.send(`audit:${tenantId}`);
          count += 1;
        }
      }),
    );
    return count / ((performance.now() - began) / 1_000);
  };
  const rates = await interleaved(['off', 'wake', 'naive'], rounds, rate);
  for (const client of [...writers, ...listeners]) await client.end();
  await wake.close();
  await bench.close();
  return rates;
}

/** Measures each method, alternating forwards and backwards, after one round of warm-up. */
async function interleaved(
  order: readonly Way[],
  rounds: number,
  rate: (way: Way) => Promise<number>,
): Promise<Map<Way, number[]>> {
  const rates = new Map<Way, number[]>();
  for (const way of order) await rate(way);
  for (let round = 0; round < rounds; round += 1)
    for (const way of round % 2 === 0 ? order : [...order].reverse())
      rates.set(way, [...(rates.get(way) ?? []), await rate(way)]);
  return rates;
}

function print(title: string, rates: Map<Way, number[]>): void {
  const base = rates.get('off')!;
  console.log(
    `${title}, ${clients} clients (medians of ${values.rounds} rounds; the ratio to "off" of the same round)\n`,
  );
  for (const [way, found] of rates) {
    const ratio = median(found.map((one, i) => one / base[i]!));
    const goal = way === 'wake' || way === 'streams' ? 'at least 0.9' : way === 'naive' ? 'a control' : 'the base';
    row(`${title}: ${ways[way]}`, `${ratio.toFixed(2)} (${median(found).toFixed(0)}/s)`, goal);
  }
  console.log();
}

const [milliseconds, rounds] = [Number(values.seconds) * 1_000, Number(values.rounds)];
print('transactions of the database with an audit event', await measureDatabase(milliseconds, rounds));
print('mutations through one gateway', await measure(milliseconds, rounds));
