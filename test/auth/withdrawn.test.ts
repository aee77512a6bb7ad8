import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group, Role, Tenant, User } from '../../src/db/generated/client.ts';
import { until } from '../server/tools.ts';
import type { Client } from '../support/client.ts';
import { addExecution } from '../support/executions.ts';
import { idOf, World } from '../support/world.ts';

interface Stream {
  readonly what: string;
  readonly begun: Promise<void>;
  /** The codes that it ended with. */
  codes: (string | undefined)[] | undefined;
  at: number;
}
const audit = (tenant: string) => `subscription { auditEvents(tenantKey: "${tenant}") { cursor } }`;

describe('a subscription whose permission is revoked', () => {
  let world: World;
  let main: Tenant;
  let count = 0;
  beforeAll(async () => {
    world = await World.create({ gateways: 2, limits: { socketsPerPrincipal: 200 } });
    main = await world.tenant('main');
  });
  afterAll(() => world.close());

  function follow(client: Client, query: string, over: 'SSE' | 'WebSocket'): Stream {
    const begun = Promise.withResolvers<void>();
    const stream: Stream = { what: `${over} ${query}`, begun: begun.promise, codes: undefined, at: 0 };
    const end = (errors: readonly { extensions?: unknown }[]) => {
      stream.codes = errors.map(({ extensions }) => (extensions as { code?: string }).code);
      stream.at = Date.now();
    };
    if (over === 'SSE')
      void (async () => {
        const all: { extensions?: unknown }[] = [];
        for await (const { data, errors } of client.sse(query, {}, new AbortController().signal)) {
          if (data) begun.resolve();
          all.push(...(errors ?? []));
        }
        end(all);
      })();
    else
      client.socket().subscribe(
        { query },
        {
          next: () => begun.resolve(),
          // A closed connection ends the stream with an event, not with a list of errors.
          error: (errors) => Array.isArray(errors) && end(errors as { extensions?: unknown }[]),
          complete: () => stream.codes ?? end([]),
        },
      );
    return stream;
  }
  const everywhere = (token: string, queries: readonly string[]): Stream[] =>
    [0, 1].flatMap((gateway) =>
      queries.flatMap((query) =>
        (['SSE', 'WebSocket'] as const).map((over) => follow(world.bearer(token, gateway), query, over)),
      ),
    );
  /** Counts the streams in the audit events by field, code and permission. */
  const recorded = async (user: User) => {
    const events = await world.db.auditEvent.findMany({
      where: { actorId: user.id, action: { endsWith: '.stream-ended' } },
    });
    const counts: Record<string, number> = {};
    for (const { details, type, outcome, resourceId, reason, action } of events) {
      const { field, code, permission, count = 1, ...rest } = details as Record<string, any>;
      expect([type, outcome, resourceId, reason, rest]).toEqual(['READ', 'DENIED', '', null, {}]);
      const key = `${action} ${field} ${permission} ${code}`;
      counts[key] = (counts[key] ?? 0) + count;
    }
    return { counts, events };
  };

  interface Held {
    readonly user: User;
    readonly role: Role;
    readonly group: Group;
    readonly tenant: Tenant;
    readonly binding: { readonly id: string };
  }
  const root = () => world.root();
  const ways: [string, (held: Held) => Promise<unknown>, string][] = [
    [
      'its role is narrowed',
      ({ role }) =>
        root().ok(`mutation { updateRole(input: { id: "${idOf('Role', role)}", permissions: [] }) { role { id } } }`),
      'FORBIDDEN',
    ],
    [
      'its binding is deleted',
      ({ binding, tenant }) =>
        root().ok(
          `mutation { deleteBindings(input: { tenantKey: "${tenant.key}", ids: ["${idOf('Binding', binding)}"] }) { results { deletedId } } }`,
        ),
      'FORBIDDEN',
    ],
    [
      'its user leaves the group',
      ({ group, user }) =>
        root().ok(
          `mutation { removeGroupMember(input: { group: "${idOf('Group', group)}", subject: "${idOf('User', user)}" }) { group { id } } }`,
        ),
      'FORBIDDEN',
    ],
    [
      'its user loses access to the tenant',
      ({ tenant, user }) =>
        root().ok(
          `mutation { revokeTenantAccess(input: { tenantKey: "${tenant.key}", subject: "${idOf('User', user)}" }) { hiddenChanges } }`,
        ),
      'FORBIDDEN',
    ],
    [
      'its tenant is deleted',
      ({ tenant }) => root().ok(`mutation { deleteTenant(input: { id: "${idOf('Tenant', tenant)}" }) { key } }`),
      'NOT_FOUND',
    ],
  ];
  it.each(ways)(
    'ends within two seconds when %s, over both transports, on both gateways, with an event',
    async (_way, withdraw, code) => {
      const tenant = await world.tenant(`t${count}`);
      const user = await world.user(`reader${count++}`, [tenant]);
      const role = await world.role(tenant, 'Reader', ['AUDITLOG:READ']);
      const group = await world.group(tenant, 'Readers');
      await world.member(tenant, group, user);
      const binding = (await world.bind(tenant, { group }, role)) as { id: string };
      const streams = everywhere(await world.token(user), [audit(tenant.key)]);
      // A super admin needs no role: their stream ends only with the tenant.
      const bystander = follow(world.root(1), audit(tenant.key), 'WebSocket');
      await Promise.all([...streams, bystander].map(({ begun }) => begun));
      await withdraw({ user, role, group, tenant, binding });
      const changed = Date.now();
      await until('all ends', () => streams.every(({ codes }) => codes));
      for (const { codes, at, what } of streams) {
        expect([what, codes]).toEqual([what, [code]]);
        expect(at - changed).toBeLessThan(2_000);
      }
      await until('the events', async () => Object.values((await recorded(user)).counts)[0] === 4);
      expect(Object.keys((await recorded(user)).counts)).toEqual([
        `auditlog.stream-ended auditEvents AUDITLOG:READ ${code}`,
      ]);
      if (code === 'NOT_FOUND') await until('the end for all', () => bystander.codes?.[0] === 'NOT_FOUND');
      else expect(bystander.codes).toBeUndefined();
    },
  );

  it('ends for every field, each with its event', async () => {
    const user = await world.user('follows-all', [main]);
    const role = await world.role(main, 'All', ['AUDITLOG:READ', 'TRIGGER:READ', 'EXECUTION:READ']);
    await world.bind(main, { principal: user }, role);
    const instance = await world.role(null, 'Watcher of workers', ['WORKER:READ']);
    const watching = (await world.bind(null, { principal: user }, instance)) as { id: string };
    const execution = await addExecution(world, main);
    const queries = [
      audit('main'),
      'subscription { triggers(tenantKey: "main") { kind } }',
      'subscription { executions(tenantKey: "main") { kind } }',
      `subscription { logs(tenantKey: "main", execution: "${idOf('Execution', execution)}") { message } }`,
      'subscription { workers { kind } }',
    ];
    const streams = everywhere(await world.token(user), queries);
    await Promise.all(streams.filter(({ what }) => what.includes('auditEvents')).map(({ begun }) => begun));
    await new Promise((resolve) => setTimeout(resolve, 700));
    await root().ok(`mutation { updateRole(input: { id: "${idOf('Role', role)}", permissions: [] }) { role { id } } }`);
    await root().ok(
      `mutation { deleteBindings(input: { ids: ["${idOf('Binding', watching)}"] }) { results { deletedId } } }`,
    );
    const changed = Date.now();
    await until('all ends', () => streams.every(({ codes }) => codes));
    for (const { codes, at, what } of streams) {
      expect([what, codes]).toEqual([what, ['FORBIDDEN']]);
      expect(at - changed).toBeLessThan(2_000);
    }
    const wanted = {
      'auditlog.stream-ended auditEvents AUDITLOG:READ FORBIDDEN': 4,
      'trigger.stream-ended triggers TRIGGER:READ FORBIDDEN': 4,
      'execution.stream-ended executions EXECUTION:READ FORBIDDEN': 4,
      'execution.stream-ended logs EXECUTION:READ FORBIDDEN': 4,
      'worker.stream-ended workers WORKER:READ FORBIDDEN': 4,
    };
    await until(
      'the events',
      async () => Object.values((await recorded(user)).counts).reduce((sum, n) => sum + n, 0) === 20,
    );
    expect((await recorded(user)).counts).toEqual(wanted);
  });

  it('is recorded in one event per gateway if many end at once, and ends for the logs of an execution out of reach', async () => {
    const user = await world.user('has-many', [main]);
    await world.grant(main, user, ['AUDITLOG:READ']);
    await world.grant(main, user, ['EXECUTION:READ'], 'other');
    const reach = (await world.grant(main, user, ['EXECUTION:READ'], 'company')) as { id: string };
    const execution = await addExecution(world, main);
    const token = await world.token(user);
    const logs = `subscription { logs(tenantKey: "main", execution: "${idOf('Execution', execution)}") { message } }`;
    const log = follow(world.bearer(token), logs, 'WebSocket');
    const streams = Array.from({ length: 40 }, (_, i) =>
      follow(world.bearer(token, i % 2), audit('main'), 'WebSocket'),
    );
    await Promise.all(streams.map(({ begun }) => begun));
    await root().ok(
      `mutation { deleteBindings(input: { tenantKey: "main", ids: ["${idOf('Binding', reach)}"] }) { results { deletedId } } }`,
    );
    await until('the end of the log', () => log.codes);
    expect(log.codes).toEqual(['FORBIDDEN']);
    expect(streams.filter(({ codes }) => codes)).toEqual([]);
    const row = await world.db.apiToken.findFirstOrThrow({ where: { principalId: user.id } });
    await root().ok(`mutation { revokeApiToken(input: { id: "${idOf('ApiToken', row)}" }) { apiToken { id } } }`);
    await until('all ends', () => streams.every(({ codes }) => codes));
    await until('the events', async () => (await recorded(user)).events.length === 3);
    const { events } = await recorded(user);
    expect(events.map(({ action, details }) => [action, (details as any).code, (details as any).count]).sort()).toEqual(
      [
        ['auditlog.stream-ended', 'UNAUTHENTICATED', 20],
        ['auditlog.stream-ended', 'UNAUTHENTICATED', 20],
        ['execution.stream-ended', 'FORBIDDEN', undefined],
      ],
    );
  });
});
