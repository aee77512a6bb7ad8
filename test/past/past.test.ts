import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Permission, resourceNames, split } from '../../src/access/catalog.ts';
import { resourceDefinition } from '../../src/access/resource.ts';
import { modelOf } from '../../src/db/rows/model.ts';
import { whoCan } from '../../src/policy/answer/who-can.ts';
import { engineWithoutPolicies, pastAccess, pastCandidates } from '../../src/policy/past/past-access.ts';
import { accessResources } from '../../src/policy/past/projection.ts';
import { storeAccessSnapshot } from '../../src/policy/past/snapshot.ts';
import { Chance } from '../properties/generate.ts';
import { idOf, World } from '../support/world.ts';
import { asked, History, keyOf, places, type Truth, truthOf } from './history.ts';

const who = `query($k: String!, $p: PermissionInput!, $n: String, $at: DateTime) { tenant(key: $k) { whoCan(permission: $p, namespaceName: $n, at: $at, first: 100) {
  totalCount hiddenCount policySet nodes { id } edges { answer reach origins { grant roleThen groupThen } } formerSubjects { id name reach origins { grant } } } } }`;
const effective = `query($k: String!, $s: ID!, $at: DateTime) { tenant(key: $k) { effectivePermissions(subject: $s, at: $at) { resource action } } }`;
const question = (permission: Permission) => ({ resource: split(permission)[0], actions: [split(permission)[1]] });
const rowOf = (id: string) => Buffer.from(id, 'base64').toString().split(':')[1]!;

/** Mutations that a history must contain to be meaningful: everything that revokes or changes access. */
const must = [
  'deleteUser',
  'setUserDisabled',
  'setSuperAdmin',
  'revokeTenantAccess',
  'deleteGroup',
  'removeGroupMember',
  'setGroupMembership',
  'updateRole',
  'deleteBindings',
  'deleteTenant',
  'deleteServiceAccount',
];

