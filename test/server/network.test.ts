import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Client } from '../support/client.ts';
import { DatabaseProxy } from '../support/database-proxy.ts';
import { World } from '../support/world.ts';
import { until } from './tools.ts';

const totalMs = process.env['SOAK'] === '1' ? 300_000 : 4_000;
const requestMs = 5_000;
const createOnce =
  'mutation($name: String!) { createNamespace(input: { tenantKey: "main", name: $name, idempotencyKey: $name }) { namespace { name } } }';
const follow =
  'subscription($after: String) { auditEvents(tenantKey: "main", after: $after) { cursor event { seq action resourceKey } } }';

/** Sends a request until it succeeds; each response must arrive in time. */
async function insist(client: Client, name: string, longest: { ms: number }, odd: string[]): Promise<void> {
  for (;;) {
    const began = performance.now();
    const { errors } = await client.run(createOnce, { name });
    longest.ms = Math.max(longest.ms, performance.now() - began);
    if (errors.length === 0) return;
    // Any other error is in the log, which is checked at the end.
    for (const { extensions } of errors)
      if (!['UNAVAILABLE', 'POLICY_ERROR', 'TIMEOUT'].includes(extensions.code)) odd.push(extensions.code);
    await sleep(50 + Math.random() * 100);
  }
}

/** Follows the feed as a client that needs every event: it resumes from its cursor after every end. */
async function followAll(client: Client, seen: Map<string, string>, signal: AbortSignal): Promise<number> {
  let after: string | undefined;
  let resumed = 0;
  while (!signal.aborted) {
    const own = new AbortController();
    // A stream that is silent for too long is treated as broken.
    const stream = client.sse<any>(follow, { after }, AbortSignal.any([signal, own.signal]));
    try {
      for (;;) {
        const next = await Promise.race([stream.next(), sleep(8_000, undefined, { signal: own.signal })]);
        if (!next || next.done || !next.value.data) break;
        const { cursor, event } = next.value.data.auditEvents;
        after = cursor;
        // A stream does not deliver the event of its own opening.
        if (event?.action === 'namespace.create') {
          expect(seen.has(event.seq), `event ${event.seq} twice`).toBe(false);
          seen.set(event.seq, event.resourceKey);
        }
      }
    } catch {
      // The connection broke.
    }
    own.abort();
    resumed += 1;
    await sleep(50);
  }
  return resumed;
}

