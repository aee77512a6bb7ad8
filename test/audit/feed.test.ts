import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResourceName } from '../../src/access/catalog.ts';
import { appendTogether } from '../../src/audit/append-together.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

const follow =
  'subscription($after: String, $where: AuditEventWhere) { auditEvents(tenantKey: "a", after: $after, where: $where) { cursor event { seq resourceKey } } }';
const create = 'mutation($name: String!) { createGroup(input: { tenantKey: "a", name: $name }) { group { id } } }';

type Item = { cursor: string; event: { seq: string; resourceKey: string } | null };

describe('the live audit feed', () => {
  let world: World;
  let a: Tenant;
  let reader: User;
  let token: string;
  let root: Client;

  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    a = await world.tenant('a');
    reader = await world.user('reader', [a]);
    await world.grant(a, reader, ['AUDITLOG:READ', 'GROUP:READ']);
    token = await world.token(reader);
    root = world.root();
  });
  afterAll(() => world.close());

  /** Reads items until `enough` returns true, then drops the connection. */
  async function read(
    client: Client,
    variables: Record<string, unknown>,
    enough: (items: Item[]) => boolean,
    transport: 'sse' | 'ws' = 'sse',
  ): Promise<Item[]> {
    const items: Item[] = [];
    const end = new AbortController();
    const timer = setTimeout(() => end.abort(), 10_000);
    try {
      if (transport === 'sse') {
        for await (const { data, errors } of client.sse<any>(follow, variables, end.signal)) {
          if (errors) throw new Error(JSON.stringify(errors));
          items.push(data.auditEvents);
          if (enough(items)) break;
        }
      } else {
        const socket = client.socket();
        for await (const { data } of socket.iterate<any>({ query: follow, variables })) {
          items.push(data.auditEvents);
          if (enough(items)) break;
        }
        await socket.dispose();
      }
    } finally {
      clearTimeout(timer);
      end.abort();
    }
    return items;
  }
  const keys = (items: Item[]) => items.flatMap(({ event }) => event?.resourceKey ?? []);

  it.each(['sse', 'ws'] as const)(
    'resumes over %s on another gateway without gaps or duplicates, wherever it was dropped',
    async (transport) => {
      const names = Array.from({ length: 12 }, (_, i) => `${transport} ${i}`);
      const first = read(world.bearer(token, 0), {}, (items) => keys(items).length >= 5, transport);
      await new Promise((resolve) => setTimeout(resolve, 400));
      for (const name of names.slice(0, 8)) await root.ok(create, { name });
      const seen = await first;
      for (const name of names.slice(8)) await root.ok(create, { name });
      const rest = await read(
        world.bearer(token, 1),
        { after: seen.at(-1)!.cursor },
        (items) => keys(items).length >= 7,
        transport,
      );
      expect([...keys(seen), ...keys(rest)]).toEqual(names);
    },
  );

  it('starts with a bookmark, after which nothing is missed', async () => {
    const [bookmark] = await read(world.bearer(token), {}, (items) => items.length === 1);
    expect(bookmark?.event).toBeNull();
    await root.ok(create, { name: 'after the bookmark' });
    expect(
      keys(await read(world.bearer(token), { after: bookmark!.cursor }, (items) => keys(items).length === 2)),
      // The first is the event of the previous stream.
    ).toEqual(['a', 'after the bookmark']);
  });

  it('delivers an event of a resource that only a later version knows, without its changes', async () => {
    const viewer = world.bearer(token);
    const fields = 'action resource resourceKey patch revertPatch';
    const list = `{ tenant(key: "a") { auditEvents(last: 1, where: { action: "robot.create" }) { streamCursor nodes { ${fields} } } } }`;
    const before = await viewer.ok<any>(list);
    const patch = [{ op: 'add', path: '', value: { key: 'hidden' } }];
    await appendTogether(world.app.store, {
      id: newId(),
      tenantId: a.id,
      tenantKey: 'a',
      at: new Date().toISOString(),
      type: 'CREATE',
      action: 'robot.create',
      outcome: 'SUCCESS',
      actorKind: 'SYSTEM',
      actorId: '',
      actorName: 'system',
      impersonatorId: '',
      impersonatorName: '',
      resource: 'ROBOT' as ResourceName,
      resourceId: 'one',
      resourceKey: 'of tomorrow',
      namespace: '',
      requestId: 'r',
      patch,
      revertPatch: [],
      patchText: JSON.stringify(patch),
    });
    const shown = {
      action: 'robot.create',
      resource: null,
      resourceKey: 'of tomorrow',
      patch: null,
      revertPatch: null,
    };
    const followed = `subscription($after: String) { auditEvents(tenantKey: "a", after: $after) { event { ${fields} } } }`;
    const end = new AbortController();
    for await (const result of viewer.sse<any>(
      followed,
      { after: before.tenant.auditEvents.streamCursor },
      end.signal,
    )) {
      // The reading of the list above has an event, too.
      if (result.data && result.data.auditEvents.event?.action !== 'robot.create') continue;
      expect(result).toEqual({ data: { auditEvents: { event: shown } } });
      break;
    }
    end.abort();
    expect((await viewer.ok<any>(list)).tenant.auditEvents.nodes).toEqual([shown]);
  });

  it('leaves no gap between a list and a subscription from its streamCursor', async () => {
    const client = world.bearer(token);
    const listing = client.ok<any>('{ tenant(key: "a") { auditEvents(first: 100) { streamCursor nodes { seq } } } }');
    const writing = Promise.all(Array.from({ length: 10 }, (_, i) => root.ok(create, { name: `gapless ${i}` })));
    const page = (await listing).tenant.auditEvents;
    await writing;
    const newest = Math.max(...page.nodes.map(({ seq }: { seq: string }) => Number(seq)));
    const head = Number((await world.db.auditHead.findUniqueOrThrow({ where: { tenantId: a.id } })).seq);
    const items = await read(
      client,
      { after: page.streamCursor },
      (all) => Number(all.at(-1)?.event?.seq ?? 0) === head,
    );
    const followed = items.flatMap(({ event }) => (event ? [Number(event.seq)] : []));
    // The stream has everything newer than the page. The cursor was read before the page, so an overlap is possible.
    expect(followed.filter((seq) => seq > newest)).toEqual(
      Array.from({ length: head - newest }, (_, i) => newest + 1 + i),
    );
  });

  it('reports an invalid filter immediately', async () => {
    const end = new AbortController();
    const { value } = await world
      .bearer(token)
      .sse<any>(follow, { where: { object: 'nonsense' } }, end.signal)
      .next();
    end.abort();
    expect(value?.errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_INPUT',
      issues: [{ path: ['where', 'object'] }],
    });
  });

  it('advances the cursor with bookmarks while a filter matches nothing', async () => {
    const reading = read(world.bearer(token), { where: { resource: ['ROLE'] } }, (items) => items.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let i = 0; i < 3; i += 1) {
      await root.ok(create, { name: `filtered ${i}` });
      await new Promise((resolve) => setTimeout(resolve, 600));
    }
    const [first, second] = await reading;
    expect([first?.event, second?.event]).toEqual([null, null]);
    expect(second?.cursor).not.toBe(first?.cursor);
  });

  it('refuses cursors that it did not sign, or signed for another tenant or with an earlier key', async () => {
    const b = await world.tenant('b');
    await world.group(b, 'secret plan');
    const other = (await root.ok<any>('{ tenant(key: "b") { auditEvents { streamCursor nodes { cursor } } } }')).tenant
      .auditEvents;
    const codes = async (tenant: string, after: string) => {
      const end = new AbortController();
      for await (const { errors } of root.sse<any>(
        'subscription($t: String, $after: String) { auditEvents(tenantKey: $t, after: $after) { cursor } }',
        { t: tenant, after },
        end.signal,
      )) {
        end.abort();
        return errors?.map(({ extensions }) => extensions.code);
      }
      return [];
    };
    expect(await codes('a', other.streamCursor)).toEqual(['BAD_INPUT']);
    expect(await codes('b', `${other.streamCursor.slice(0, -4)}AAAA`)).toEqual(['BAD_INPUT']);
    expect(await codes('b', 'nonsense')).toEqual(['BAD_INPUT']);
    await root.ok('mutation($id: ID!) { deleteTenant(input: { id: $id }) { key } }', { id: idOf('Tenant', b) });
    await world.tenant('b');
    expect(await codes('b', other.streamCursor)).toEqual(['BAD_INPUT']);
    const again = (
      await root.ok<any>(
        '{ tenant(key: "b") { groups { totalCount } auditEvents(first: 100) { nodes { seq resourceKey } } } }',
      )
    ).tenant;
    expect(again.groups.totalCount).toBe(0);
    expect(
      again.auditEvents.nodes.some(({ resourceKey }: { resourceKey: string }) => resourceKey === 'secret plan'),
    ).toBe(false);
    expect(Math.min(...again.auditEvents.nodes.map(({ seq }: { seq: string }) => Number(seq)))).toBe(1);
  });

  it('resumes across tenants, for super admins', async () => {
    const across =
      'subscription($after: String) { auditEvents(after: $after) { cursor event { tenantKey resourceKey } } }';
    const end = new AbortController();
    for await (const { errors } of world.bearer(token).sse<any>(across, {}, end.signal)) {
      expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
      end.abort();
    }
    const stop = new AbortController();
    let cursor: string | undefined;
    for await (const { data } of root.sse<any>(across, {}, stop.signal)) {
      cursor = data.auditEvents.cursor;
      break;
    }
    stop.abort();
    await root.ok(create, { name: 'across' });
    await world.user('somebody-new');
    const got: string[] = [];
    const again = new AbortController();
    for await (const { data } of root.sse<any>(across, { after: cursor }, again.signal)) {
      const { event } = data.auditEvents;
      if (event) got.push(`${event.tenantKey}/${event.resourceKey}`);
      if (event?.resourceKey === 'somebody-new') break;
    }
    again.abort();
    // It starts at the horizon of all transactions of the server, which a writer of another database can hold back.
    // Events that were committed just before can therefore arrive first. None arrives twice.
    expect(got.slice(-2)).toEqual(['a/across', 'null/somebody-new']);
    expect(got.filter((key) => key === 'a/across')).toHaveLength(1);
  });
});
