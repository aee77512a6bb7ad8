import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordReading } from '../../src/audit/readings.ts';
import type { AuditEvent, Tenant } from '../../src/db/generated/client.ts';
import { GatehouseError } from '../../src/errors.ts';
import { asSystem } from '../../src/policy/session/system.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

describe('reading the audit log', () => {
  let world: World;
  let main: Tenant;
  let auditor: Client;
  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    await world.namespace(main, 'company.data');
    await world.namespace(main, 'company.other');
    const user = await world.user('auditor', [main]);
    await world.grant(main, user, ['AUDITLOG:READ', 'NAMESPACE:READ']);
    auditor = await world.as(user);
  });
  afterAll(() => world.close());

  /** Returns the READ events that this work records. */
  async function reads(work: () => Promise<unknown>): Promise<AuditEvent[]> {
    const last = await world.db.auditEvent.findFirst({ orderBy: { ordinal: 'desc' } });
    await work();
    return world.db.auditEvent.findMany({
      where: { ordinal: { gt: last!.ordinal }, type: 'READ' },
      orderBy: { ordinal: 'asc' },
    });
  }

  it('records one event per query, with its arguments and the decision that allowed it', async () => {
    const events = await reads(() =>
      auditor.ok(`{ tenant(key: "main") {
        a: auditEvents(first: 3) { nodes { action } }
        b: auditEvents(first: 3) { totalCount }
        c: auditEvents(first: 5, where: { action: "namespace.create", under: "company" }) { nodes { id } }
      } }`),
    );
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      tenantId: main.id,
      tenantKey: 'main',
      type: 'READ',
      action: 'auditlog.read',
      outcome: 'SUCCESS',
      actorName: 'auditor',
      namespace: '',
      details: {
        read: [
          { field: 'Tenant.auditEvents', args: { first: 3 }, times: 2 },
          { field: 'Tenant.auditEvents', args: { first: 5, where: { action: 'namespace.create', under: 'company' } } },
        ],
      },
    });
    expect(events[0]!.decisionId).toMatch(/./);
  });

  it('records the namespace of a query within one, and none for a query across several', async () => {
    const one = await reads(() =>
      auditor.ok('{ tenant(key: "main") { namespace(name: "company.data") { auditEvents { nodes { seq } } } } }'),
    );
    expect(one.map(({ namespace }) => namespace)).toEqual(['company.data']);
    const two = await reads(() =>
      auditor.ok(
        '{ tenant(key: "main") { namespaces(where: { under: "company" }) { nodes { name auditEvents { nodes { seq } } } } } }',
      ),
    );
    expect(two).toHaveLength(1);
    expect(two[0]).toMatchObject({
      namespace: '',
      details: { read: [{ field: 'Namespace.auditEvents', args: {}, times: 3 }] },
    });
  });

  it('records a long search, truncated at any character', async () => {
    for (const blanks of [0, 1]) {
      const events = await reads(() =>
        auditor.ok(
          'query ($text: String!) { tenant(key: "main") { auditEvents(where: { text: $text }) { totalCount } } }',
          { text: ' '.repeat(blanks) + '\u{1f600}'.repeat(1_500) },
        ),
      );
      expect(events).toHaveLength(1);
      expect(JSON.stringify(events[0]!.details)).toMatch(/…"/);
    }
  });

  it('records a single event read by its ID, and a query across tenants in the chain of the instance', async () => {
    const event = await world.db.auditEvent.findFirstOrThrow({ where: { tenantId: main.id } });
    const id = idOf('AuditEvent', event);
    const single = await reads(() => auditor.ok('query($id: ID!) { node(id: $id) { id } }', { id }));
    expect(single).toMatchObject([{ tenantId: main.id, details: { read: [{ field: 'Query.node', args: { id } }] } }]);
    const all = await reads(() => world.root().ok('{ auditEvents(first: 1) { nodes { id } } }'));
    expect(all).toMatchObject([{ tenantId: '', details: { read: [{ field: 'Query.auditEvents' }] } }]);
  });

  it('records nothing if nothing was read', async () => {
    const stranger = await world.as(await world.user('stranger', [main]));
    const event = await world.db.auditEvent.findFirstOrThrow({ where: { tenantId: main.id } });
    const events = await reads(async () => {
      await stranger.run('{ tenant(key: "main") { auditEvents { nodes { id } } } }');
      await stranger.ok('query($id: ID!) { node(id: $id) { id } }', { id: idOf('AuditEvent', event) });
      await auditor.ok('{ tenant(key: "main") { namespaces { nodes { name } } } }');
    });
    expect(events.filter(({ outcome }) => outcome === 'SUCCESS')).toEqual([]);
  });

  it.each(['SSE', 'WebSocket'])('records one event for a stream over %s, which does not deliver it', async (over) => {
    const query = 'subscription { auditEvents(tenantKey: "main") { event { action actorName } } }';
    const items: string[] = [];
    const stop = new AbortController();
    const take = (data: any) => {
      const { event } = data.auditEvents;
      if (event) items.push(event.action);
    };
    const events = await reads(async () => {
      const begun = Promise.withResolvers<void>();
      if (over === 'SSE')
        void (async () => {
          for await (const { data } of auditor.sse(query, {}, stop.signal)) {
            begun.resolve();
            take(data);
          }
        })();
      else {
        const socket = auditor.socket();
        stop.signal.addEventListener('abort', () => void socket.dispose());
        const next = ({ data }: any) => {
          begun.resolve();
          take(data);
        };
        socket.subscribe({ query }, { next, error: () => undefined, complete: () => undefined });
      }
      await begun.promise;
      await auditor.ok('{ tenant(key: "main") { auditEvents(first: 1) { nodes { id } } } }');
      await world.namespace(main, `of.${over.toLowerCase()}`);
      await expect.poll(() => items).toEqual(['auditlog.read', 'namespace.create']);
      stop.abort();
    });
    expect(events.map(({ details }) => (details as any).read[0].field)).toEqual([
      'Subscription.auditEvents',
      'Tenant.auditEvents',
    ]);
  });

  it('shares transactions: a thousand concurrent readers wait for a few of them', async () => {
    const before = await world.db.auditHead.findFirstOrThrow({ where: { tenantId: main.id } });
    const reading = { field: 'test', args: {} };
    const { doer } = asSystem('AUDITLOG:READ', 'test');
    const ids = await Promise.all(
      Array.from({ length: 1_000 }, () => recordReading(world.app.store, doer, main, [reading])),
    );
    const events = await world.db.auditEvent.findMany({ where: { tenantId: main.id, seq: { gt: before.seq } } });
    expect(new Set(events.map(({ id }) => id))).toEqual(new Set(ids));
    expect(new Set(events.map(({ transaction }) => transaction)).size).toBeLessThan(20);
    // A reading that cannot be stored does not fail the others.
    const wrong = { field: 'zero \u0000 byte', args: {} };
    const results = await Promise.allSettled(
      [reading, wrong, reading].map((one) => recordReading(world.app.store, doer, main, [one])),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('shares transactions with refusals and ended streams, and does not wait for the locked chain of another tenant', async () => {
    const before = await world.db.auditHead.findFirstOrThrow({ where: { tenantId: main.id } });
    const { refusals, endedStreams } = world.app.services;
    const { doer } = asSystem('AUDITLOG:READ', 'test');
    const error = new GatehouseError('FORBIDDEN', 'no');
    const refused = { permission: 'FLOW:READ', field: 'test', tenantId: main.id, error } as const;
    const holder = new pg.Client(world.connection);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM "AuditHead" WHERE "tenantId" = $1 FOR UPDATE', [main.id]);
    let areWritten = false;
    const written = Promise.all([
      ...Array.from({ length: 300 }, (_, i) => refusals.read({ ...refused, doer: { ...doer, id: `a${i}` } })),
      ...Array.from({ length: 300 }, () => recordReading(world.app.store, doer, main, [{ field: 'test', args: {} }])),
    ]).then(() => {
      areWritten = true;
    });
    for (let i = 0; i < 100; i += 1) endedStreams.note({ ...refused, doer: { ...doer, id: `a${i % 4}` } });
    const ended = endedStreams.flush();
    await recordReading(world.app.store, doer, null, [{ field: 'test', args: {} }]);
    expect(areWritten).toBe(false);
    await holder.query('COMMIT');
    await holder.end();
    await Promise.all([written, ended]);
    const events = await world.db.auditEvent.findMany({ where: { tenantId: main.id, seq: { gt: before.seq } } });
    expect(events).toHaveLength(604);
    expect(new Set(events.map(({ transaction }) => transaction)).size).toBeLessThan(12);
    const counts = events.filter(({ action }) => action === 'flow.stream-ended').map(({ details }) => details);
    expect(counts).toEqual(Array.from({ length: 4 }, () => expect.objectContaining({ count: 25 })));
  });

  it('is refused within the items of a subscription', async () => {
    await world.access(main, await world.db.user.findFirstOrThrow({ where: { username: 'root' } }));
    const events = await reads(async () => {
      const stop = new AbortController();
      const items = world
        .root()
        .sse(
          'subscription { auditEvents { event { action actor { ... on User { tenants { nodes { auditEvents { totalCount } } } } } } } }',
          {},
          stop.signal,
        );
      await items.next();
      await world
        .root()
        .ok(`mutation { updateTenant(input: { id: "${idOf('Tenant', main)}", name: "Main" }) { tenant { id } } }`);
      // While a transaction of another database is open, events of the test before arrive first.
      let text: string;
      do text = JSON.stringify((await items.next()).value);
      while (!text.includes('"tenant.update"'));
      expect(text).toContain('cannot read the audit log in other fields');
      stop.abort();
    });
    expect(events.filter(({ resource }) => resource === 'AUDITLOG').length).toBeLessThanOrEqual(1);
  });

  it('is refused if it cannot be recorded', async () => {
    await world.db.$executeRawUnsafe(`
      CREATE FUNCTION no_reads() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.type = 'READ' THEN RAISE EXCEPTION 'full'; END IF; RETURN NEW; END $$`);
    await world.db.$executeRawUnsafe(
      'CREATE TRIGGER no_reads BEFORE INSERT ON "AuditEvent" FOR EACH ROW EXECUTE FUNCTION no_reads()',
    );
    try {
      const { data, errors } = await auditor.run('{ tenant(key: "main") { auditEvents { nodes { action } } } }');
      expect(data ?? null).toBeNull();
      expect(errors).toHaveLength(1);
      expect(JSON.stringify(errors)).not.toContain('full');
    } finally {
      await world.db.$executeRawUnsafe('DROP TRIGGER no_reads ON "AuditEvent"');
    }
    await auditor.ok('{ tenant(key: "main") { auditEvents { nodes { action } } } }');
  });
});