describe('a faulty network between a gateway and its database', () => {
  let world: World;
  let proxy: DatabaseProxy;
  let client: Client;
  const thrown: unknown[] = [];
  const note = (error: unknown) => void thrown.push(error);
  beforeAll(async () => {
    proxy = await DatabaseProxy.start(inject('server').host);
    // The first gateway connects directly: it sets the test up and reads the results.
    world = await World.create({
      gateways: 2,
      limits: { requestMs },
      through: (of, index) => (index === 1 ? proxy.connection(of) : undefined),
    });
    const main = await world.tenant('main');
    const user = await world.user('writer', [main]);
    await world.grant(main, user, ['NAMESPACE:CREATE', 'AUDITLOG:READ']);
    client = new Client(world.urls[1]!, (await world.as(user)).headers);
    await client.ok(createOnce, { name: 'first' });
    process.on('uncaughtException', note).on('unhandledRejection', note);
  });
  afterAll(async () => {
    process.off('uncaughtException', note).off('unhandledRejection', note);
    closing = true;
    await world.close();
    proxy.close();
  });
  let plainly = 'waits';
  let closing = false;
  const ready = async () => (await fetch(`${world.urls[1]}/readyz`)).status === 200;

  const faults: Record<string, () => Promise<void>> = {
    async late() {
      proxy.delayMs = 40;
      await sleep(800);
      proxy.delayMs = 0;
    },
    async 'reset again and again'() {
      for (let i = 0; i < 6; i += 1) {
        proxy.reset();
        await sleep(120);
      }
    },
    async swallowed() {
      const plain = new pg.Client({ ...proxy.connection(world), keepAlive: true });
      plain.on('error', () => undefined);
      await plain.connect();
      proxy.lose();
      const settle = () => {
        if (!closing) plainly = 'settled';
      };
      plain.query('SELECT 1').then(settle, settle);
      await sleep(1_500);
      proxy.find();
    },
    async refused() {
      proxy.down();
      await sleep(600);
      await proxy.up();
    },
  };

  it(
    `loses and repeats nothing through delays, resets, lost packets and refusals, for ${totalMs / 1_000} s`,
    async () => {
      const over = new AbortController();
      const acknowledged: string[] = [];
      const longest = { ms: 0 };
      const odd: string[] = [];
      let sick = 0;
      const writers = Array.from({ length: 6 }, async (_, writer) => {
        for (let i = 0; !over.signal.aborted; i += 1) {
          const name = `w${writer}.n${i}`;
          await insist(client, name, longest, odd);
          acknowledged.push(name);
        }
      });
      const stop = new AbortController();
      const followers = [new Map<string, string>(), new Map<string, string>()];
      const following = followers.map((seen) => followAll(client, seen, stop.signal));
      const alive = (async () => {
        while (!over.signal.aborted) {
          const answer = await fetch(`${world.urls[1]}/healthz`, { signal: AbortSignal.timeout(1_000) }).catch(
            () => undefined,
          );
          if (answer?.status !== 200) sick += 1;
          await sleep(100);
        }
      })();

      await sleep(300);
      const times = new Map<string, number[]>();
      const end = Date.now() + totalMs;
      while (Date.now() < end) {
        for (const [name, happen] of Object.entries(faults)) {
          await happen();
          const before = performance.now();
          const done = acknowledged.length;
          await until(`work after: ${name}`, async () => (await ready()) && acknowledged.length > done + 3, 12_000);
          times.set(name, [...(times.get(name) ?? []), Math.round(performance.now() - before)]);
        }
      }
      over.abort();
      await Promise.all(writers);
      await alive;
      // The control: a plain connection never learns that its packets were lost.
      expect(plainly).toBe('waits');
      const rows = await world.db.auditEvent.findMany({
        where: { tenantKey: 'main', action: 'namespace.create' },
        orderBy: { seq: 'asc' },
      });
      await until('all followers', () => followers.every((seen) => seen.has(String(rows.at(-1)!.seq))), 15_000);
      stop.abort();
      const resumed = await Promise.all(following);
      console.log(
        `${acknowledged.length} acknowledged; at work again after (ms): ${JSON.stringify([...times])}; longest answer ${Math.round(longest.ms)} ms; followers came back ${resumed.join(' and ')} times`,
      );

      expect(thrown).toEqual([]);
      // Each silence of the database is logged once.
      const silences = world.log.filter((line) => line.includes('the database does not answer'));
      expect(world.log.filter((line) => !silences.includes(line))).toEqual([]);
      expect(silences.length).toBeLessThanOrEqual(times.get('swallowed')!.length * Object.keys(faults).length);
      expect(odd).toEqual([]);
      expect(sick).toBe(0);
      // The deadline, and the time to answer.
      expect(longest.ms).toBeLessThan(requestMs + 2_000);
      // Each acknowledged namespace exists once, with one event; no other exists.
      const created = rows.map(({ resourceKey }) => resourceKey);
      const there = await world.db.namespace.findMany({ where: { declared: true }, select: { namespace: true } });
      expect(acknowledged.length).toBeGreaterThan(10);
      expect(acknowledged.filter((name) => !created.includes(name))).toEqual([]);
      expect(there.map(({ namespace }) => namespace).sort()).toEqual([...created].sort());
      expect(new Set(created).size).toBe(created.length);
      // Each follower received every event from its first, in order.
      for (const seen of followers) {
        const seqs = [...seen.keys()].map(BigInt);
        expect(seqs).toEqual(rows.map(({ seq }) => seq).filter((seq) => seq >= seqs[0]!));
      }
    },
    totalMs * 2 + 60_000,
  );
});
