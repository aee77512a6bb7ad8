import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import plugin from '../../../plugins/cedar.ts';
import type { Row } from '../../../src/access/grant.ts';
import { ancestorsOf, type Where } from '../../../src/access/where.ts';
import { columnsOf } from '../../../src/policy/filter/columns.ts';
import { assertPortable, matches, toSql } from '../../../src/policy/filter/portable.ts';
import { prepared, type Question } from '../../../src/policy/testing.ts';
import { Chance, namespaces } from '../../properties/generate.ts';
import { World } from '../../support/world.ts';
import { constructs, type Generated, groups, names, policySet, tenants } from './generate.ts';

const sets = process.env['SOAK'] === '1' ? 5_000 : 250;
const askedRows = 12;
const seed = Number(process.env['SEED'] ?? 11);

const entity = (type: string, id: string) => ({ type: `Gatehouse::${type}`, id });

/** Returns Cedar's own decision about one row. A forbid that it skips because of an error refuses. */
function oracle(id: string, policies: readonly Generated[], question: Question, row: Row): boolean {
  const { name = '', kind, tenantId = '', groups: own = [], ip, reason, now } = question;
  const principal = entity(kind === 'SERVICE_ACCOUNT' ? 'ServiceAccount' : 'User', name);
  const action = entity('Action', 'AUDITLOG:READ');
  const resource = entity('AUDITLOG', String(row['id']));
  const namespace = String(row['namespace']);
  const answer = cedar.statefulIsAuthorized({
    principal,
    action,
    resource,
    context: {
      now: { __extn: { fn: 'datetime', arg: now!.toISOString() } },
      credential: 'basic',
      ...(ip !== undefined && { ip: { __extn: { fn: 'ip', arg: ip } } }),
      ...(reason !== undefined && { reason }),
    },
    preparsedPolicySetId: id,
    entities: [
      { uid: principal, attrs: { id: name, name }, parents: own.map((group) => entity('Group', group)) },
      { uid: action, attrs: {}, parents: [entity('Action', 'READ'), entity('Action', 'AUDITLOG')] },
      {
        uid: resource,
        attrs: { id: String(row['id']), namespace, tenant: tenantId },
        parents: [
          entity('Tenant', tenantId),
          ...[...ancestorsOf(namespace), namespace].map((one) => entity('Namespace', one)),
        ],
      },
    ],
  });
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors));
  const { decision, diagnostics } = answer.response;
  const skipped = diagnostics.errors.some(
    ({ policyId }) => policies[Number(policyId.slice('policy'.length))]!.effect === 'forbid',
  );
  return decision === 'allow' && !skipped;
}