describe('past access, rebuilt from events alone', () => {
  let world: World;
  const seed = Number(process.env['SEED'] ?? 5);
  const chance = new Chance(seed);
  const truths: Truth[] = [];
  let history: History;
  const steps = process.env['SOAK'] === '1' ? 3_000 : 450;

  beforeAll(async () => {
    world = await World.create();
    world.hasForgedEvents = true;
    await world.tenant('main');
    history = new History(world, chance);
    const isWhole = () => must.every((one) => history.done[one]);
    for (let done = 0; done < steps || (done < 3 * steps && !isWhole()); ) {
      if (!(await history.step())) continue;
      done += 1;
      if (done % 30 === 0) truths.push(await truthOf(world));
    }
  }, 300_000);
  afterAll(() => world.close());

  /** Returns all differences between the rebuilt access at a past instant and the actual one. */
  async function differences({ at, able, tenants }: Truth): Promise<string[]> {
    const wrong: string[] = [];
    for (const { id: tenantId } of tenants) {
      const past = await pastAccess(world.db, tenantId, at);
      for (const permission of asked) {
        for (const namespace of places(permission)) {
          const row = namespace === undefined ? {} : { row: { tenantId, namespace } };
          const found = whoCan(engineWithoutPolicies, pastCandidates(past, permission, namespace), {
            permission,
            tenantId,
            given: { now: at },
            ...row,
          });
          const key = keyOf(tenantId, permission, namespace);
          const ids = found.map(({ principal }) => principal.id).sort();
          if (JSON.stringify(ids) !== JSON.stringify(able.get(key) ?? [])) wrong.push(key);
        }
      }
    }
    return wrong;
  }

  it('equals every snapshot that was taken in a generated history', async () => {
    let compared = 0;
    let yes = 0;
    for (const truth of truths) {
      expect(await differences(truth), `seed ${seed} at ${truth.at.toISOString()}`).toEqual([]);
      compared += truth.tenants.length * asked.flatMap(places).length;
      yes += [...truth.able.values()].reduce((total, ids) => total + ids.length, 0);
    }
    const total = Object.values(history.done).reduce((sum, count) => sum + count, 0);
    console.log(`past, seed ${seed}: ${total} mutations ${JSON.stringify(history.done)}`);
    console.log(`past: ${truths.length} snapshots, ${compared} answers compared, ${yes} permissions held`);
    expect(total).toBeGreaterThanOrEqual(300);
    expect(Object.keys(history.done).length).toBeGreaterThanOrEqual(18);
    for (const one of must) expect(history.done[one], one).toBeGreaterThan(0);
    expect(yes).toBeGreaterThan(5_000);
    // Adjacent instants differ, so an answer about another instant would be detected.
    for (const [i, truth] of truths.slice(1).entries())
      expect(JSON.stringify([...truth.able])).not.toBe(JSON.stringify([...truths[i]!.able]));
  }, 300_000);

  it('is returned by the API, including deleted principals', async () => {
    const seen = { shown: 0, former: 0, hidden: 0, permissions: 0 };
    const alive = new Set((await world.db.tenant.findMany()).map(({ id }) => id));
    for (const truth of truths) {
      for (const { id: tenantId, key } of truth.tenants.filter(({ id }) => alive.has(id))) {
        const permission = chance.coin() ? chance.pick(asked) : 'TENANT:READ';
        const namespace = chance.pick(places(permission));
        const wanted = truth.able.get(keyOf(tenantId, permission, namespace)) ?? [];
        const { tenant } = await world
          .root()
          .ok<any>(who, { k: key, p: question(permission), n: namespace, at: truth.at });
        const { nodes, edges, formerSubjects, hiddenCount, totalCount } = tenant.whoCan;
        const ids = [...nodes, ...formerSubjects].map(({ id }: { id: string }) => rowOf(id));
        expect(wanted).toEqual(expect.arrayContaining(ids));
        expect(new Set(ids).size + hiddenCount).toBe(wanted.length);
        expect(totalCount).toBe(nodes.length);
        for (const { reach, origins } of [...edges, ...formerSubjects])
          expect([reach !== '', origins.length > 0]).toEqual([true, true]);
        for (const one of edges.flatMap((edge: any) => edge.origins))
          if (one.grant === 'roles') expect(one.roleThen).toBeTruthy();
        seen.shown += nodes.length;
        seen.former += formerSubjects.length;
        seen.hidden += hiddenCount;
        const subject = chance.pick(
          nodes.length > 0
            ? nodes
            : [{ id: idOf('User', (await world.db.user.findFirst({ where: { username: 'root' } }))!) }],
        ) as { id: string };
        const answer = await world.root().ok<any>(effective, { k: key, s: subject.id, at: truth.at });
        const held = asked.filter((one) => truth.able.get(keyOf(tenantId, one))?.includes(rowOf(subject.id)));
        expect(answer.tenant.effectivePermissions.map(({ resource, action }: any) => `${resource}:${action}`)).toEqual(
          held,
        );
        seen.permissions += held.length;
      }
    }
    console.log(`past over the API: ${JSON.stringify(seen)}`);
    const { hidden: _hidden, ...certain } = seen;
    for (const [what, count] of Object.entries(certain)) expect(count, what).toBeGreaterThan(0);
  }, 120_000);

  it('has all required ids in every event that affects access', async () => {
    // Tokens and sessions are credentials and do not grant access.
    const credentials = ['API_TOKEN', 'SESSION'];
    const feeding = resourceNames.filter(
      (name) => resourceDefinition(name)?.feedsAccess && !credentials.includes(name),
    );
    expect([...accessResources].sort()).toEqual(expect.arrayContaining([...feeding].sort()));
    const kinds = new Set<string>();
    for (const resource of feeding) {
      const { model, links = [] } = resourceDefinition(resource)!;
      const foreign = [...modelOf(model!).columns.keys()].filter(
        // The worker group of a tenant and the home of a user do not affect what a principal holds.
        (column) =>
          /[a-z]Id$/.test(column) && !['tenantId', 'externalId', 'workerGroupId', 'homeTenantId'].includes(column),
      );
      expect(links, resource).toEqual(expect.arrayContaining(foreign));
      const events = await world.db.auditEvent.findMany({ where: { resource, outcome: 'SUCCESS' } });
      for (const { action, details, resourceId } of events) {
        const { ids = {} } = (details ?? {}) as { ids?: Record<string, string> };
        const member = /member/.test(action);
        const must = member ? ['principalId'] : foreign;
        // A binding is of a principal or of a group.
        const given = resource === 'BINDING' ? ['roleId', ids['groupId'] ? 'groupId' : 'principalId'] : must;
        expect([action, Object.keys(ids).sort()]).toEqual([action, [...given].sort()]);
        expect(resourceId).not.toBe('');
        kinds.add(action);
      }
    }
    expect(kinds.size).toBeGreaterThan(18);
  });

  const asOwner = (statement: string, ...values: unknown[]) =>
    world.db.$transaction(async (tx) => {
      await tx.$executeRawUnsafe('ALTER TABLE "AuditEvent" DISABLE TRIGGER USER');
      await tx.$executeRawUnsafe(statement, ...values);
      await tx.$executeRawUnsafe('ALTER TABLE "AuditEvent" ENABLE TRIGGER USER');
    });

  it('control: detects a missing binding event and one without ids', async () => {
    const last = truths.at(-1)!;
    const bindings = await world.db.binding.findMany({ where: { tenantId: { not: null } }, take: 15 });
    let missed = 0;
    for (const { id, tenantId } of bindings) {
      const event = await world.db.auditEvent.findFirstOrThrow({
        where: { resource: 'BINDING', type: 'CREATE', resourceId: id },
      });
      await asOwner(`UPDATE "AuditEvent" SET resource = 'NAMESPACE' WHERE id = $1`, event.id);
      if ((await differences(last)).length > 0) missed += 1;
      await asOwner(`UPDATE "AuditEvent" SET resource = 'BINDING', details = NULL WHERE id = $1`, event.id);
      await expect(pastAccess(world.db, tenantId!, last.at)).rejects.toMatchObject({ code: 'EXPIRED' });
      await asOwner(
        `UPDATE "AuditEvent" SET details = $2::jsonb WHERE id = $1`,
        event.id,
        JSON.stringify(event.details),
      );
    }
    expect(await differences(last)).toEqual([]);
    console.log(`past, control: ${missed} of ${bindings.length} left-out bindings are seen`);
    expect(missed).toBeGreaterThan(0);
  }, 60_000);

  it('after pruning, is unchanged from the snapshot on and EXPIRED before it', async () => {
    const middle = Math.floor(truths.length / 2);
    const chains = (await world.db.auditHead.findMany()).map(({ tenantId }) => tenantId);
    for (const chain of chains) {
      const { seq } = await world.write((tx) => storeAccessSnapshot(tx, chain, truths[middle]!.at));
      await asOwner('DELETE FROM "AuditEvent" WHERE "tenantId" = $1 AND seq <= $2', chain, seq);
    }
    for (const truth of truths.slice(middle)) expect(await differences(truth)).toEqual([]);
    const { id, key } = truths[0]!.tenants.find((tenant) =>
      truths.at(-1)!.tenants.some((one) => one.id === tenant.id),
    )!;
    for (const { at } of truths.slice(0, middle))
      await expect(pastAccess(world.db, id, at)).rejects.toMatchObject({ code: 'EXPIRED' });
    const ask = (at: Date) => world.root().codes(who, { k: key, p: question('GROUP:READ'), at });
    expect(await ask(truths[middle - 1]!.at)).toEqual(['EXPIRED']);
    expect(await ask(truths[middle]!.at)).toEqual([]);
    // A second pruning starts from the snapshot of the first.
    for (const chain of chains) {
      const { seq } = await world.write((tx) => storeAccessSnapshot(tx, chain, truths[middle + 2]!.at));
      await asOwner('DELETE FROM "AuditEvent" WHERE "tenantId" = $1 AND seq <= $2', chain, seq);
    }
    for (const truth of truths.slice(middle + 2)) expect(await differences(truth)).toEqual([]);
    // A gap that no snapshot covers is an error.
    const gap = await world.db.auditEvent.findFirstOrThrow({
      where: { tenantId: '', at: { lt: truths.at(-1)!.at } },
      orderBy: { seq: 'desc' },
    });
    await asOwner('DELETE FROM "AuditEvent" WHERE id = $1', gap.id);
    await expect(pastAccess(world.db, id, truths.at(-1)!.at)).rejects.toMatchObject({ code: 'EXPIRED' });
  }, 120_000);
});
