import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resourceNames } from '../../src/access/catalog.ts';
import { isInstanceWide, resourceDefinition } from '../../src/access/resource.ts';
import { undoableActions } from '../../src/audit/undo.ts';
import { modelOf } from '../../src/db/rows/model.ts';
import { World } from '../support/world.ts';

const withRows = resourceNames.flatMap((name) => {
  const rows = resourceDefinition(name);
  return rows ? [{ name, ...rows }] : [];
});

describe('the catalog', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(() => world.close());

  it('contains every table that refers to a tenant, so that every tenant can be deleted', async () => {
    const rows = await world.db.$queryRaw<{ table: string }[]>`
      SELECT DISTINCT conrelid::regclass::text AS "table" FROM pg_constraint
      WHERE contype = 'f' AND confrelid = '"Tenant"'::regclass`;
    const referring = rows.map(({ table }) => table.replaceAll('"', '')).sort();
    const emptied = withRows.filter(({ withTenant }) => withTenant !== 'kept');
    const known = emptied.flatMap(({ model, parts = [] }) => [...(model ? [model] : []), ...parts]);
    expect(referring).toContain('Flow');
    expect(referring.filter((table) => !known.includes(table))).toEqual([]);
  });

  it('has notification triggers on exactly the live tables', async () => {
    const rows = await world.db.$queryRaw<{ table: string }[]>`
      SELECT DISTINCT tgrelid::regclass::text AS "table" FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
      WHERE p.proname = 'note_change'`;
    const noted = rows.map(({ table }) => table.replaceAll('"', ''));
    const live = withRows.filter((one) => one.live).map(({ model }) => model);
    expect(noted.toSorted()).toEqual(live.toSorted());
  });

  it('names existing columns only', () => {
    for (const { name, model, secret = [], maskable = [], links = [], tenantColumn } of withRows) {
      if (!model) continue;
      const columns = new Set(modelOf(model).columns.keys());
      const named = [...secret, ...maskable, ...(isInstanceWide(name) ? [] : [tenantColumn ?? 'tenantId'])];
      expect(
        named.filter((column) => !columns.has(column)),
        name,
      ).toEqual([]);
      expect(links.length === 0 || resourceDefinition(name)!.feedsAccess, name).toBe(true);
    }
  });

  it('defines how to undo a change of every audited resource', () => {
    const undone = new Set(undoableActions().map((action) => action.split('.')[0]));
    const silent = withRows.filter(
      ({ name, audited, instead }) =>
        audited.length > 0 && !instead && !undone.has(name.toLowerCase().replaceAll('_', '-')),
    );
    expect(silent.map(({ name }) => name)).toEqual(['API_TOKEN']);
  });
});