describe('cedar against Cedar itself', () => {
  let world: World;
  const chance = new Chance(seed);
  const rows: Row[] = tenants.flatMap((tenantId, t) =>
    [...namespaces, 'a\u{e000}', 'a\u{ffff}x', '\u{10ffff}', 'a*', '*'].map((namespace, i) => ({
      id: `row-${t * 40 + i}`,
      tenantId,
      namespace,
      seq: BigInt(t * 40 + i),
    })),
  );

  beforeAll(async () => {
    world = await World.create();
    world.hasForgedEvents = true;
    const client = new pg.Client(world.connection);
    await client.connect();
    for (const row of rows) {
      await client.query(
        `INSERT INTO "AuditEvent" (id, transaction, "tenantId", "tenantKey", seq, "prevHash", hash, at, type, action, outcome, "actorKind", "actorId",
           "actorName", "impersonatorId", "impersonatorName", resource, "resourceId", "resourceKey", namespace, "requestId", "patchText")
         VALUES ($1, 1, $2, '', $3, '', '', now(), 'UPDATE', 'x', 'SUCCESS', 'USER', '', '', '', '', 'FLOW', '', '', $4, '', '')`,
        [row['id'], row['tenantId'], row['seq'], row['namespace']],
      );
    }
    await client.end();
  });
  afterAll(() => world.close());

  const question = (): Question => ({
    resource: 'AUDITLOG',
    action: 'READ',
    tenantId: chance.pick(tenants),
    groups: groups.filter(() => chance.coin()),
    kind: chance.pick(['USER', 'USER', 'SERVICE_ACCOUNT'] as const),
    name: chance.pick(names),
    now: new Date(chance.pick(['2026-06-01T11:59:59Z', '2026-06-01T12:00:00Z'])),
    ...(chance.coin() && { ip: chance.pick(['10.1.2.3', '192.0.2.1', '2001:db8::1']) }),
    ...(chance.coin() && { reason: chance.pick(['x', 'xy', 'a.b', 'a_b', '\u{1F600}']) }),
  });

  it(`decides the same about every row, in memory and in lists, over ${sets} policy sets`, async () => {
    const seen = { compared: 0, allowed: 0, refused: 0, filters: 0, everything: 0, nothing: 0 };
    const tried: Record<string, number> = Object.fromEntries(Object.keys(constructs).map((name) => [name, 0]));
    for (let i = 0; i < sets; i += 1) {
      const policies = policySet(chance);
      const text = policies.map((one) => one.text).join('\n');
      for (const [name, pattern] of Object.entries(constructs)) if (pattern.test(text)) tried[name]! += 1;
      const { verdict } = await prepared(plugin, { policies: text, resources: ['AUDITLOG'] });
      const id = `oracle-${i}`;
      expect(cedar.preparsePolicySet(id, { staticPolicies: text })).toEqual({ type: 'success' });
      for (let q = 0; q < 3; q += 1) {
        const asked = question();
        const answer = verdict(asked);
        const where = answer.effect === 'deny' ? (answer.unless as Where | undefined) : {};
        if (answer.effect === 'abstain') seen.everything += 1;
        else if (where === undefined) seen.nothing += 1;
        else {
          seen.filters += 1;
          assertPortable(where, columnsOf('AUDITLOG'));
        }
        const own = rows.filter((row) => row['tenantId'] === asked.tenantId);
        const permitted = own.filter((row) => where !== undefined && matches(where, row));
        const asking = Array.from({ length: askedRows }, () => chance.pick(own));
        for (const row of asking) {
          const expected = oracle(id, policies, asked, row);
          expect(
            permitted.includes(row),
            `seed ${seed}, set ${i}: ${text}\n${JSON.stringify(asked)}\n${JSON.stringify(row['namespace'])} ${JSON.stringify(where)}`,
          ).toBe(expected);
          seen.compared += 1;
          seen[expected ? 'allowed' : 'refused'] += 1;
        }
        if (where === undefined || answer.effect === 'abstain') continue;
        const ids = permitted.map((row) => row['id']);
        const scoped: Where = { AND: [{ tenantId: asked.tenantId! }, where] };
        const listed = await world.db.auditEvent.findMany({
          where: { AND: [{ id: { startsWith: 'row-' } }, scoped as object] },
          select: { id: true },
          orderBy: { seq: 'asc' },
        });
        expect(
          listed.map((one) => one.id),
          text,
        ).toEqual(ids);
        const params: unknown[] = [];
        const condition = toSql(scoped, 'e', params);
        const raw = await world.app.database.pool.query(
          `SELECT id FROM "AuditEvent" e WHERE id LIKE 'row-%' AND ${condition} ORDER BY seq`,
          params,
        );
        expect(raw.rows.map((one: { id: string }) => one.id)).toEqual(ids);
      }
    }
    console.log(JSON.stringify({ ...seen, tried }));
    expect(seen.compared).toBeGreaterThanOrEqual(sets * 3 * askedRows);
    for (const count of [seen.allowed, seen.refused, seen.filters, seen.everything, seen.nothing])
      expect(count).toBeGreaterThan(10);
    for (const [name, count] of Object.entries(tried)) expect(count, name).toBeGreaterThan(3);
  }, 300_000);
});
