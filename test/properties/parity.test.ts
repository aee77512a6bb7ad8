import { createPrismaAbility, prismaQuery } from '@casl/prisma/runtime';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Row } from '../../src/access/grant.ts';
import type { Where } from '../../src/access/where.ts';
import { matcherOf } from '../../src/policy/filter/matcher.ts';
import { matches, toSql } from '../../src/policy/filter/portable.ts';
import { World } from '../support/world.ts';
import {
  Chance,
  decide,
  engineOf,
  filter,
  grants,
  guards,
  holdings,
  oracle,
  principal,
  rows,
  tenantIds,
} from './generate.ts';

const pairsWanted = process.env['SOAK'] === '1' ? 100_000 : 10_000;
const permission = 'AUDITLOG:READ';

describe('a list by the database and a check in memory', () => {
  let world: World;
  let all: Row[];
  const seed = Number(process.env['SEED'] ?? 7);
  const chance = new Chance(seed);

  beforeAll(async () => {
    world = await World.create();
    world.hasForgedEvents = true;
    all = rows(chance, 200);
    const client = new pg.Client(world.connection);
    await client.connect();
    for (const row of all) {
      await client.query(
        `INSERT INTO "AuditEvent" (id, transaction, "tenantId", "tenantKey", seq, "prevHash", hash, at, type, action, outcome, "actorKind", "actorId",
           "actorName", "impersonatorId", "impersonatorName", resource, "resourceId", "resourceKey", namespace, ip, "requestId", "patchText")
         VALUES ($1, 1, $2, '', $3, '', '', $4, 'UPDATE', 'x', $5, 'USER', '', '', '', '', 'FLOW', '', '', $6, $7, '', '')`,
        [row['id'], row['tenantId'], row['seq'], row['at'], row['outcome'], row['namespace'], row['ip']],
      );
    }
    await client.end();
  });
  afterAll(() => world.close());

  const own = { id: { startsWith: 'row-' } };
  const listed = async (where: Where | undefined): Promise<string[]> =>
    (
      await world.db.auditEvent.findMany({
        where: { AND: [own, where === undefined ? {} : (where as object)] },
        select: { id: true },
        orderBy: { seq: 'asc' },
      })
    ).map(({ id }) => id);
  const listedBySql = async (where: Where | undefined): Promise<string[]> => {
    const params: unknown[] = [];
    const condition = where === undefined ? 'TRUE' : toSql(where, 'e', params);
    const { rows: found } = await world.app.database.pool.query(
      `SELECT id FROM "AuditEvent" e WHERE id LIKE 'row-%' AND ${condition} ORDER BY seq`,
      params,
    );
    return found.map(({ id }: { id: string }) => id);
  };

  it(`agree in every implementation, over ${pairsWanted} pairs of a generated ability and a row`, async () => {
    let pairs = 0;
    const seen = {
      reached: 0,
      refused: 0,
      null: 0,
      underscore: 0,
      percent: 0,
      dash: 0,
      dot: 0,
      upperCase: 0,
      equalInstant: 0,
      astral: 0,
    };
    while (pairs < pairsWanted) {
      const policies = [...guards(chance), ...grants(chance)].map(({ policy }) => policy);
      const who = principal({ holdings: holdings(chance, permission, 5) });
      const { outcome } = decide(engineOf(policies), who, permission, chance.pick(tenantIds));
      if (outcome.effect !== 'allow') {
        seen.refused += 1;
        continue;
      }
      const { where } = outcome;
      const inMemory = all.filter((row) => where === undefined || matches(where, row)).map((row) => row['id']);
      expect(
        await listed(where),
        `seed ${seed}, pair ${pairs}: ${JSON.stringify(where, (_k, v) => (typeof v === 'bigint' ? String(v) : v))}`,
      ).toEqual(inMemory);
      expect(await listedBySql(where)).toEqual(inMemory);
      expect(all.filter((row) => where === undefined || matcherOf(where)(row)).map((row) => row['id'])).toEqual(
        inMemory,
      );
      expect(all.filter((row) => where === undefined || oracle(where, row)).map((row) => row['id'])).toEqual(inMemory);
      pairs += all.length;
      seen.reached += inMemory.length;
      const text = JSON.stringify(where ?? {}, (_k, v) => (typeof v === 'bigint' ? String(v) : v));
      if (text.includes('null')) seen.null += 1;
      if (text.includes('a_b')) seen.underscore += 1;
      if (text.includes('a%b')) seen.percent += 1;
      if (text.includes('a-b')) seen.dash += 1;
      if (text.includes('"a."')) seen.dot += 1;
      if (text.includes('"A')) seen.upperCase += 1;
      if (text.includes('\u{1F600}') || text.includes('\uffee')) seen.astral += 1;
      if (text.includes('2026-01-01T00:00:00.000Z')) seen.equalInstant += 1;
    }
    console.log(`parity: ${pairs} pairs, seed ${seed}, coverage ${JSON.stringify(seen)}`);
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(0);
  }, 1_200_000);

  it('control: plain @casl/prisma contradicts itself on the same rows', async () => {
    const disagreements: string[] = [];
    const stock: [string, Record<string, unknown>][] = [
      ['LIKE wildcards', { namespace: { startsWith: 'a_' } }],
      ['LIKE percent', { namespace: { contains: '%' } }],
      ['negation over null', { NOT: { ip: '10.0.0.1' } }],
      ['not over null', { ip: { not: '10.0.0.1' } }],
      ['range over null', { ip: { lt: 'z' } }],
    ];
    for (const [name, where] of stock) {
      const ability = createPrismaAbility<any>([{ action: 'read', subject: 'AuditEvent', conditions: where as never }]);
      expect(ability.rules).toHaveLength(1);
      const check = prismaQuery(where as never);
      const inMemory = all.filter((row) => check(row)).map((row) => row['id']);
      const inDatabase = (
        await world.db.auditEvent.findMany({
          where: { AND: [own, where] },
          select: { id: true },
          orderBy: { seq: 'asc' },
        })
      ).map(({ id }) => id);
      if (JSON.stringify(inMemory) !== JSON.stringify(inDatabase)) disagreements.push(name);
    }
    expect(disagreements).toEqual(stock.map(([name]) => name));
  });

  it('control: an empty OR, as for an actor without rules, and undefined match every row', async () => {
    const nothing = { OR: [] };
    expect(await world.db.auditEvent.count({ where: { AND: [own, nothing] } })).toBe(all.length);
    expect(await world.db.auditEvent.count({ where: { AND: [own, { tenantId: undefined as never }] } })).toBe(
      all.length,
    );
    // The engine refuses if nothing is reachable; in a list over several scopes it uses an empty `in`.
    expect(await world.db.auditEvent.count({ where: { AND: [own, { id: { in: [] } }] } })).toBe(0);
  });

  it('evaluate a random filter as the oracle does', () => {
    for (let i = 0; i < 2_000; i += 1) {
      const where = filter(chance, 3);
      for (const row of all.slice(0, 40)) {
        expect(matches(where, row)).toBe(oracle(where, row));
        expect(matcherOf(where)(row)).toBe(oracle(where, row));
      }
    }
  });
});
