import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePosition, type Position } from '../../src/audit/cursor.ts';
import { AuditFeed } from '../../src/audit/feed.ts';
import { append, envelope } from '../../src/audit/record.ts';
import { FollowError, follow } from '../../src/client/follow.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { Socket } from '../server/raw-socket.ts';
import { until } from '../server/tools.ts';
import type { Client } from '../support/client.ts';
import { followFeed } from '../support/follow-feed.ts';
import { World } from '../support/world.ts';

const query =
  'subscription($t: String, $after: String, $w: AuditEventWhere) { auditEvents(tenantKey: $t, after: $after, where: $w) { cursor event { seq cursor resourceKey } } }';
const create = 'mutation($name: String!) { createGroup(input: { tenantKey: "a", name: $name }) { group { id } } }';

describe('resuming the audit feed', () => {
  let world: World;
  let a: Tenant;
  let reader: User;
  let client: Client;
  let root: Client;
  beforeAll(async () => {
    world = await World.create({ gateways: 2, limits: { bookmarkMs: 300 } });
    a = await world.tenant('a');
    reader = await world.user('reader', [a]);
    await world.grant(a, reader, ['AUDITLOG:READ']);
    client = await world.as(reader);
    root = world.root();
    world.hasForgedEvents = true;
    for (let i = 0; i < 10; i += 1) await root.ok(create, { name: `early ${i}` });
  });
  afterAll(() => world.close());

  const sign = (position: Position, key = world.app.services.keys.cursor) => encodePosition(key, position);
  const at = (seq: bigint) => sign({ feed: 'tenant', tenantId: a.id, seq });
  /** Returns the error that a subscription starts with, or undefined if it starts with an item. */
  const refusal = async (after: string, over: 'SSE' | 'WebSocket', tenant: string | null = 'a', who = client) => {
    if (over === 'SSE') {
      const end = new AbortController();
      const { value } = await who.sse<any>(query, { t: tenant, after }, end.signal).next();
      end.abort();
      return value?.errors?.[0]?.extensions;
    }
    const on = await new Socket(world.urls[1]!).init({ authorization: who.headers['authorization'] });
    on.subscribe('1', query, { variables: { t: tenant, after } });
    await until('an answer', () => on.of('1').length > 0);
    on.end();
    const { type, payload } = on.of('1')[0]!;
    return type === 'error' ? payload[0].extensions : undefined;
  };

  describe.each(['SSE', 'WebSocket'] as const)('over %s', (over) => {
    it('refuses a string that is not a cursor of this feed, with its path', async () => {
      const tenantId = a.id;
      const raw = (text: string) => Buffer.from(text).toString('base64url');
      const bad = [
        '',
        'nonsense',
        '\u0000',
        raw(`t.${tenantId}.1`),
        raw(`t.${tenantId}.1.${'0'.repeat(24)}`),
        at(1n).slice(0, -6),
        'A'.repeat(60_000),
        sign({ feed: 'tenant', tenantId: 'another', seq: 1n }),
        sign({ feed: 'all', transaction: 1n, ordinal: 1n }),
        sign({ feed: 'tenant', tenantId, seq: 1n }, Buffer.alloc(32)),
        sign({ feed: 'tenant', tenantId, seq: 'notanumber' as never }),
        sign({ feed: 'tenant', tenantId, seq: -1n }),
        sign({ feed: 'tenant', tenantId, seq: 10n ** 30n }),
      ];
      for (const after of bad) {
        const error = await refusal(after, over);
        expect([after.slice(0, 40), error?.code]).toEqual([after.slice(0, 40), 'BAD_INPUT']);
        if (after.length < 1_000 && after !== '\u0000') expect(error?.issues[0].path).toEqual(['after']);
      }
      expect(await refusal(at(1n), over, null, root)).toMatchObject({ code: 'BAD_INPUT' });
    });

    it('refuses a cursor that is ahead of all events, without waiting for them', async () => {
      const head = (await world.db.auditHead.findUniqueOrThrow({ where: { tenantId: a.id } })).seq;
      expect(await refusal(at(head), over)).toBeUndefined();
      const error = await refusal(at(head + 1_000n), over);
      expect(error).toMatchObject({ code: 'CURSOR_EXPIRED', ahead: true });
      expect(await refusal(error.oldestCursor, over)).toBeUndefined();
      const across = sign({ feed: 'all', transaction: 10n ** 15n, ordinal: 0n });
      expect(await refusal(across, over, null, root)).toMatchObject({ code: 'CURSOR_EXPIRED', ahead: true });
    });
  });

  it('sends bookmarks while nothing happens, over both transports', async () => {
    await world.tenant('quiet');
    const end = new AbortController();
    const items: any[] = [];
    for await (const { data } of root.sse<any>(query, { t: 'quiet' }, end.signal)) {
      items.push(data.auditEvents);
      if (items.length === 3) end.abort();
    }
    expect(items.map(({ event }) => event)).toEqual([null, null, null]);
    const on = await new Socket(world.urls[0]!).init({ authorization: root.headers['authorization'] });
    on.subscribe('1', query, { variables: { t: 'quiet' } });
    await until('three bookmarks', () => on.of('1').length === 3);
    on.end();
  });

  it('misses and repeats nothing from a list to a subscription, while others write', async () => {
    let isOver = false;
    let written = 0;
    const writers = Array.from({ length: 4 }, async (_, w) => {
      for (let i = 0; !isOver; i += 1) {
        await root.ok(create, { name: `w${w} ${i}` });
        written += 1;
      }
    });
    for (let round = 0; round < 6; round += 1) {
      const end = new AbortController();
      const seqs: number[] = [];
      let target: number | undefined;
      const items = follow<{ seq: string; cursor: string }>({
        signal: end.signal,
        subscribe: (after, signal) => client.sse(query, { t: 'a', after }, signal),
        async list() {
          const page = (
            await client.ok<any>(
              '{ tenant(key: "a") { auditEvents(first: 20) { streamCursor nodes { seq cursor } } } }',
            )
          ).tenant.auditEvents;
          const nodes = page.nodes.toReversed() as { seq: string; cursor: string }[];
          return { items: nodes.map((event) => ({ cursor: event.cursor, event })), streamCursor: page.streamCursor };
        },
      });
      for await (const { event } of items) {
        if (!event) continue;
        seqs.push(Number(event.seq));
        target ??= Number(event.seq) + 30;
        if (Number(event.seq) >= target) end.abort();
      }
      // All of them, except the event of its own opening.
      const all = await world.db.auditEvent.findMany({
        where: { tenantId: a.id, seq: { gte: seqs[0]!, lte: seqs.at(-1)! } },
        orderBy: { seq: 'asc' },
      });
      const missed = all.filter(({ seq }) => !seqs.includes(Number(seq)));
      expect(missed.map(({ action }) => action)).toEqual(missed.length === 0 ? [] : ['auditlog.read']);
      expect(seqs).toEqual(all.filter((event) => !missed.includes(event)).map(({ seq }) => Number(seq)));
      expect(seqs.length).toBeGreaterThan(25);
    }
    isOver = true;
    await Promise.all(writers);
    expect(written).toBeGreaterThan(20);
  }, 60_000);

  it('ends permanently if a retry cannot help', async () => {
    const stranger = await world.as(await world.user('stranger', [a]));
    const codeOf = (who: Client, after: string | null = null) =>
      follow({
        subscribe: (_after, signal) => who.sse(query, { t: 'a', after }, signal),
        onRetry: () => expect.fail('it tries again'),
      })
        .next()
        .then(
          () => 'none',
          (error: FollowError) => [error instanceof FollowError, error.code],
        );
    expect(await codeOf(stranger)).toEqual([true, 'FORBIDDEN']);
    expect(await codeOf(world.anonymous())).toEqual([true, 'UNAUTHENTICATED']);
    expect(await codeOf(client, 'nonsense')).toEqual([true, 'BAD_INPUT']);
    const socket = world.bearer(`gth_${'0'.repeat(36)}`).socket();
    const over = follow({ subscribe: (after) => socket.iterate({ query, variables: { t: 'a', after } }) });
    await expect(over.next()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  /** Deletes as the retention does: events are immutable for every other role. */
  const prune = (last: bigint) =>
    world.db.$transaction([
      world.db.$executeRaw`SET LOCAL session_replication_role = replica`,
      world.db.$executeRaw`DELETE FROM "AuditEvent" WHERE "tenantId" = ${a.id} AND seq <= ${last}`,
    ]);

  // The last test, because it removes the beginning of the chain.
  it('refuses a cursor whose events are pruned, with the oldest valid one, also for a stream that falls behind', async () => {
    await prune(8n);
    for (const over of ['SSE', 'WebSocket'] as const) {
      const error = await refusal(at(3n), over);
      expect(error).toEqual({ code: 'CURSOR_EXPIRED', oldestCursor: at(8n) });
      expect(await refusal(error.oldestCursor, over)).toBeUndefined();
      expect(await refusal(at(7n), over)).toMatchObject({ code: 'CURSOR_EXPIRED' });
    }
    const across = await refusal(sign({ feed: 'all', transaction: 1n, ordinal: 1n }), 'SSE', null, root);
    expect(across.code).toBe('CURSOR_EXPIRED');
    expect(await refusal(across.oldestCursor, 'WebSocket', null, root)).toBeUndefined();
    // A follower of the client gets the error, and continues from the cursor in it.
    const gaps: unknown[] = [];
    const end = new AbortController();
    for await (const { event } of follow<{ seq: string }>({
      after: at(2n),
      signal: end.signal,
      subscribe: (after, signal) => client.sse(query, { t: 'a', after }, signal),
      onGap: (gap) => {
        gaps.push(gap);
        return gap.oldestCursor;
      },
    })) {
      if (!event) continue;
      expect(event.seq).toBe('9');
      break;
    }
    expect(gaps).toEqual([{ oldestCursor: at(8n), ahead: false }]);
    // A paused reader falls behind: it reads nothing until its next events are pruned.
    await world.write(async (tx) => {
      for (let i = 0; i < 420; i += 1)
        append(tx, {
          ...envelope({ kind: 'SYSTEM', id: '', name: 'test', requestId: 'test' }),
          tenantId: a.id,
          tenantKey: a.key,
          type: 'UPDATE',
          action: 'flow.update',
          outcome: 'SUCCESS',
          resource: 'FLOW',
          resourceId: '',
          resourceKey: '',
          namespace: '',
          patchText: '',
        });
    });
    const { store, services } = world.app;
    const feed = new AuditFeed(store, services.keys.cursor, async () => undefined);
    const stream = followFeed(feed, { feed: 'tenant', tenantId: a.id, seq: 8n }, new AbortController().signal);
    expect((await stream.next()).value).toHaveLength(200);
    const head = (await world.db.auditHead.findUniqueOrThrow({ where: { tenantId: a.id } })).seq;
    await prune(head - 1n);
    const read = async () => {
      for await (const events of stream) if (events.some(({ seq }) => seq === head)) return 'skipped in silence';
      return 'ended';
    };
    await expect(read()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    feed.close();
  });
});
