import { setTimeout as sleep } from 'node:timers/promises';
import { applyPatch } from 'rfc6902';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chainHash, digestOf } from '../../src/audit/event.ts';
import { append, envelope } from '../../src/audit/record.ts';
import type { AuditEvent, Tenant, User } from '../../src/db/generated/client.ts';
import { canonicalJson, type Json } from '../../src/lib/json.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

describe('audit events', () => {
  let world: World;
  let a: Tenant;
  let root: Client;
  beforeAll(async () => {
    world = await World.create();
    a = await world.tenant('a');
    root = world.root();
  });
  afterAll(() => world.close());
  const since = (seq: bigint, tenantId = a.id) =>
    world.db.auditEvent.findMany({ where: { tenantId, seq: { gt: seq } }, orderBy: { seq: 'asc' } });
  const head = async (tenantId = a.id) => (await world.db.auditHead.findUnique({ where: { tenantId } }))?.seq ?? 0n;

  it('records one event per object of a cascading delete, all with one request ID', async () => {
    const group = await world.group(a, 'Doomed');
    for (const name of ['m1', 'm2']) await world.member(a, group, await world.user(name, [a]));
    await world.bind(a, { group }, await world.managed(a, 'Viewer'));
    const before = await head();
    await root.ok('mutation($id: ID!) { deleteGroup(input: { id: $id, reason: "reorganised" }) { deletedId } }', {
      id: idOf('Group', group),
    });
    const events = await since(before);
    expect(events.map(({ action }) => action).sort()).toEqual([
      'binding.delete',
      'group.delete',
      'group.remove-member',
      'group.remove-member',
    ]);
    expect(new Set(events.map(({ requestId }) => requestId)).size).toBe(1);
    expect(new Set(events.map(({ decisionId }) => decisionId)).size).toBe(1);
    expect(
      events.every(
        ({ reason, actorName, outcome }) => reason === 'reorganised' && actorName === 'root' && outcome === 'SUCCESS',
      ),
    ).toBe(true);
  });

  it('records patches that apply forwards and backwards', async () => {
    const before = await head();
    const { createRole } = await root.ok<any>(
      'mutation { createRole(input: { tenantKey: "a", name: "R", permissions: [{ resource: FLOW, actions: [READ] }] }) { role { id } } }',
    );
    await root.ok(
      'mutation($id: ID!) { updateRole(input: { id: $id, name: "S", permissions: [{ resource: FLOW, actions: [READ, UPDATE] }] }) { role { id } } }',
      { id: createRole.role.id },
    );
    const [created, updated] = await since(before);
    const state = { value: null as any };
    const through = (patch: unknown) => {
      const wrapped = (patch as any[]).map((operation) => ({ ...operation, path: `/value${operation.path}` }));
      expect(applyPatch(state, wrapped).every((fault) => fault === null)).toBe(true);
    };
    through(created!.patch);
    const first = structuredClone(state.value);
    expect(first).toMatchObject({ name: 'R', permissions: ['FLOW:READ'] });
    through(updated!.patch);
    expect(state.value).toMatchObject({ name: 'S', permissions: ['FLOW:READ', 'FLOW:UPDATE'] });
    through(updated!.revertPatch);
    expect(state.value).toEqual(first);
  });

  it('records nothing for a dry run, and returns the planned changes', async () => {
    const before = await head();
    const revision = (await world.db.accessState.findFirstOrThrow()).revision;
    const { createGroup } = await root.ok<any>(
      'mutation { createGroup(input: { tenantKey: "a", name: "Maybe", dryRun: true }) { changes { action resourceKey patch } } }',
    );
    expect(createGroup.changes).toMatchObject([{ action: 'group.create', resourceKey: 'Maybe' }]);
    expect(await since(before)).toEqual([]);
    expect(await world.db.group.count({ where: { name: 'Maybe' } })).toBe(0);
    expect((await world.db.accessState.findFirstOrThrow()).revision).toBe(revision);
    const minted = await root.ok<any>(
      'mutation { createApiToken(input: { name: "dry", dryRun: true }) { fullToken changes { action } } }',
    );
    expect(minted.createApiToken.fullToken).toBeNull();
    expect(await world.db.apiToken.count({ where: { name: 'dry' } })).toBe(0);
  });

  it('records a refusal with its actor, action and decision, and the change does not happen', async () => {
    const nosy = await world.user('nosy', [a]);
    const client = await world.as(nosy);
    const before = await head();
    const { errors } = await client.run(
      'mutation { createGroup(input: { tenantKey: "a", name: "Mine" }) { group { id } } }',
    );
    const [event] = await since(before);
    expect(event).toMatchObject({
      outcome: 'DENIED',
      type: 'CREATE',
      action: 'group.create',
      actorName: 'nosy',
      resourceKey: 'Mine',
      details: { field: 'createGroup', code: 'FORBIDDEN' },
    });
    expect(event?.decisionId).toBe(errors[0]?.extensions['decisionId']);
  });

  /** Waits for the next minute if less than that remains of this one: events merge by the minute of the clock. */
  const minuteWith = (milliseconds: number) => {
    const left = 60_000 - (Date.now() % 60_000);
    return left < milliseconds ? sleep(left) : undefined;
  };

  async function whileNoEventCanBeWritten(run: () => Promise<void>): Promise<void> {
    await world.db.$executeRawUnsafe(
      `CREATE OR REPLACE FUNCTION refuse_events() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$`,
    );
    await world.db.$executeRawUnsafe(
      `CREATE TRIGGER refuse_events BEFORE INSERT ON "AuditEvent" FOR EACH ROW EXECUTE FUNCTION refuse_events()`,
    );
    try {
      await run();
    } finally {
      await world.db.$executeRawUnsafe('DROP TRIGGER refuse_events ON "AuditEvent"');
    }
  }

  it('records a refused read, and merges repeats within a minute into one event with their count', async () => {
    const client = await world.as(await world.user('curious', [a]));
    const before = await head();
    const page = '{ tenant(key: "a") { groups { totalCount } roles { totalCount } again: groups { totalCount } } }';
    for (let i = 0; i < 3; i += 1) expect(await client.codes(page)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
    const reads = async () => (await since(before)).filter(({ actorName }) => actorName === 'curious');
    expect((await reads()).map(({ action, outcome }) => `${action} ${outcome}`).sort()).toEqual([
      'group.read DENIED',
      'role.read DENIED',
    ]);
    await world.app.services.refusals.sweep(Date.now() + 60_000);
    const rest = (await reads()).slice(2);
    expect(rest.map(({ action, details }) => [action, (details as any).count]).sort()).toEqual([
      ['group.read', 5],
      ['role.read', 2],
    ]);
    expect(rest[0]?.decisionId).not.toBeNull();
    // A question about one's own permissions is not an attempt.
    await client.ok('{ viewer { name user { viewerPermissions } } }');
    expect(await reads()).toHaveLength(4);
  });

  it('records the count of refused reads later if it could not be written', async () => {
    const client = await world.as(await world.user('patient', [a]));
    const before = await head();
    const { refusals } = world.app.services;
    for (let i = 0; i < 3; i += 1) await client.codes('{ tenant(key: "a") { groups { totalCount } } }');
    await whileNoEventCanBeWritten(() => expect(refusals.sweep(Date.now() + 60_000)).rejects.toThrow());
    await refusals.sweep(Date.now() + 60_000);
    await refusals.sweep(Date.now() + 60_000);
    const reads = (await since(before)).filter(({ action }) => action === 'group.read');
    expect(reads.map(({ details }) => (details as any).count ?? 1)).toEqual([1, 2]);
  });

  it('answers an unknown ID and an ID of another tenant alike, and records both', async () => {
    const b = await world.tenant(`b${Date.now()}`);
    const foreign = await world.group(b, 'Theirs');
    const nosy = await world.as(await world.user('nosy-two', [a]));
    const answer = async (id: string) => {
      const { errors, data } = await nosy.run<any>(
        'mutation($id: ID!) { deleteGroup(input: { id: $id }) { deletedId } }',
        { id },
      );
      return {
        data,
        code: errors[0]?.extensions.code,
        message: errors[0]?.message.replace(/The (object|Group)/, 'It'),
      };
    };
    const unknown = await answer(Buffer.from('Group:01a1fd51-0000-7000-8000-000000000000').toString('base64'));
    const other = await answer(idOf('Group', foreign));
    expect(unknown).toMatchObject({ code: 'NOT_FOUND' });
    expect(other).toEqual(unknown);
    expect(await world.db.auditEvent.count({ where: { actorName: 'nosy-two', outcome: 'DENIED' } })).toBe(2);
  });

  it('merges three hundred refusals in a minute into some tens of events and one with the remaining count', async () => {
    const b = await world.tenant(`flood${Date.now()}`);
    const foreign = idOf('Group', await world.group(b, 'Theirs'));
    const theirs = () => world.db.auditEvent.count({ where: { tenantId: b.id } });
    const flooder = await world.user('flooder', [a]);
    const client = await world.as(flooder);
    const before = await theirs();
    const remove = 'mutation($id: ID!) { deleteGroup(input: { id: $id }) { deletedId } }';
    const create = 'mutation { createGroup(input: { tenantKey: "a", name: "Mine" }) { group { id } } }';
    await minuteWith(15_000);
    for (let i = 0; i < 15; i += 1)
      await Promise.all(
        Array.from({ length: 10 }, (_, k) => (k % 2 ? client.codes(create) : client.codes(remove, { id: foreign }))),
      );
    // The log of a tenant that is not the caller's gets no event.
    expect(await theirs()).toBe(before);
    const events = () => world.db.auditEvent.findMany({ where: { actorId: flooder.id, outcome: 'DENIED' } });
    expect((await events()).length).toBeLessThanOrEqual(62);
    await world.app.services.refusals.sweep(Date.now() + 60_000);
    const all = await events();
    expect(all.reduce((sum, { details }) => sum + ((details as { count?: number }).count ?? 1), 0)).toBe(150);
    expect(new Set(all.map(({ tenantId }) => tenantId))).toEqual(new Set([a.id]));
    expect(await world.db.decision.count({ where: { principalId: flooder.id } })).toBeLessThanOrEqual(124);
    // Refused impersonations merge as well.
    const as = client.as({ 'x-gatehouse-impersonate': 'root' });
    await Promise.all(Array.from({ length: 40 }, () => as.codes('{ viewer { name } }')));
    const where = { actorId: flooder.id, type: 'IMPERSONATE' } as const;
    expect(await world.db.auditEvent.count({ where })).toBeLessThanOrEqual(20);
  });

  it('fails the mutation and changes nothing if the event cannot be written', async () => {
    await whileNoEventCanBeWritten(async () => {
      const { errors } = await root.run(
        'mutation { createGroup(input: { tenantKey: "a", name: "Unseen" }) { group { id } } }',
      );
      expect(errors[0]?.extensions.code).toBe('UNAVAILABLE');
      expect(errors[0]?.message).toMatch(/^The audit log is currently not writable/);
      expect(errors[0]?.message).not.toContain('disk full');
      expect(await world.db.group.count({ where: { name: 'Unseen' } })).toBe(0);
    });
    await root.ok('mutation { createGroup(input: { tenantKey: "a", name: "Seen" }) { group { id } } }');
  });

  it('chains every event to its predecessor by a hash of its content', async () => {
    const events = await since(0n);
    expect(events.length).toBeGreaterThan(15);
    let previous = '0'.repeat(64);
    for (const event of events) {
      expect(event.prevHash).toBe(previous);
      expect(event.hash).toBe(chainHash(previous, event.seq, digestOf(canonicalJson(draftOf(event)))));
      previous = event.hash;
    }
  });
});

/** Restores an event as it was drafted: without its place in the chain and without null columns. */
function draftOf(event: AuditEvent): Record<string, unknown> {
  const { ordinal: _o, transaction: _t, seq: _s, prevHash: _p, hash: _h, at, ...rest } = event;
  return { ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)), at: at.toISOString() };
}

