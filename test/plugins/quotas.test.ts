import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import plugin from '../../plugins/quotas.ts';
import type { Tenant } from '../../src/db/generated/client.ts';
import { accepts, prepared } from '../../src/policy/testing.ts';
import { idOf, World } from '../support/world.ts';

const settings = (rules: readonly object[]) => ({
  policies: { quotas: { enabled: true, shadow: false, rules } },
});
const createNamespace =
  'mutation($n: String!) { createNamespace(input: { tenantKey: "main", name: $n }) { namespace { id } } }';

describe('quotas', () => {
  it('counts only rows that are added to its namespace', async () => {
    const { review } = await prepared(plugin, {
      rules: [
        { resource: 'NAMESPACE', tenant: 'main', namespace: 'company', atMost: 2 },
        { resource: 'TENANT', atMost: 3 },
        { resource: 'API_TOKEN', atMost: 1 },
      ],
    });
    const asked: unknown[] = [];
    const count = (n: number) => ({
      count: async (...args: unknown[]) => {
        asked.push(args);
        return n;
      },
    });
    const create = { resource: 'NAMESPACE' as const, action: 'CREATE' as const, tenantId: 'main' };
    expect(await review(create, null, { namespace: 'company.x' }, count(2))).toBe('abstain');
    expect(await review(create, null, { namespace: 'company.x' }, count(3))).toBe(
      'quota reached: 2 of 2 NAMESPACE in company and below it; delete unused ones first',
    );
    expect(asked).toEqual(Array(2).fill(['NAMESPACE', 'main', 'company']));
    expect(await review({ ...create, tenantId: 'other' }, null, { namespace: 'company.x' }, count(3))).toBe('abstain');
    expect(await review(create, null, { namespace: 'companyx' }, count(3))).toBe('abstain');
    const move = { ...create, action: 'UPDATE' as const };
    expect(await review(move, { namespace: 'company.a' }, { namespace: 'company.b' }, count(9))).toBe('abstain');
    expect(await review(move, { namespace: 'else' }, { namespace: 'company' }, count(9))).toContain('8 of 2');
    expect(await review(move, { namespace: 'company' }, { namespace: 'else' }, count(9))).toBe('abstain');
    expect(asked).toHaveLength(3);
    // Tenants count in the instance. Rows without a tenant do not count. Rotating a token does not increase the count.
    expect(await review({ resource: 'TENANT', action: 'CREATE' }, null, {}, count(4))).toContain('quota reached: 3 of');
    expect(await review({ resource: 'API_TOKEN', action: 'CREATE' }, null, {}, count(9))).toBe('abstain');
    const rotate = { resource: 'API_TOKEN' as const, action: 'UPDATE' as const, tenantId: 'main' };
    expect(await review(rotate, null, {}, count(9))).toBe('abstain');
  });

  it('rejects invalid settings', () => {
    for (const bad of [
      { resource: 'GROUP', atMost: -1 },
      { resource: 'GROUP', atMost: 1.5 },
      { resource: 'GROUP' },
      { resource: 'GROUP', namespace: 'a', atMost: 1 },
      { resource: 'USER', tenant: 'main', atMost: 1 },
      { resource: 'STATS', atMost: 1 },
      { resource: 'NAMESPACE', namespace: 'A', atMost: 1 },
    ])
      expect(accepts(plugin, { rules: [bad] }), JSON.stringify(bad)).toBe(false);
  });

  describe('on two gateways', () => {
    let world: World;
    let main: Tenant;
    beforeAll(async () => {
      world = await World.create({
        gateways: 2,
        config: settings([
          { resource: 'NAMESPACE', namespace: 'company', atMost: 8 },
          { resource: 'GROUP', atMost: 5 },
          { resource: 'BINDING', namespace: 'few', atMost: 2 },
          { resource: 'USER', atMost: 6 },
        ]),
      });
      main = await world.tenant('main');
      const root = await world.db.user.findFirstOrThrow();
      await world.write(async (tx) => {
        await tx.tenantAccess.create({ data: { id: 'access', tenantId: main.id, principalId: root.id } });
        await tx.accessState.updateMany({ data: { revision: { increment: 1 } } });
      });
      await world.bind(main, { principal: root }, await world.managed(main, 'Admin'));
    });
    afterAll(() => world.close());

    const many = async (count: number, work: (i: number) => Promise<string[]>) => {
      const answers = await Promise.all(Array.from({ length: count }, (_, i) => work(i)));
      expect(answers.flat().filter((code) => code !== 'FORBIDDEN')).toEqual([]);
      return answers.filter((codes) => codes.length === 0).length;
    };
    const below = () => world.db.namespace.count({ where: { declared: true, namespace: { startsWith: 'company' } } });
    /** 20 concurrent creations, of which 5 are allowed. */
    const race = async () => {
      await world.db.namespace.deleteMany();
      for (const name of ['company.one', 'company.two', 'company.deep.three']) await world.namespace(main, name);
      return many(20, (i) => world.root(i % 2).codes(createNamespace, { n: `company.n${i}` }));
    };

    it('allows exactly the quota under concurrent creations', async () => {
      for (let round = 0; round < 3; round += 1) {
        expect(await race()).toBe(5);
        expect(await below()).toBe(8);
      }
      const groups = await many(20, (i) =>
        world
          .root(i % 2)
          .codes(`mutation { createGroup(input: { tenantKey: "main", name: "g${i}" }) { group { id } } }`),
      );
      expect(groups).toBe(5);
    });

    it('control: allows more without the lock', async () => {
      const spied = pg.Client.prototype as unknown as { query(...args: unknown[]): unknown };
      const original = spied.query;
      let unlocked = 0;
      spied.query = function (this: unknown, first: unknown, ...rest: unknown[]) {
        const own = first as { text?: string };
        if (typeof own === 'object' && own.text?.includes('pg_advisory_xact_lock')) {
          unlocked += 1;
          return original.call(this, { ...own, name: undefined, text: 'SELECT $1::text' }, ...rest);
        }
        return original.call(this, first, ...rest);
      };
      try {
        const made = await race();
        expect(unlocked).toBeGreaterThan(15);
        expect(made).toBeGreaterThan(5);
      } finally {
        spied.query = original;
      }
    });

    it('counts implicit namespaces only once they are created', async () => {
      await world.db.namespace.deleteMany();
      const codes = (n: string) => world.root().codes(createNamespace, { n });
      for (let i = 0; i < 7; i += 1) expect(await codes(`company.deep.n${i}`)).toEqual([]);
      expect(await world.db.namespace.count({ where: { declared: false } })).toBe(2);
      expect(await codes('company.deep')).toEqual([]);
      expect(await codes('company')).toEqual(['FORBIDDEN']);
      expect(await codes('elsewhere')).toEqual([]);
    });

    const apply = (description: object, dry = false) =>
      world
        .root()
        .run<any>(
          'mutation($d: JSON!, $dry: Boolean) { applyDescription(input: { tenantKey: "main", description: $d, dryRun: $dry }) { created } }',
          { d: description, dry },
        );

    it('counts the created and the pending rows of a description', async () => {
      await world.db.group.deleteMany();
      const names = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `d${i}` }));
      const { errors } = await apply({ groups: names(6) });
      expect(errors[0]).toMatchObject({ extensions: { code: 'FORBIDDEN', policy: 'quotas' } });
      expect((errors[0]!.extensions as any).issues.map(({ path }: any) => path.at(-1))).toEqual([5]);
      // A dry run is rolled back and does not count.
      expect((await apply({ groups: names(5) }, true)).errors).toEqual([]);
      expect((await apply({ groups: names(5) })).errors).toEqual([]);
      // The namespaces of bindings are implicit and do not count. The created one is counted by its stored row.
      await world.db.namespace.deleteMany();
      const namespaces = Array.from({ length: 8 }, (_, i) => ({ name: `company${i === 0 ? '' : `.n${i}`}` }));
      expect((await apply({ namespaces: namespaces.reverse() })).errors).toEqual([]);
      expect(await below()).toBe(8);
    });

    it('creates all or none of several users', async () => {
      const users = (count: number, prefix: string) =>
        Array.from({ length: count }, (_, i) => ({ username: `${prefix}${i}`, email: `${prefix}${i}@x.example` }));
      const one = await apply({ people: users(6, 'a') });
      expect(one.errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', policy: 'quotas' });
      expect(await world.db.user.count()).toBe(1);
      expect((await apply({ people: users(5, 'b') })).errors).toEqual([]);
      expect(await world.db.user.count()).toBe(6);
    });

    it('does not count an item that is refused for another reason', async () => {
      const role = await world.role(main, 'plain', ['FLOW:READ']);
      const other = await world.role(main, 'other', ['FLOW:READ']);
      await world.db.group.deleteMany();
      const group = await world.group(main, 'bound');
      const item = (of: { id: string }, namespace: string) => ({
        subject: idOf('Group', group),
        role: idOf('Role', of),
        namespaceName: namespace,
      });
      const { createBindings } = await world.root().ok(
        `mutation($b: [BindingInput!]!) { createBindings(input: { tenantKey: "main", bindings: $b }) {
          results { error { code message } } } }`,
        {
          // The second exists already, so it is a conflict after its review.
          b: [item(role, 'few'), item(role, 'few'), item(role, 'few.more'), item(other, 'few.more')],
        },
      );
      expect(createBindings.results.map(({ error }: any) => error?.code ?? 'OK')).toEqual([
        'OK',
        'CONFLICT',
        'OK',
        'FORBIDDEN',
      ]);
      expect(createBindings.results[3].error.message).toContain('quota reached: 2 of 2 BINDING in few and below it');
    });
  });
});
