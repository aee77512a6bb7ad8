import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Prisma } from '../../src/db/generated/client.ts';
import { getDatamodel } from '../../src/db/generated/pothos.ts';
import { changeRow } from '../../src/db/rows/change.ts';
import { type Model, modelOf } from '../../src/db/rows/model.ts';
import { type Row, Rows, rowsOf, runOn } from '../../src/db/rows/rows.ts';
import { orderedByNamespace, reachOf, selectByNamespaces } from '../../src/db/rows/sparse.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { lowerFirst } from '../../src/lib/text.ts';
import { Chance } from '../properties/generate.ts';
import { Stage } from './stage.ts';

const perModel = process.env['SOAK'] === '1' ? 3_000 : 25;
const seed = Number(process.env['SEED'] ?? 11);

interface Delegate {
  findMany(args: object): Promise<Row[]>;
  count(args: object): Promise<number>;
  findUniqueOrThrow(args: object): Promise<Row>;
}

describe("rows read by the gateway's own SQL", () => {
  let stage: Stage;
  const names = Object.keys((getDatamodel() as any).datamodel.models);
  const samples = new Map<string, Row[]>();
  const chance = new Chance(seed);
  const delegateOf = (db: object, model: string) => (db as Record<string, Delegate>)[lowerFirst(model)]!;
  const delegate = (model: string) => delegateOf(stage.world.db, model);

  beforeAll(async () => {
    stage = await Stage.create();
    for (const name of names) samples.set(name, await delegate(name).findMany({ take: 50 }));
  });
  afterAll(() => stage.world.close());

  /** A value of the column in a stored row, or a similar one. */
  function storedValue(name: string, column: string): unknown {
    const stored = samples.get(name)!.map((row) => row[column]);
    const value = stored.length > 0 ? chance.pick(stored) : undefined;
    return value ?? undefined;
  }

  function comparison(model: Model, column: string): unknown {
    const { type, nullable, list } = model.columns.get(column)!;
    if (type === 'Bytes') return undefined;
    const value = storedValue(model.name, column);
    if (type === 'Json') {
      const [member] = Object.entries(list || Array.isArray(value) ? {} : ((value as object | undefined) ?? {}));
      if (typeof member?.[1] !== 'string' && typeof member?.[1] !== 'number') return undefined;
      return { path: [member[0]], equals: chance.coin() ? member[1] : 'none' };
    }
    if (list) {
      const items = (value as unknown[] | undefined) ?? [];
      if (type !== 'String') return undefined;
      const some = items.length > 0 ? [chance.pick(items)] : ['none'];
      return chance.pick([{ hasEvery: some }, { hasSome: some }, { has: some[0] }, { hasEvery: [] }]);
    }
    if (nullable && chance.coin(0.25)) return chance.pick([null, { not: null }, { equals: null }]);
    if (value === undefined) return undefined;
    if (type === 'Boolean') return chance.pick([value, { not: value }, { equals: value }]);
    const other = storedValue(model.name, column) ?? value;
    const shared = [
      value,
      { in: [value, other] },
      { in: [] },
      { notIn: [value] },
      { not: value },
      { gte: value },
      { lt: value },
      { gt: value, lte: other },
    ];
    if (type !== 'String') return chance.pick(shared);
    const text = String(value);
    const part = text.slice(chance.below(text.length), chance.below(text.length) + 3).replace(/[\\%_]/g, '\\$&');
    return chance.pick([
      ...shared,
      { contains: part },
      { contains: part.toUpperCase(), mode: 'insensitive' },
      { startsWith: part },
      { endsWith: part },
      { gte: `${text}.`, lt: `${text}/` },
    ]);
  }

  /** Never empty, nor with an empty part: Prisma drops those, here they match every row or none. */
  function condition(model: Model, depth = 0): Record<string, unknown> {
    const kind = depth > 2 ? 0 : chance.below(10);
    const list = () => Array.from({ length: 1 + chance.below(3) }, () => condition(model, depth + 1));
    if (kind === 1) return { AND: list() };
    if (kind === 2) return { OR: list() };
    if (kind === 3) return { NOT: { AND: list() } };
    if (kind === 5) return { NOT: list() };
    const texts = [...model.columns].filter(([, { type, list: isList }]) => type === 'String' && !isList);
    if (kind === 6 && texts.length > 0) {
      const [column] = chance.pick(texts);
      const names = Array.from({ length: 6 }, (_, i) => ({ [column]: storedValue(model.name, column) ?? `none ${i}` }));
      return chance.coin() ? { OR: names } : { NOT: { OR: names } };
    }
    if (kind === 4 && model.relations.size > 0) {
      const [name, relation] = chance.pick([...model.relations]);
      const inner = condition(modelOf(relation.model), depth + 2);
      return { [name]: relation.list ? { some: inner } : inner };
    }
    for (;;) {
      const column = chance.pick([...model.columns.keys()]);
      const compared = comparison(model, column);
      if (compared !== undefined) return { [column]: compared };
      if (samples.get(model.name)!.length === 0) return { [[...model.columns.keys()][0]!]: { in: [] } };
    }
  }

  const text = (value: unknown) => JSON.stringify(value, (_k, v) => (typeof v === 'bigint' ? `${v}n` : v));

  it.each(names)('equal those of Prisma under every condition: %s', async (name) => {
    const model = modelOf(name);
    const key = model.columns.has('id') ? 'id' : [...model.columns.keys()][0]!;
    const reader = rowsOf(stage.world.db);
    // The reader of a transaction sends the same statements by Prisma's driver.
    const inside = new Rows(async ({ text: sql, values, columns }) =>
      (await stage.world.db.$queryRawUnsafe<Row[]>(sql, ...values)).map((row) => columns.map((column) => row[column])),
    );
    const sorted = (rows: readonly Row[]) => rows.map((row) => text(row)).sort();
    let found = 0;
    for (let i = 0; i < perModel; i += 1) {
      const where = condition(model);
      const note = `seed ${seed}, condition ${i}: ${text(where)}`;
      const expected = await delegate(name).findMany({ where });
      found += expected.length;
      expect(sorted(await reader.find({ model: name, where })), note).toEqual(sorted(expected));
      expect(await reader.count({ model: name, where }), note).toBe(expected.length);
      if (i % 5 > 0) continue;
      expect(sorted(await inside.find({ model: name, where })), note).toEqual(sorted(expected));
      const columns = [key, ...[...model.columns.keys()].filter(() => chance.coin(0.3))];
      const page = { where, orderBy: { [key]: 'desc' }, take: 3 } as const;
      const select = Object.fromEntries(columns.map((column) => [column, true]));
      expect(
        await reader.find({ model: name, where, columns: [...new Set(columns)], order: [[key, 'desc']], take: 3 }),
        note,
      ).toEqual(await delegate(name).findMany({ ...page, select }));
    }
    if ((samples.get(name)?.length ?? 0) > 0) expect(found).toBeGreaterThan(0);
  });

  it('have the relations of the foreign keys', async () => {
    const { rows: keys } = await stage.world.app.database.pool.query(
      `SELECT conrelid::regclass::text AS own, confrelid::regclass::text AS other,
         ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY k(n, i) JOIN pg_attribute ON attrelid = conrelid AND attnum = n ORDER BY i) AS columns,
         ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY k(n, i) JOIN pg_attribute ON attrelid = confrelid AND attnum = n ORDER BY i) AS referenced
       FROM pg_constraint WHERE contype = 'f'`,
    );
    const inDatabase = new Set(
      keys.flatMap(({ own, other, columns, referenced }) => {
        const strip = (name: string) => name.replaceAll('"', '');
        const pairs = columns.map((column: string, i: number) => `${column}=${referenced[i]}`);
        return `${strip(own)} ${strip(other)} ${pairs.sort().join()}`;
      }),
    );
    const declared = names.flatMap((name) =>
      [...modelOf(name).relations.values()]
        .filter(({ list }) => !list)
        .map(
          ({ model, pairs }) =>
            `${name} ${model} ${pairs
              .map(([own, other]) => `${own}=${other}`)
              .sort()
              .join()}`,
        ),
    );
    const reversed = (key: string) => {
      const [own, other, pairs = ''] = key.split(' ');
      const turned = pairs.split(',').map((pair) => pair.split('=').reverse().join('='));
      return `${other} ${own} ${turned.sort().join()}`;
    };
    expect(declared.length).toBeGreaterThan(20);
    expect(declared.filter((key) => !inDatabase.has(key) && !inDatabase.has(reversed(key)))).toEqual([]);
  });

  it('load in one statement for many parents, equal to those of each alone', async () => {
    const reader = rowsOf(stage.world.db);
    const flows = await stage.world.db.flow.findMany();
    const parents = flows.map(({ id }) => ({ flowKey: id }));
    const selection = { model: 'Trigger', where: {}, order: [['id', 'desc']], take: 2 } as const;
    const together = await reader.pages(selection, parents);
    const alone = await Promise.all(parents.map(async (parent) => (await reader.pages(selection, [parent]))[0]));
    expect(together).toEqual(alone);
    expect(together.flat().length).toBeGreaterThan(0);
    const counts = await reader.counts({ model: 'Trigger', where: {} }, parents);
    expect(counts).toEqual(
      await Promise.all(flows.map(({ id }) => stage.world.db.trigger.count({ where: { flowKey: id } }))),
    );
    const several = flows.map(({ tenantId, namespace, flowId }) => ({ tenantId, namespace, flowId }));
    expect(await reader.pages(selection, several)).toEqual(
      await Promise.all(several.map(async (parent) => (await reader.pages(selection, [parent]))[0])),
    );
  });

  it('are the same whether names are compared one by one or by a hash', async () => {
    const reader = rowsOf(stage.world.db);
    const namespaces = (await stage.world.db.namespace.findMany()).map(({ namespace }) => namespace);
    const invented = Array.from({ length: 20 }, (_, i) => `none.n${i}`);
    for (let i = 0; i < 30; i += 1) {
      const roots = namespaces.filter(() => chance.coin(0.4));
      const within = (name: string) => ({
        OR: [{ namespace: name }, { namespace: { gte: `${name}.`, lt: `${name}/` } }],
      });
      const few = { OR: [{ id: 'none' }, ...roots.map(within)] };
      const many = { OR: [{ id: 'none' }, ...[...roots, ...invented].map(within)] };
      for (const model of ['Namespace', 'Flow', 'Trigger', 'Execution'])
        expect(await reader.count({ model, where: many })).toBe(await delegate(model).count({ where: few }));
    }
  });

  it('are the same in a page that is read in order, by namespace, or compared in memory', async () => {
    const plain = rowsOf(stage.world.db);
    const byNamespace = new Rows(runOn(stage.world.app.database.pool), -2);
    const inside = new Rows(async ({ text: sql, values, columns }) =>
      (await stage.world.db.$queryRawUnsafe<Row[]>(sql, ...values)).map((row) => columns.map((column) => row[column])),
    );
    const inMemory = new Rows(runOn(stage.world.app.database.pool), 20_000, 0);
    const namespaces = (await stage.world.db.namespace.findMany()).map(({ namespace }) => namespace);
    const within = (name: string) => ({
      OR: [{ namespace: name }, { namespace: { gte: `${name}.`, lt: `${name}/` } }],
    });
    const { id: tenantId } = stage.a;
    let found = 0;
    for (const model of Object.keys(orderedByNamespace))
      for (let i = 0; i < 20; i += 1) {
        const names = [...namespaces.filter(() => chance.coin(0.3)), 'company', 'none'].slice(0, 1 + chance.below(8));
        const parts = names.map((name) => (chance.coin(0.2) ? { namespace: name } : within(name)));
        const others = chance.coin() ? [{ tenantId }] : [];
        const column = orderedByNamespace[model]!;
        const ids = (await plain.find({ model, where: { tenantId }, columns: ['id'] })).map(({ id }) => id);
        const selection = {
          model,
          reach: others.length > 0 ? { AND: [...others, { OR: parts }] } : { OR: parts },
          where: column === 'id' && chance.coin() ? { id: { gt: chance.pick(ids) } } : {},
          order:
            column === 'id'
              ? ([['id', 'asc']] as const)
              : ([
                  [column, 'desc'],
                  ['id', 'desc'],
                ] as const),
          take: 1 + chance.below(4),
          isKept: true,
        };
        const [expected] = await plain.pages({ ...selection, isKept: false }, [{ tenantId }]);
        const reach = reachOf(selection, { tenantId })!;
        const statement = selectByNamespaces({ ...selection, columns: [...new Set(['id', column])] }, reach);
        const ofEach = await runOn(stage.world.app.database.pool)(statement);
        expect(ofEach.map(([id]) => id)).toEqual(expected!.map(({ id }) => id));
        expect(await byNamespace.pages(selection, [{ tenantId }])).toEqual([expected]);
        expect(await inMemory.pages(selection, [{ tenantId }])).toEqual([expected]);
        // More names than the database plans for.
        const invented = Array.from({ length: 20 }, (_, n) => `none.n${n}`);
        const wide = { ...selection, reach: { AND: [...others, { OR: [...parts, ...invented.map(within)] }] } };
        expect(await byNamespace.counts(wide, [{ tenantId }])).toEqual(await plain.counts(selection, [{ tenantId }]));
        const listed = { namespace: { in: [...names, ...invented] } };
        expect(await byNamespace.counts({ ...selection, reach: listed }, [{ tenantId }])).toEqual([
          await inside.count({ model, where: { AND: [{ tenantId }, listed, selection.where] } }),
        ]);
        const wanted = ids.map((id) => ({ id: id as string }));
        const [single, compared] = await Promise.all(
          [plain, inMemory].map((rows) => rows.byNames({ model, where: selection.reach, columns: ['id'] }, wanted)),
        );
        expect(compared!.map(({ id }) => id).sort()).toEqual(single!.map(({ id }) => id).sort());
        found += expected!.length;
      }
    expect(found).toBeGreaterThan(20);
  });

  it('are known after a change: as the database stores it', async () => {
    let known = 0;
    for (const name of names.filter((one) => modelOf(one).columns.has('id') && one !== 'AuditEvent')) {
      const { id, ...values } = samples.get(name)![0] ?? { id: undefined };
      if (id === undefined) continue;
      const isJson = (column: string) => modelOf(name).columns.get(column)!.type === 'Json';
      const plain = Object.fromEntries(Object.entries(values).filter(([column]) => !isJson(column)));
      const json = Object.fromEntries(Object.entries(values).filter(([column]) => isJson(column)));
      const changes = [plain, { ...json, ...plain }].filter((one) => !Object.values(one).includes(undefined));
      for (const change of changes)
        await inTransaction(
          stage.world.app.store,
          async (tx) => {
            const before = (await rowsOf(tx).locked(name, String(id))) as never;
            const nulls = Object.entries(change).map(([column, value]) => [
              column,
              value === null && isJson(column) ? Prisma.DbNull : value,
            ]);
            const after = await changeRow(tx, name as never, before, Object.fromEntries(nulls) as never);
            const stored = await delegateOf(tx, name).findUniqueOrThrow({ where: { id } });
            expect({ ...(after as object) }).toEqual(stored);
            known += 1;
          },
          { dryRun: true },
        );
    }
    expect(known).toBeGreaterThan(25);
  });

  it('are refused under conditions that Prisma would read as every row, or with unknown names', async () => {
    const reader = rowsOf(stage.world.db);
    for (const where of [
      { id: undefined },
      { none: 1 },
      { id: { near: 1 } },
      { id: { in: undefined } },
      { triggers: { some: {}, none: {} } },
      { triggers: { every: {} } },
    ])
      await expect((async () => reader.find({ model: 'Flow', where }))()).rejects.toThrow(/Flow/);
  });

  it('are read by kept statements after a migration has changed the type of a column', async () => {
    const { pool } = stage.world.app.database;
    const reader = rowsOf(stage.world.db);
    const read = () =>
      Promise.all(Array.from({ length: 8 }, () => reader.find({ model: 'Flow', where: {}, isKept: true })));
    const before = await read();
    await pool.query('ALTER TABLE "Flow" ALTER COLUMN "description" TYPE varchar(100)');
    try {
      expect(await read()).toEqual(before);
    } finally {
      await pool.query('ALTER TABLE "Flow" ALTER COLUMN "description" TYPE text');
    }
    expect(await read()).toEqual(before);
  });

  it('hold no memory for every set of columns that a caller has chosen', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const reader = rowsOf(stage.world.db);
    const { names: columns } = modelOf('Execution');
    const none = { id: { in: [] } };
    const chosen = async (number: number) => {
      await reader.find({
        model: 'Execution',
        where: none,
        columns: columns.filter((_, i) => ((number >> i) & 1) === 1),
      });
    };
    const heldBy = async (from: number, to: number) => {
      collect();
      const before = process.memoryUsage().heapUsed;
      for (let number = from; number < to; number += 1) await chosen(number);
      collect();
      return process.memoryUsage().heapUsed - before;
    };
    await heldBy(1, 1_000);
    expect(await heldBy(1_000, 3_000)).toBeLessThan(2_000_000);
  });
});
