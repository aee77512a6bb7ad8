import { execFileSync } from 'node:child_process';
import { appendFileSync, chownSync, cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { readAcross } from '../../src/audit/across.ts';
import { readConfig } from '../../src/config.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { unprivilegedAccount } from '../../src/db/postgres-account.ts';
import { createLog } from '../../src/lib/log.ts';
import type { Client } from '../support/client.ts';
import { DatabaseProxy } from '../support/database-proxy.ts';
import { temporaryFolder } from '../support/folder.ts';
import { backup, swapIn, writeBack } from '../support/restore.ts';
import { masterKey, World } from '../support/world.ts';
import { Socket } from './raw-socket.ts';
import { until } from './tools.ts';

const groups = '{ tenant(key: "main") { groups { totalCount } } }';
const createGroup =
  'mutation($name: String!) { createGroup(input: { tenantKey: "main", name: $name }) { group { id } } }';
const events = 'subscription($t: String) { auditEvents(tenantKey: $t) { cursor event { seq resourceKey } } }';
const executions = 'subscription { executions(tenantKey: "main") { kind } }';
/** The guarantee: a revoked permission is refused within two seconds. */
const soonMs = 2_000;

/** Changes access without the gateways, as often as the restored store is to be ahead. */
const raise = (connection: pg.ClientConfig, times: number) => async () => {
  const client = new pg.Client(connection);
  await client.connect();
  for (let i = 0; i < times; i += 1) await client.query('UPDATE "AccessState" SET revision = revision + 1');
  await client.end();
};

describe('a database that is restored under running gateways', () => {
  const open: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
  const create = async (options: Parameters<typeof World.create>[0] = {}) => {
    const world = await World.create(options);
    open.push(() => world.close());
    const main = await world.tenant('main');
    const alice = await world.user('alice', [main]);
    await world.grant(main, alice, ['AUDITLOG:READ', 'EXECUTION:READ']);
    return { world, main, alice, client: await world.as(alice) };
  };
  /** Follows a stream: its items, and the extensions of the error that it ended with. */
  const following = (client: Client, query: string, variables = {}) => {
    const left = new AbortController();
    open.push(() => left.abort());
    const items: any[] = [];
    const stream = { items, error: undefined as Record<string, unknown> | undefined };
    void (async () => {
      for await (const item of client.sse<any>(query, variables, left.signal)) {
        if (item.errors) stream.error = item.errors[0]?.extensions;
        else items.push(item.data);
      }
    })().catch(() => undefined);
    return stream;
  };
  const overSocket = async (world: World, client: Client, query: string, variables = {}) => {
    const on = await new Socket(world.urls[0]!).init(client.headers);
    open.push(() => on.end());
    on.subscribe('1', query, { variables });
    return { on, error: () => on.of('1').find(({ type }) => type === 'error')?.payload[0].extensions };
  };
  /** The log lines about the restore, one per gateway. */
  const reports = (world: World) => world.log.filter((line) => line.includes('restored, replaced or rolled back'));

  // Each form of a restore, with the progress of the restored store since the backup.
  const forms: [string, (world: World, copy: string) => Promise<unknown>][] = [
    ['another database behind the same name, with a smaller revision', (world, copy) => swapIn(world, copy)],
    [
      'another database behind the same name, with as many changes',
      (world, copy) => swapIn(world, copy, (connection) => raise(connection, 2)()),
    ],
    ['rows written back into the same tables', writeBack],
    [
      'another database behind the same name, grown past the old one',
      (world, copy) => swapIn(world, copy, (connection) => raise(connection, 40)()),
    ],
  ];
  it.each(process.env['SOAK'] === '1' ? forms : forms.slice(-2))(
    'revokes what the restored store does not grant: %s',
    async (_form, restore) => {
      const { world, main, alice, client } = await create({ gateways: 2 });
      expect(await client.codes(groups)).toEqual(['FORBIDDEN']);
      const copy = await backup(world);
      await expect.poll(() => client.codes(groups), { timeout: 5_000 }).toEqual(['FORBIDDEN']);
      await world.grant(main, alice, ['GROUP:READ', 'GROUP:CREATE']);
      const late = await world.as(alice);
      for (const gateway of [0, 1]) {
        const there = client.headers['authorization']!.slice(7);
        expect(await world.bearer(there, gateway).codes(groups)).toEqual([]);
      }
      expect(await late.codes(groups)).toEqual([]);
      const sockets = await Promise.all([
        overSocket(world, client, events, { t: 'main' }),
        overSocket(world, client, executions),
      ]);
      const streams = [
        following(client, events, { t: 'main' }),
        following(client, executions),
        following(world.root(), events),
      ];
      await until('the streams', () => streams[0]!.items.length > 0 && streams[2]!.items.length > 0);

      await restore(world, copy);
      for (const gateway of [0, 1]) {
        const there = world.bearer(client.headers['authorization']!.slice(7), gateway);
        await expect.poll(() => there.codes(groups), { timeout: soonMs }).toEqual(['FORBIDDEN']);
        expect(await there.codes(createGroup, { name: `by ${gateway}` })).toEqual(['FORBIDDEN']);
      }
      expect(await late.codes(groups)).toEqual(['UNAUTHENTICATED']);
      // A new grant applies immediately.
      await world.grant(main, alice, ['GROUP:READ']);
      await expect.poll(() => client.codes(groups), { timeout: soonMs }).toEqual([]);

      await until('the ends', () => streams.every(({ error }) => error), 4_000);
      for (const { error } of sockets) await until('an end', error, 4_000);
      // A broken connection can end a stream; its client then gets the error when it resumes from its cursor.
      const ends = [...streams.map(({ error }) => error), ...sockets.map(({ error }) => error())];
      for (const end of ends)
        if (restore === writeBack || end?.['code'] !== 'UNAVAILABLE')
          expect(end).toMatchObject({ code: 'CURSOR_EXPIRED', ahead: true });
      expect(reports(world)).toHaveLength(2);
      expect(reports(world)[0]).toContain('"level":"error"');
    },
  );

  it('is detected by a gateway that was disconnected until the restored store had overtaken the old one', async () => {
    const proxy = await DatabaseProxy.start(World.socket());
    open.push(() => proxy.close());
    const { world, main, alice, client } = await create({ through: (own) => proxy.connection(own) });
    const copy = await backup(world);
    await expect.poll(() => client.codes('{ viewer { name } }'), { timeout: 5_000 }).toEqual([]);
    await world.grant(main, alice, ['GROUP:READ', 'GROUP:CREATE']);
    expect(await client.codes(groups)).toEqual([]);
    proxy.down();
    await swapIn(world, copy, (connection) => raise(connection, 20)());
    await proxy.up();
    await expect.poll(() => client.codes(groups), { timeout: 5_000 }).toEqual(['FORBIDDEN']);
    expect(await client.codes(createGroup, { name: 'none' })).toEqual(['FORBIDDEN']);
    expect(await world.db.group.count({ where: { name: 'none' } })).toBe(0);
    expect(reports(world)).toHaveLength(1);
  });

  it('ends streams at the first event that differs, and refuses cursors of the former events', async () => {
    const { world, client } = await create();
    const root = world.root();
    const copy = await backup(world);
    await expect.poll(() => root.codes('{ viewer { name } }'), { timeout: 5_000 }).toEqual([]);
    const streams = [
      following(client, events, { t: 'main' }),
      following(root, events, { t: 'main' }),
      following(root, events),
    ];
    await until('the streams', () => streams.every(({ items }) => items.length > 0));
    for (let i = 0; i < 3; i += 1) await root.ok(createGroup, { name: `lost ${i}` });
    await until('the events', () => streams.every(({ items }) => JSON.stringify(items).includes('lost 2')));
    const held = (stream: (typeof streams)[0]) =>
      stream.items.findLast((item) => item.auditEvents.event?.resourceKey === 'lost 2')?.auditEvents.cursor;
    const cursors = streams.map(held);
    // Another gateway writes into the restored store first: this one finds more events than it had delivered.
    const other = await world.gatewayOn({ ...world.connection, database: copy });
    for (let i = 0; i < 7; i += 1) await other.root().ok(createGroup, { name: `new ${i}` });
    await other.close();
    await writeBack(world, copy);
    await until('the ends', () => streams.every(({ error }) => error), 4_000);
    for (const { error, items } of streams) {
      expect(error).toMatchObject({ code: 'CURSOR_EXPIRED', ahead: true });
      expect(JSON.stringify(items)).not.toContain('new');
    }
    const refusalOf = async (who: Client, t: string | null, cursor: string) => {
      const query = 'subscription($t: String, $after: String) { auditEvents(tenantKey: $t, after: $after) { cursor } }';
      const left = new AbortController();
      const { value } = await who.sse<any>(query, { t, after: cursor }, left.signal).next();
      left.abort();
      return value?.errors?.[0]?.extensions;
    };
    expect(await refusalOf(client, 'main', cursors[0]!)).toMatchObject({ code: 'CURSOR_EXPIRED', ahead: true });
    expect(await refusalOf(root, null, cursors[2]!)).toMatchObject({ code: 'CURSOR_EXPIRED', ahead: true });
    // A cursor from before the histories diverged is valid in both.
    const page = await client.ok(
      '{ tenant(key: "main") { auditEvents(first: 100) { streamCursor nodes { seq resourceKey cursor } } } }',
    );
    const common = page.tenant.auditEvents.nodes.at(-1);
    expect(await refusalOf(client, 'main', common.cursor)).toBeUndefined();
    expect(await refusalOf(client, 'main', page.tenant.auditEvents.streamCursor)).toBeUndefined();
  });

  it('can have smaller transaction numbers than its events: feeds across tenants and shipping continue', async () => {
    const { world } = await create();
    const [before] = await world.db.$queryRaw<{ n: bigint }[]>`SELECT count(*) AS n FROM "AuditEvent"`;
    await world.db.$transaction([
      world.db.$executeRaw`SET LOCAL session_replication_role = 'replica'`,
      world.db.$executeRaw`UPDATE "AuditEvent" SET transaction = transaction + 1000000000`,
      world.db.$executeRaw`UPDATE "AuditHead" SET transaction = transaction + 1000000000`,
    ]);
    // Control: a gateway that did not check writes events that the feed does not deliver.
    const root = world.root();
    await root.ok(createGroup, { name: 'undelivered' });
    expect(await readAcross(world.db, { transaction: 0n, ordinal: 0n }, 1_000)).toEqual([]);
    const other = await world.gatewayOn(world.connection);
    open.push(() => other.close());
    const across = await readAcross(world.db, { transaction: 0n, ordinal: 0n }, 1_000);
    expect(across.length).toBeGreaterThan(Number(before!.n));
    const stream = following(other.root(), events);
    await until('the stream', () => stream.items.length > 0);
    await root.ok(createGroup, { name: 'delivered' });
    await until('the event', () => JSON.stringify(stream.items).includes('"delivered"'));
    expect(stream.error).toBeUndefined();
  });

  // A server of its own takes some seconds to create.
  it.runIf(process.env['SOAK'] === '1')(
    'is distinguished from a restart: a recovery to an earlier point is another history',
    async () => {
      const folder = temporaryFolder('recovered');
      open.push(() => rmSync(folder, { recursive: true, force: true }));
      let server = await startEmbedded(folder);
      open.push(() => server.stop());
      await migrate(server.connection);
      const data = join(folder, 'postgres');
      await server.stop();
      cpSync(data, `${data}.backup`, { recursive: true, preserveTimestamps: true });
      const account = unprivilegedAccount();
      if (account) execFileSync('chown', ['-R', `${account.uid}:${account.gid}`, `${data}.backup`]);
      server = await startEmbedded(folder);
      const log: string[] = [];
      const app = await createApp(
        readConfig({ PORT: '0', GATEHOUSE_DATA_DIR: folder, GATEHOUSE_DEMO: '0', GATEHOUSE_MASTER_KEY: masterKey }),
        server.connection,
        createLog('error', (line) => void log.push(line)),
      );
      open.push(() => app.close());
      const restored = () => log.filter((line) => line.includes('restored, replaced or rolled back'));
      const place = await app.services.changes.now();

      process.kill(server.pid, 'SIGQUIT');
      await until('not ready', () => !app.freshness.isFresh);
      server = await startEmbedded(folder);
      await until('ready', () => app.freshness.isFresh);
      expect(restored()).toEqual([]);
      // Changes during the restart cannot be delivered.
      expect(place.era.aborted).toBe(true);

      await server.stop();
      await until('not ready', () => !app.freshness.isFresh);
      rmSync(data, { recursive: true });
      renameSync(`${data}.backup`, data);
      writeFileSync(join(data, 'recovery.signal'), '');
      appendFileSync(join(data, 'postgresql.auto.conf'), "restore_command = 'false'\n");
      if (account) chownSync(join(data, 'recovery.signal'), account.uid, account.gid);
      server = await startEmbedded(folder);
      await until('ready', () => app.freshness.isFresh);
      expect(restored()).toHaveLength(1);
    },
  );
});
