import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeCheckpoints, newestCheckpoints } from '../../src/audit/checkpoints.ts';
import { chainHash, contentOf, digestOf } from '../../src/audit/event.ts';
import { type SignedStatement, signStatement } from '../../src/audit/statement.ts';
import { verifyStore } from '../../src/audit/verify-store.ts';
import { deriveKeys } from '../../src/auth/keys.ts';
import type { AuditEvent, Tenant } from '../../src/db/generated/client.ts';
import { pruneAudit } from '../../src/resources/governance/audit-log/retention.ts';
import { World } from '../support/world.ts';

describe('a writer of the tables of the audit log', () => {
  let world: World;
  let main: Tenant;
  let other: Tenant;
  /** Kept elsewhere, out of the writer's reach. */
  let kept: SignedStatement[];
  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    other = await world.tenant('other');
    for (let i = 0; i < 10; i += 1) await world.namespace(main, `company.n${i}`);
    await world.namespace(other, 'company');
    const root = world.root();
    await root.run(
      'mutation { createGroup(input: { tenantKey: "main", name: "x", reason: "ein Grund: „ünïcode“ \\u2028 \\"…\\"" }) { group { id } } }',
    );
    await root.run('{ tenant(key: "main") { auditEvents { totalCount } } }');
    await makeCheckpoints(world.db, world.app.services.keys.signing[0]);
    kept = await newestCheckpoints(world.db);
    await sql(`
      ALTER TABLE "AuditEvent" DISABLE TRIGGER ALL;
      CREATE TABLE events AS SELECT * FROM "AuditEvent";
      CREATE TABLE heads AS SELECT * FROM "AuditHead";
      CREATE TABLE checkpoints AS SELECT * FROM "AuditCheckpoint";
    `);
  });
  afterEach(() =>
    sql(`
      DELETE FROM "AuditEvent"; INSERT INTO "AuditEvent" SELECT * FROM events;
      DELETE FROM "AuditHead"; INSERT INTO "AuditHead" SELECT * FROM heads;
      DELETE FROM "AuditCheckpoint"; INSERT INTO "AuditCheckpoint" SELECT * FROM checkpoints;
      DELETE FROM "AuditTombstone";
    `),
  );
  afterAll(() => world.close());

  const sql = async (statements: string): Promise<void> => {
    for (const statement of statements.split(';')) if (statement.trim()) await world.db.$executeRawUnsafe(statement);
  };
  /** Returns what verifying the store finds, as "KIND seq". */
  async function found(checkpoints: readonly SignedStatement[] = kept, chain = main.id): Promise<string[]> {
    const all: string[] = [];
    for await (const { tenantId, faults } of verifyStore(
      world.connection,
      world.app.services.keys.signing,
      checkpoints,
    ))
      all.push(
        ...faults.map(
          ({ kind, seq }) => `${kind}${seq === undefined ? '' : ` ${seq}`}${tenantId === chain ? '' : ' elsewhere'}`,
        ),
      );
    return all;
  }
  const event = (seq: number, chain = main.id): Promise<AuditEvent> =>
    world.db.auditEvent.findFirstOrThrow({ where: { tenantId: chain, seq } });
  const last = async (): Promise<number> =>
    Number((await world.db.auditHead.findFirstOrThrow({ where: { tenantId: main.id } })).seq);
  const here = () => `"tenantId" = '${main.id}'`;

  /** The control: the obvious design, a checksum of each row. */
  async function naive(): Promise<number> {
    const sums = await world.db.$queryRaw<{ id: string; digest: string }[]>`SELECT id, hash AS digest FROM events`;
    const known = new Map(sums.map(({ id, digest }) => [id, digest]));
    const rows = await world.db.auditEvent.findMany();
    return rows.filter(({ id, prevHash, seq, hash, ...content }) => {
      const own = chainHash(prevHash, seq, digestOf(contentOf({ id, ...content } as never)));
      return known.has(id) && own !== hash;
    }).length;
  }

  /** Rewrites a chain from `from` on with consistent hashes, as a patient attacker does. */
  async function rehash(from: number): Promise<void> {
    const events = await world.db.auditEvent.findMany({ where: { tenantId: main.id }, orderBy: { seq: 'asc' } });
    let previous = from === 1 ? '0'.repeat(64) : events[from - 2]!.hash;
    for (const one of events.slice(from - 1)) {
      const hash = chainHash(previous, one.seq, digestOf(contentOf(one as never)));
      await world.db.$executeRaw`UPDATE "AuditEvent" SET "prevHash" = ${previous}, hash = ${hash} WHERE id = ${one.id}`;
      previous = hash;
    }
    await world.db
      .$executeRaw`UPDATE "AuditHead" SET hash = ${previous}, seq = ${events.at(-1)!.seq} WHERE "tenantId" = ${main.id}`;
  }

  it('triggers no finding without changes', async () => {
    expect(await found()).toEqual([]);
    expect(await last()).toBeGreaterThan(10);
  });

  const values: Record<string, string> = {
    at: "at + interval '1 millisecond'",
    outcome: "CASE outcome WHEN 'DENIED' THEN 'SUCCESS' ELSE 'DENIED' END",
    patch: `'[{"op": "add", "path": "", "value": {}}]'::jsonb`,
    revertPatch: 'NULL',
    details: `'{"note": 1}'::jsonb`,
    ip: "'203.0.113.9'",
    prevHash: "repeat('a', 64)",
    hash: "repeat('b', 64)",
    id: "id || 'x'",
  };
  it.each([
    'id',
    'tenantKey',
    'prevHash',
    'hash',
    'at',
    'type',
    'action',
    'outcome',
    'actorKind',
    'actorId',
    'actorName',
    'impersonatorId',
    'impersonatorName',
    'resource',
    'resourceId',
    'resourceKey',
    'namespace',
    'ip',
    'requestId',
    'decisionId',
    'policy',
    'reason',
    'patch',
    'revertPatch',
    'patchText',
    'details',
  ])('cannot change %s of an event unnoticed', async (column) => {
    await sql(
      `UPDATE "AuditEvent" SET "${column}" = ${values[column] ?? `'x' || COALESCE("${column}", '')`} WHERE ${here()} AND seq = 5`,
    );
    expect(await found()).toContain('CHANGED 5');
  });

  it('cannot delete one event, or the first ones, unnoticed; a checksum of each row misses it', async () => {
    await sql(`DELETE FROM "AuditEvent" WHERE ${here()} AND seq = 5`);
    expect(await found()).toEqual(['MISSING 6']);
    await sql(`DELETE FROM "AuditEvent" WHERE ${here()} AND seq < 5`);
    expect(await found()).toEqual(['MISSING 6']);
    expect(await naive()).toBe(0);
  });

  it('cannot swap two events unnoticed', async () => {
    await sql(`UPDATE "AuditEvent" SET seq = -1 WHERE ${here()} AND seq = 5;
      UPDATE "AuditEvent" SET seq = 5 WHERE ${here()} AND seq = 6; UPDATE "AuditEvent" SET seq = 6 WHERE ${here()} AND seq = -1`);
    expect(await found()).toEqual(['BROKEN 5', 'CHANGED 5', 'BROKEN 6', 'CHANGED 6', 'BROKEN 7']);
  });

  it('cannot insert an event unnoticed, neither in the middle nor at the end', async () => {
    const end = await last();
    const { ordinal: _ordinal, ...forged } = await event(end);
    const hash = chainHash(forged.hash, end + 1, digestOf(contentOf({ ...forged, id: 'forged' } as never)));
    await world.db.auditEvent.create({
      data: { ...forged, id: 'forged', seq: end + 1, prevHash: forged.hash, hash } as never,
    });
    expect(await found()).toEqual([`REWRITTEN ${end}`]);
    await sql(`DELETE FROM "AuditEvent" WHERE id = 'forged'`);
    await sql(
      `UPDATE "AuditEvent" SET seq = seq + 1000 WHERE ${here()} AND seq > 5; UPDATE "AuditEvent" SET seq = seq - 999 WHERE ${here()} AND seq > 1000`,
    );
    await world.db.auditEvent.create({
      data: { ...forged, id: 'forged', seq: 6, prevHash: forged.hash, hash } as never,
    });
    expect(await found()).toEqual(expect.arrayContaining(['BROKEN 6', 'CHANGED 6', 'CHANGED 7']));
  });

  it('cannot move an event in from another tenant unnoticed', async () => {
    const end = await last();
    await sql(`UPDATE "AuditEvent" SET ${here()}, seq = ${end + 1} WHERE "tenantId" = '${other.id}' AND seq = 3`);
    expect(await found()).toEqual(
      expect.arrayContaining([`BROKEN ${end + 1}`, `CHANGED ${end + 1}`, 'MISSING 4 elsewhere']),
    );
  });

  it('cannot truncate the end unnoticed: the head reveals it, and a checkpoint if the head was changed too', async () => {
    const end = await last();
    await sql(`DELETE FROM "AuditEvent" WHERE ${here()} AND seq > ${end - 3}`);
    expect(await found([])).toContain(`TRUNCATED ${end}`);
    const { hash } = await event(end - 3);
    await sql(`UPDATE "AuditHead" SET seq = ${end - 3}, hash = '${hash}' WHERE ${here()}`);
    expect(await found([])).toEqual([`TRUNCATED ${end}`]);
    // If the checkpoints of the store are removed as well, only those kept elsewhere reveal it.
    await sql('DELETE FROM "AuditCheckpoint"');
    expect(await found([])).toEqual([]);
    expect(await found()).toEqual([`TRUNCATED ${end}`]);
  });

  it('cannot rewrite the whole chain unnoticed: a checkpoint has the former hash', async () => {
    await sql(`UPDATE "AuditEvent" SET reason = 'another story' WHERE ${here()} AND seq = 5`);
    await rehash(5);
    await sql('DELETE FROM "AuditCheckpoint"');
    expect(await found([])).toEqual([]);
    expect(await found()).toEqual([`REWRITTEN ${await last()}`]);
  });

  it('cannot remove a chain unnoticed', async () => {
    const end = await last();
    await sql(`DELETE FROM "AuditEvent" WHERE ${here()}; DELETE FROM "AuditHead" WHERE ${here()}`);
    expect(await found([])).toEqual([`TRUNCATED ${end}`]);
    await sql('DELETE FROM "AuditCheckpoint"');
    expect(await found()).toEqual([`TRUNCATED ${end}`]);
    await sql(`DELETE FROM "AuditHead"`);
    expect((await found()).filter((fault) => !fault.startsWith('TRUNCATED'))).toEqual([
      `REWRITTEN 0 elsewhere`,
      `REWRITTEN 0 elsewhere`,
    ]);
  });

  it('cannot forge a signature of a gateway', async () => {
    const end = await last();
    await sql(`UPDATE "AuditCheckpoint" SET hash = repeat('c', 64) WHERE ${here()}`);
    expect(await found([])).toEqual([`UNPROVEN ${end}`]);
    const stranger = deriveKeys('the master key of another installation').signing[0];
    const forged = signStatement(stranger, {
      kind: 'checkpoint',
      tenantId: main.id,
      seq: BigInt(end),
      hash: 'd'.repeat(64),
      at: new Date().toISOString(),
    });
    await sql('DELETE FROM "AuditCheckpoint"');
    expect(await found([forged])).toEqual([`UNPROVEN ${end}`]);
    // A tombstone without a gateway's signature excuses nothing.
    const { hash } = await event(5);
    const { keyId, signature } = signStatement(stranger, {
      kind: 'tombstone',
      tenantId: main.id,
      seq: 5n,
      hash,
      at: new Date().toISOString(),
    });
    await sql(`INSERT INTO "AuditTombstone" VALUES ('${main.id}', 5, '${hash}', now(), '${keyId}', '${signature}', 0, 0);
      DELETE FROM "AuditEvent" WHERE ${here()} AND seq <= 5`);
    expect(await found([])).toEqual(['UNPROVEN 5', 'MISSING 6']);
    // Neither does a checkpoint in its place.
    const real = signStatement(world.app.services.keys.signing[0], {
      kind: 'checkpoint',
      tenantId: main.id,
      seq: 5n,
      hash,
      at: '2026-01-01T00:00:00.000Z',
    });
    await sql(
      `UPDATE "AuditTombstone" SET "keyId" = '${real.keyId}', signature = '${real.signature}', at = '2026-01-01T00:00:00Z'`,
    );
    expect(await found([])).toEqual(['UNPROVEN 5', 'MISSING 6']);
  });

  it('cannot hide a deletion behind a pruning by the gateway, which verifies as intact', async () => {
    const end = await last();
    const day = 86_400_000;
    const removed = await pruneAudit(world.app.store, world.app.services.keys, {
      keepDays: 1,
      slackMs: 0,
      now: Date.now() + day,
    });
    expect(removed).toBeGreaterThan(end);
    expect(await found()).toEqual([]);
    const tombstone = await world.db.auditTombstone.findFirstOrThrow({ where: { tenantId: main.id } });
    expect(Number(tombstone.seq)).toBe(end);
    const rest = await world.db.auditEvent.findMany({ where: { tenantId: main.id } });
    expect(rest).toMatchObject([
      {
        seq: BigInt(end + 1),
        action: 'auditlog.prune',
        type: 'DELETE',
        actorKind: 'SYSTEM',
        details: { events: end, from: '1', upTo: String(end) },
      },
    ]);
    await sql(`DELETE FROM "AuditEvent" WHERE ${here()}`);
    expect(await found()).toEqual([`TRUNCATED ${end + 1}`]);
  });
});