describe('readers of audit events', () => {
  let world: World;
  let a: Tenant;
  let namespaced: User;
  beforeAll(async () => {
    world = await World.create();
    a = await world.tenant('a');
    await world.namespace(a, 'company.x');
    await world.namespace(a, 'other');
    namespaced = await world.user('namespaced', [a]);
    await world.grant(a, namespaced, ['AUDITLOG:READ'], 'company');
  });
  afterAll(() => world.close());
  const list =
    'query($where: AuditEventWhere) { tenant(key: "a") { auditEvents(first: 100, where: $where) { totalCount nodes { id namespaceName action resourceKey patch } } } }';

  it('see the events of their namespace and below, and no others, in lists, counts, searches, nodes and feeds', async () => {
    const client = await world.as(namespaced);
    const { tenant } = await client.ok<any>(list);
    // The binding itself was created in company.
    expect(tenant.auditEvents.nodes.map((n: any) => n.namespaceName)).toEqual(['company', 'company.x']);
    expect(tenant.auditEvents.totalCount).toBe(2);
    expect((await client.ok<any>(list, { where: { text: 'other' } })).tenant.auditEvents.totalCount).toBe(0);
    const foreign = await world.db.auditEvent.findFirstOrThrow({ where: { namespace: 'other' } });
    expect(
      (await client.ok<any>('query($id: ID!) { node(id: $id) { id } }', { id: idOf('AuditEvent', foreign) })).node,
    ).toBeNull();
    const end = new AbortController();
    const got: string[] = [];
    const reading = (async () => {
      for await (const { data } of client.sse<any>(
        'subscription { auditEvents(tenantKey: "a") { event { namespaceName } } }',
        {},
        end.signal,
      )) {
        if (data?.auditEvents.event) got.push(data.auditEvents.event.namespaceName);
        if (got.includes('company.z')) end.abort();
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await world.namespace(a, 'other.y');
    await world.namespace(a, 'company.z');
    await reading;
    expect(got).toEqual(['company.z']);
  });

  it('see the patch of an object with READ on that object, not with AUDITLOG:READ alone', async () => {
    const patches = async (client: Client) => {
      const { nodes } = (
        await client.ok<any>(list, { where: { resource: ['NAMESPACE', 'ROLE'], outcome: ['SUCCESS'] } })
      ).tenant.auditEvents;
      const shown = (prefix: string) =>
        nodes.filter((n: any) => n.action.startsWith(prefix)).every((n: any) => n.patch !== null);
      return { namespace: shown('namespace'), role: shown('role') };
    };
    expect(await patches(world.root())).toEqual({ namespace: false, role: true });
    const auditor = await world.user('auditor', [a]);
    await world.grant(a, auditor, ['AUDITLOG:READ']);
    expect(await patches(await world.as(auditor))).toEqual({ namespace: false, role: false });
    await world.grant(a, auditor, ['NAMESPACE:READ']);
    expect(await patches(await world.as(auditor))).toEqual({ namespace: true, role: false });
  });

  it('cannot search patches that they cannot see', async () => {
    const canary = 'canary-description-7301';
    await world.write((tx) =>
      tx.namespace.updateMany({ where: { namespace: 'other' }, data: {} }).then(() => undefined),
    );
    const editor = await world.user('editor', [a]);
    await world.grant(a, editor, ['NAMESPACE:READ', 'NAMESPACE:UPDATE']);
    const row = await world.db.namespace.findFirstOrThrow({ where: { namespace: 'other' } });
    await (await world.as(editor)).ok(
      'mutation($id: ID!, $d: String) { updateNamespace(input: { id: $id, description: $d }) { namespace { id } } }',
      { id: idOf('Namespace', row), d: canary },
    );
    const found = async (client: Client) =>
      (await client.ok<any>(list, { where: { text: canary } })).tenant.auditEvents.totalCount;
    expect(await found(world.root())).toBe(0);
    const auditor = await world.user('auditor-two', [a]);
    await world.grant(a, auditor, ['AUDITLOG:READ']);
    expect(await found(await world.as(auditor))).toBe(0);
    await world.grant(a, auditor, ['NAMESPACE:READ']);
    expect(await found(await world.as(auditor))).toBe(1);
    expect(await found(await world.as(namespaced))).toBe(0);
  });

  it('find what concerns a flow, its triggers and executions, or one execution, and nothing of its neighbours', async () => {
    const editor = await world.user('flow-editor', [a]);
    await world.bind(a, { principal: editor }, await world.managed(a, 'Editor'));
    const client = await world.as(editor);
    const source = (id: string) =>
      `id: ${id}\nnamespace: company.x\ntasks: [{ id: t, type: x }]\ntriggers: [{ id: cron, type: io.kestra.plugin.core.trigger.Schedule, cron: "0 0 * * *" }]\n`;
    for (const id of ['a_b', 'acb', 'a_b2']) await world.flow(a, source(id));
    const start = async (flowId: string): Promise<string> =>
      (
        await client.ok<any>(
          'mutation($i: CreateExecutionInput!) { createExecution(input: $i) { execution { executionId } } }',
          { i: { tenantKey: 'a', namespaceName: 'company.x', flowId } },
        )
      ).createExecution.execution.executionId;
    const [first, second] = [await start('a_b'), await start('a_b')];
    await start('acb');
    const keys = async (where: object) =>
      (await world.root().ok<any>(list, { where })).tenant.auditEvents.nodes.map((one: any) => one.resourceKey).sort();
    const of = { namespaceName: 'company.x', flowId: 'a_b' };
    const executions = [first, second].map((id) => `company.x/a_b/${id}`);
    const found = await keys(of);
    expect([...new Set(found)]).toEqual(['company.x/a_b', 'company.x/a_b/cron', ...executions].sort());
    expect(await keys({ executionId: first })).toEqual([executions[0]]);
    expect(await keys({ ...of, executionId: '%' })).toEqual([]);
    expect(await keys({ ...of, resource: ['FLOW'] })).toEqual(['company.x/a_b']);
    const refused = async (where: object) => world.root().codes(list, { where });
    expect(await refused({ flowId: 'a_b' })).toEqual(['BAD_INPUT']);
    // A search by an auditor of another namespace finds nothing.
    const elsewhere = await world.user('auditor-elsewhere', [a]);
    await world.grant(a, elsewhere, ['AUDITLOG:READ'], 'other');
    const there = await world.as(elsewhere);
    for (const where of [of, { executionId: first }])
      expect((await there.ok<any>(list, { where })).tenant.auditEvents.totalCount).toBe(0);
  });

  it('filter by details and by the kind of actor, in lists, feeds and exports alike', async () => {
    const count = async (where: object) =>
      (await world.root().ok<any>(list, { where })).tenant.auditEvents.totalCount as number;
    const note = (details: Json) =>
      world.write(async (tx) => {
        append(tx, {
          ...envelope({ kind: 'SERVICE_ACCOUNT', id: 'x', name: 'noter', requestId: 'test' }),
          tenantId: a.id,
          tenantKey: 'a',
          type: 'UPDATE',
          action: 'namespace.update',
          outcome: 'SUCCESS',
          resource: 'NAMESPACE',
          resourceId: 'n',
          resourceKey: 'n',
          namespace: 'company.noted',
          patchText: '',
          details,
        });
      });
    const end = new AbortController();
    const got: unknown[] = [];
    const where = { details: ['colour:red', 'part.size:3'], actorKind: ['SERVICE_ACCOUNT'] };
    const reading = (async () => {
      const feed =
        'subscription($where: AuditEventWhere) { auditEvents(tenantKey: "a", where: $where) { event { details } } }';
      for await (const { data } of world.root().sse<any>(feed, { where }, end.signal)) {
        if (data?.auditEvents.event) got.push(data.auditEvents.event.details);
        if (got.length > 0) end.abort();
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const wanted = { colour: 'red', part: { size: 3, whole: true, text: '3:4' } };
    await note({ colour: 'redder', part: { size: 3 } });
    await note({ colour: 'red', part: { size: 30 } });
    await note(wanted);
    await reading;
    expect(got).toEqual([wanted]);
    expect(await count(where)).toBe(1);
    expect(await count({ ...where, actorKind: ['USER', 'SYSTEM'] })).toBe(0);
    expect(await count({ details: ['part.whole:true', 'part.text:3:4'] })).toBe(1);
    expect(await count({ details: ['part:3'] })).toBe(0);
    const query = 'details=colour:red&details=part.size:3&actorKind=SERVICE_ACCOUNT';
    const exported = await fetch(`${world.urls[0]}/tenants/a/audit-events?${query}`, { headers: world.root().headers });
    expect((await exported.text()).split('"colour":"red"').length - 1).toBe(1);
    for (const wrong of [['red'], [':red'], ['a.0:x'], ['a..b:x'], Array(11).fill('a:b')])
      expect(await world.root().codes(list, { where: { details: wrong } }), String(wrong)).toEqual(['BAD_INPUT']);
  });

  it('search for % and _ as literal characters', async () => {
    expect((await world.root().ok<any>(list, { where: { text: 'o_her' } })).tenant.auditEvents.totalCount).toBe(0);
    expect((await world.root().ok<any>(list, { where: { text: '%' } })).tenant.auditEvents.totalCount).toBe(0);
    expect(
      (await world.root().ok<any>(list, { where: { text: 'OTHER' } })).tenant.auditEvents.totalCount,
    ).toBeGreaterThan(0);
  });
});
