import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group, Tenant } from '../../src/db/generated/client.ts';
import { changeRow } from '../../src/db/rows/change.ts';
import { rowsOf } from '../../src/db/rows/rows.ts';
import { isDuplicate, stateOf } from '../../src/db/sql-state.ts';
import { inTransaction, type Store } from '../../src/db/transaction.ts';
import { readSql, statementsOf } from '../../src/db/tx.ts';
import { World } from '../support/world.ts';

describe('a transaction', () => {
  let world: World;
  let store: Store;
  let tenant: Tenant;
  let group: Group;
  beforeAll(async () => {
    world = await World.create();
    store = world.app.store;
    tenant = await world.tenant('main');
    group = await world.group(tenant, 'people');
    await world.group(tenant, 'others');
  });
  afterAll(() => world.close());

  const described = async () => (await world.db.group.findUniqueOrThrow({ where: { id: group.id } })).description;
  const busy = () => world.app.database.pool.totalCount - world.app.database.pool.idleCount;
  const describeSql = (text: string) => ({
    text: 'UPDATE "Group" SET description = $2 WHERE id = $1',
    values: [group.id, text],
  });
  const read = { text: 'SELECT 1 AS one' };

  /** A store whose connections fail to begin a transaction. */
  function withoutBegin(): Store {
    const connect = async () => {
      const client = await store.pool.connect();
      const own = client.query;
      const query = (query: string | pg.QueryConfig, ...rest: unknown[]) =>
        Reflect.apply(own, client, [query === 'BEGIN' ? 'SELECT 1/0' : query, ...rest]);
      const release = client.release.bind(client);
      return Object.assign(client, {
        query,
        release: (isBroken?: boolean) => {
          Object.assign(client, { query: own });
          release(isBroken);
        },
      });
    };
    return { ...store, pool: { connect } as unknown as pg.Pool };
  }

  it('writes nothing if it could not begin', async () => {
    const failing = withoutBegin();
    const works = [
      inTransaction(failing, (tx) => statementsOf(tx).write(describeSql('first'))),
      inTransaction(failing, async (tx) => {
        await statementsOf(tx).read(read);
        await statementsOf(tx).write(describeSql('after a read'));
      }),
      inTransaction(failing, async (tx) => {
        const one = statementsOf(tx).read(read);
        await Promise.all([one, statementsOf(tx).write(describeSql('with a read'))]);
      }),
    ];
    for (const outcome of await Promise.allSettled(works))
      expect(stateOf((outcome as PromiseRejectedResult).reason)).toBe('22012');
    expect(await described()).toBeNull();
    expect(busy()).toBe(0);
  });

  it('reports the error of a write that it did not wait for, at the next statement or at COMMIT', async () => {
    const rename = { name: 'others', nameKey: 'others', description: 'renamed' };
    const fails = (then: (tx: Parameters<Parameters<typeof inTransaction>[1]>[0]) => Promise<unknown>) =>
      inTransaction(store, async (tx) => {
        const before = (await rowsOf(tx).locked('Group', group.id)) as Group & Record<string, unknown>;
        expect((await changeRow(tx, 'Group', before, rename)).name).toBe('others');
        await then(tx);
      }).catch((error: unknown) => error);
    for (const then of [
      async () => undefined,
      (tx) => statementsOf(tx).read(read),
      (tx) => tx.$queryRaw`SELECT 1`,
    ] as Parameters<typeof fails>[0][])
      expect(isDuplicate(await fails(then))).toBe(true);
    expect(await described()).toBeNull();
  });

  it('fails if its work ignores an error of the database', async () => {
    const work = inTransaction(store, async (tx) => {
      await statementsOf(tx).write(describeSql('kept'));
      await tx.$queryRaw`SELECT 1/0`.catch(() => undefined);
    });
    await expect(work).rejects.toThrow('aborted');
    expect(await described()).toBeNull();
  });

  it('ends at its time limit: later statements are refused, and its connection is free', async () => {
    const work = inTransaction(
      store,
      async (tx) => {
        await tx.group.update({ where: { id: group.id }, data: { description: 'late' } });
        await sleep(150);
        expect(busy()).toBe(0);
        await statementsOf(tx).write(describeSql('later'));
      },
      { timeoutMs: 50 },
    );
    expect(stateOf(await work.catch((error: unknown) => error))).toBe('P2028');
    expect(await described()).toBeNull();
  });

  it('is one for the driver and for Prisma, and is undone as a whole', async () => {
    const seen = await inTransaction(
      store,
      async (tx) => {
        await tx.group.update({ where: { id: group.id }, data: { description: 'by Prisma' } });
        const [row] = await readSql<Group>(tx, { text: 'SELECT * FROM "Group" WHERE id = $1', values: [group.id] });
        await statementsOf(tx).write(describeSql('by the driver'));
        const found = await tx.group.findUniqueOrThrow({ where: { id: group.id } });
        return [row!.description, found.description];
      },
      { dryRun: true },
    );
    expect(seen).toEqual(['by Prisma', 'by the driver']);
    expect(await described()).toBeNull();
  });

  it('starts again if a kept statement is outdated', async () => {
    const work = () => inTransaction(store, (tx) => rowsOf(tx).locked('Blueprint', 'none'));
    await Promise.all(Array.from({ length: 4 }, work));
    await store.pool.query('ALTER TABLE "Blueprint" ALTER COLUMN "description" TYPE varchar(100)');
    try {
      await Promise.all(Array.from({ length: 4 }, work));
    } finally {
      await store.pool.query('ALTER TABLE "Blueprint" ALTER COLUMN "description" TYPE text');
    }
  });
});
