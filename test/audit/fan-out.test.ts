import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type FieldNode, type OperationDefinitionNode, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { append, envelope } from '../../src/audit/record.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { fanOutOf } from '../../src/resources/governance/audit-log/fan-out.ts';
import { selectionKey } from '../../src/resources/governance/audit-log/shared-answers.ts';
import { schema } from '../../src/schema.ts';
import { Socket } from '../server/raw-socket.ts';
import { until } from '../server/tools.ts';
import { idOf, World } from '../support/world.ts';

const soak = process.env['SOAK'] === '1';
const query = (fields: string) =>
  `subscription($where: AuditEventWhere, $after: String) { auditEvents(tenantKey: "main", where: $where, after: $after) { cursor event { ${fields} } } }`;
const short = query('seq resourceKey');
const everything = query(
  'id cursor seq prevHash hash tenantKey at kind action outcome actor { __typename } actorName impersonatedByName resource resourceKey namespaceName ip requestId decisionId policy reason details patch revertPatch',
);

describe('the fan-out of audit events', () => {
  let world: World;
  let main: Tenant;
  beforeAll(async () => {
    world = await World.create({
      config: { policies: { 'mask-personal-data': { enabled: true, shadow: false, fields: ['email', 'username'] } } },
      limits: { bookmarkMs: 600_000 },
    });
    main = await world.tenant('main');
  });
  afterAll(() => world.close());

  let count = 0;
  /** Records events of namespaces in one transaction. */
  const happen = (namespaces: readonly string[], reason = '') =>
    world.write(async (tx) => {
      for (const namespace of namespaces)
        append(tx, {
          ...envelope({ kind: 'SYSTEM', id: '', name: 'test', requestId: 'test', reason }),
          tenantId: main.id,
          tenantKey: main.key,
          type: 'UPDATE',
          action: 'flow.update',
          outcome: 'SUCCESS',
          resource: 'FLOW',
          resourceId: `f${count}`,
          resourceKey: `${namespace}/f${count++}`,
          namespace,
          patchText: '',
        });
    });
  const follow = async (user: User, document = short, variables: object = {}) => {
    const on = await new Socket(world.urls[0]!).init({ authorization: `Bearer ${await world.token(user)}` });
    on.subscribe('1', document, { variables });
    await until('the bookmark', () => on.of('1').length > 0);
    return on;
  };
  /** Opening a stream records an event, which other streams deliver. */
  const isRead = ({ kind, action, resourceKey, namespaceName }: Record<string, unknown>): boolean =>
    kind === 'READ' ||
    action === 'auditlog.read' ||
    (kind === undefined && (resourceKey === 'main' || namespaceName === null));
  const events = (on: Socket) =>
    on
      .of('1')
      .flatMap(({ payload }) => payload?.data?.auditEvents.event ?? [])
      .filter((event) => !isRead(event));

  it('judges each event once per distinct permission, and renders it once per distinct selection', async () => {
    const role = await world.role(main, 'Reader', ['AUDITLOG:READ']);
    const users: User[] = [];
    for (let i = 0; i < 12; i += 1) {
      const user = await world.user(`counted${i}`, [main]);
      await world.bind(main, { principal: user }, role, 'company');
      await world.bind(main, { principal: user }, role, `team${i % 3}`);
      users.push(user);
    }
    const sockets = await Promise.all(
      users.map((user, i) =>
        follow(user, i % 2 === 0 ? short : query('seq action'), i % 4 === 0 ? { where: null } : {}),
      ),
    );
    const { figures } = fanOutOf(world.app.services.feed);
    // The work that the openings caused is done.
    for (let judged = -1; judged !== figures.judged; ) {
      judged = figures.judged;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const before = { ...figures };
    // All subscribers can read 10 of the events, a third each one of the others, and none the last one.
    await happen([...Array.from({ length: 10 }, () => 'company.x'), 'team0', 'team1', 'team2', 'foreign']);
    await until('all events', () => sockets.every((on) => events(on).length === 11));
    expect(figures.judged - before.judged).toBe(14 * 3);
    expect(figures.made - before.made).toBe(13 * 2);
    for (const [i, on] of sockets.entries())
      expect(new Set(events(on).map(({ resourceKey, action }) => resourceKey?.split('/')[0] ?? action))).toEqual(
        new Set(i % 2 === 0 ? ['company.x', `team${i % 3}`] : ['flow.update']),
      );
    // A change of access verifies all of them again: together, not one by one.
    const statements = await world.statements(async () => {
      await world.user('newcomer-else');
      await happen(['company.z']);
      await until('one more for all', () => sockets.every((on) => events(on).length === 12));
    });
    expect(statements).toBeLessThan(12);
    for (const on of sockets) on.end();
  });

  it('shares a selection among those whose variables below the root field are the same, omitted or not', () => {
    const document = parse(
      'subscription($where: AuditEventWhere, $shown: Boolean = true) { auditEvents(where: $where) { event { seq @include(if: $shown) } } }',
    );
    const roots = (document.definitions[0] as OperationDefinitionNode).selectionSet.selections as readonly FieldNode[];
    const key = (variableValues: Record<string, unknown>) => selectionKey({ schema, document, variableValues }, roots);
    expect(key({ where: { action: 'x' }, shown: true })).toBe(key({ shown: true }));
    expect(key({ where: null })).toBe(key({}));
    expect(new Set([key({}), key({ shown: null }), key({ shown: true }), key({ shown: false })]).size).toBe(4);
  });

  /** The items of a stream over HTTP, as they were sent. */
  const overHttp = async (user: User, document: string, accept: string) => {
    const sent = request(`${world.urls[0]}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${await world.token(user)}` },
      agent: false,
    });
    sent.on('error', () => undefined);
    sent.end(JSON.stringify({ query: document }));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.on('error', () => undefined).setEncoding('utf8');
    const own = { text: '', texts: () => [] as string[], end: () => sent.destroy() };
    response.on('data', (chunk: string) => {
      own.text += chunk;
    });
    own.texts = accept.startsWith('multipart')
      ? () => [...own.text.matchAll(/^\{"payload":(\{"data".*\})\}\r$/gm)].map(([, text]) => text!)
      : () => [...own.text.matchAll(/^event: next\ndata: (.*)\n\n/gm)].map(([, text]) => text!);
    await until('the bookmark', () => own.texts().length > 0);
    return own;
  };
  const overSocket = async (user: User, document: string) => {
    const on = await new Socket(world.urls[0]!).init({ authorization: `Bearer ${await world.token(user)}` });
    const raw: string[] = [];
    on.ws.on('message', (data) => raw.push(String(data)));
    on.subscribe('1', document);
    await until('the bookmark', () => raw.length > 0);
    return {
      texts: () => raw.map((text) => text.slice(text.indexOf('"payload":') + '"payload":'.length, -1)),
      end: () => on.end(),
    };
  };
  const multipart = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0';

  it.each([
    ['a tenant', 'auditEvents(tenantKey: "main")'],
    ['all tenants', 'auditEvents'],
  ])('sends the same text over every transport, judged and rendered once: the feed of %s', async (_what, field) => {
    const document = `subscription { ${field} { cursor event { id seq tenantKey action actorName resourceKey hash } } }`;
    const users = await Promise.all(
      Array.from({ length: 5 }, (_, i) => world.user(`over ${field.length} ${i}`, [main], { superAdmin: true })),
    );
    const open: { texts(): string[]; end(): void }[] = [];
    for (let i = 0; i < 50; i += 1) open.push(await overHttp(users[i % 5]!, document, 'text/event-stream'));
    open.push(await overHttp(users[0]!, document, multipart), await overSocket(users[1]!, document));
    const { figures } = fanOutOf(world.app.services.feed);
    // The openings are events, which earlier streams deliver.
    const sent = () => open.reduce((total, { texts }) => total + texts().length, 0);
    await until('all openings', () => open[0]!.texts().length >= 52);
    for (let before = -1; before !== sent(); ) {
      before = sent();
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const before = { ...figures };
    const seen = open.map(({ texts }) => texts().length);
    const later = () => open.map(({ texts }, i) => texts().slice(seen[i]));
    const statements = await world.statements(async () => {
      await happen(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'company' : 'other')));
      await until('all events', () =>
        later().every((texts) => texts.filter((text) => text.includes('flow.update')).length === 20),
      );
    });
    const [first, ...others] = later();
    expect(first!.every((text) => text.startsWith(`{"data":{"auditEvents":{"cursor":"`))).toBe(true);
    for (const texts of others) expect(texts).toEqual(first);
    // Some of the openings can arrive late, after the transactions of others.
    expect([figures.judged - before.judged, figures.made - before.made]).toEqual([first!.length, first!.length]);
    // Reads of the feed are shared as well: their number does not grow with the subscribers.
    expect(statements).toBeLessThan(25);
    const cursors = first!.map((text) => JSON.parse(text).data.auditEvents.cursor as string);
    expect(new Set(cursors).size).toBe(first!.length);
    // A cursor of one transport continues on any other.
    const rest = await overSocket(
      users[2]!,
      document.replace(
        field,
        field.includes('(')
          ? `auditEvents(tenantKey: "main", after: "${cursors[9]}")`
          : `auditEvents(after: "${cursors[9]}")`,
      ),
    );
    await until('the rest', () => rest.texts().length > 10);
    expect(rest.texts().slice(1, 11)).toEqual(first!.slice(10));
    rest.end();
    for (const { end } of open) end();
    await until('the end', () => fanOutOf(world.app.services.feed).size === 0);
  });

  it('sends each viewer what a stream of their own would send, whatever they can see of an event', async () => {
    const viewers: User[] = [];
    const viewer = async (name: string, ...given: Parameters<World['grant']>[2][]) => {
      const user = await world.user(name, [main]);
      for (const permissions of given) await world.grant(main, user, permissions);
      viewers.push(user);
      return user;
    };
    await viewer('plain', ['AUDITLOG:READ']);
    await viewer('plain.too@people.example', ['AUDITLOG:READ']);
    await viewer('sees-groups', ['AUDITLOG:READ', 'GROUP:READ', 'TENANT_ACCESS:READ']);
    const narrow = await viewer('narrow');
    await world.grant(main, narrow, ['AUDITLOG:READ'], 'company');
    const officer = await viewer('officer', ['AUDITLOG:READ']);
    await world.grant(null, officer, ['USER:READ']);
    viewers.push(await world.user('super', [], { superAdmin: true }));
    const end = new AbortController();
    const streams = await Promise.all(
      viewers.map(async (user) => {
        const own: unknown[] = [];
        const stream = (await world.as(user)).sse<any>(everything, {}, end.signal);
        await stream.next();
        void (async () => {
          for await (const { data } of stream)
            if (data?.auditEvents.event && !isRead(data.auditEvents.event)) own.push(data.auditEvents.event);
        })();
        return { user, own, on: [await follow(user, everything), await follow(user, everything)] };
      }),
    );
    const root = world.root();
    const input = (name: string, reason: string) => ({ i: { tenantKey: 'main', name, reason } });
    const create = 'mutation($i: CreateGroupInput!) { createGroup(input: $i) { group { id } } }';
    await root.ok(create, input('Group of plain.too@people.example', 'for user:plain and plain.too@people.example'));
    await root.ok(create, input('Quiet', 'none'));
    const newcomer = await world.user('newcomer@people.example', [main]);
    await root
      .ok(`mutation { grantTenantAccess(input: { tenantKey: "main", username: "plain" }) { user { id } } }`)
      .catch(() => undefined);
    await world.grant(main, newcomer, ['FLOW:READ'], 'company.x');
    await happen(['company', 'company.y', 'other'], 'as newcomer@people.example said');
    await until('the same everywhere', () =>
      streams.every(({ own, on }) => own.length > 2 && on.every((one) => events(one).length === own.length)),
    );
    for (const { own, on } of streams) for (const one of on) expect(events(one)).toEqual(own);
    // Control: the viewers receive different events.
    expect(new Set(streams.map(({ own }) => JSON.stringify(own))).size).toBeGreaterThan(3);
    end.abort();
    for (const { on } of streams) for (const one of on) one.end();
  });

  it('loses nothing and keeps the order while its readers pause', async () => {
    const rounds = soak ? 60 : 12;
    const users = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const user = await world.user(`pausing${i}`, [main]);
        await world.grant(main, user, ['AUDITLOG:READ'], i % 2 === 0 ? '' : 'company');
        return user;
      }),
    );
    const sockets = await Promise.all(
      users.map((user, i) =>
        follow(user, query('seq namespaceName reason'), i % 4 < 2 ? {} : { where: { under: 'company' } }),
      ),
    );
    const head = async () => (await world.db.auditHead.findUniqueOrThrow({ where: { tenantId: main.id } })).seq;
    const first = await head();
    let isOver = false;
    const pausing = sockets.map(async ({ ws }, i) => {
      while (!isOver) {
        ws.pause();
        await new Promise((resolve) => setTimeout(resolve, Math.random() * (i % 3 === 0 ? 1_500 : 60)));
        ws.resume();
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
      }
    });
    // More than a tail keeps, and more than the network buffers for a paused reader.
    for (let round = 0; round < rounds; round += 1)
      await happen(
        Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 'company.x' : 'other')),
        'r'.repeat(4_000),
      );
    isOver = true;
    await Promise.all(pausing);
    const last = await head();

    const wanted = await world.db.auditEvent.findMany({
      where: { tenantId: main.id, seq: { gt: first, lte: last }, type: 'UPDATE' },
      orderBy: { seq: 'asc' },
      select: { seq: true, namespace: true },
    });
    for (const [i, on] of sockets.entries()) {
      const own = wanted.filter(({ namespace }) => (i % 2 === 0 && i % 4 < 2) || namespace.startsWith('company'));
      await until('the rest', () => on.messages.length > own.length, 20_000);
      await until('all', () => events(on).length >= own.length);
      expect(events(on).map(({ seq }) => seq)).toEqual(own.map(({ seq }) => String(seq)));
      on.end();
    }
  });

  it('delivers nothing more after a permission is revoked, and narrows if another one remains', async () => {
    const user = await world.user('narrowed', [main]);
    await world.grant(main, user, ['AUDITLOG:READ'], 'stays');
    const goes = await world.grant(main, user, ['AUDITLOG:READ'], 'goes');
    const others = await Promise.all(
      Array.from({ length: 3 }, async (_, i) => {
        const other = await world.user(`remains${i}`, [main]);
        await world.grant(main, other, ['AUDITLOG:READ']);
        return follow(other);
      }),
    );
    const on = await follow(user);
    await happen(['goes', 'stays']);
    await until('both', () => events(on).length === 2);
    const binding = idOf('Binding', goes as { id: string });
    await world
      .root()
      .ok(`mutation { deleteBindings(input: { tenantKey: "main", ids: ["${binding}"] }) { results { deletedId } } }`);
    await happen(['goes', 'stays', 'goes']);
    await until('what is left', () => events(on).length === 3);
    await until('all for the others', () =>
      others.every((other) => events(other).filter(({ resourceKey }) => resourceKey.startsWith('goes')).length === 3),
    );
    expect(events(on).map(({ resourceKey }) => resourceKey.split('/')[0])).toEqual(['goes', 'stays', 'stays']);
    for (const one of [on, ...others]) one.end();
  });
});
