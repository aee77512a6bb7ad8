import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import plugin from '../../plugins/separate-duties.ts';
import type { Group, Role, Tenant, User } from '../../src/db/generated/client.ts';
import { accepts, prepared } from '../../src/policy/testing.ts';
import { statements } from '../auth/tools.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { flowSource } from '../support/flows.ts';
import { idOf, World } from '../support/world.ts';

describe('separate-duties', () => {
  const enable = { resource: 'TRIGGER' as const, action: 'UPDATE' as const, tenantId: 't', name: 'ann' };
  const off = { namespace: 'company', flowId: 'daily', triggerId: 'cron', disabled: true };
  const on = { ...off, disabled: false };
  const flows = (...authors: string[]) => {
    const asked: unknown[] = [];
    return {
      asked,
      rows: async (...args: unknown[]) => {
        asked.push(args);
        return [{ id: 'f1' }];
      },
      authors: async (...args: unknown[]) => {
        asked.push(args);
        return new Set(authors);
      },
    };
  };

  it('prevents the author of a flow from enabling its trigger', async () => {
    const { review } = await prepared(plugin, { duties: ['triggers'] });
    const look = flows('bob', 'ann');
    expect(await review(enable, off, on, look)).toBe(
      'the actor wrote the flow of this trigger; another actor must enable it',
    );
    expect(look.asked).toEqual([
      ['FLOW', { namespace: 'company', flowId: 'daily' }],
      ['FLOW', 'f1', 'source'],
    ]);
    expect(await review(enable, off, on, flows('bob'))).toBe('abstain');
    // Disabling is always allowed, and other changes are not affected.
    expect(await review(enable, on, off, flows('ann'))).toBe('abstain');
    expect(await review(enable, off, { ...off, locked: true }, flows('ann'))).toBe('abstain');
    const impersonator = { id: 'bob', name: 'bob' };
    expect(await review({ ...enable, name: 'cleo', impersonator }, off, on, flows('bob'))).toContain('the actor wrote');
    const without = await prepared(plugin, { duties: ['roles'] });
    expect(await without.review(enable, off, on, flows('ann'))).toBe('abstain');
  });

  it('rejects invalid settings', () => {
    for (const bad of [{ duties: ['flows'] }, { duties: 'roles' }, { duty: ['roles'] }])
      expect(accepts(plugin, bad)).toBe(false);
  });

  describe('in a gateway', () => {
    let world: World;
    let main: Tenant;
    const people: Record<string, User> = {};
    const clients: Record<string, Client> = {};
    beforeAll(async () => {
      world = await World.create({
        config: { policies: { 'separate-duties': { enabled: true, shadow: false, duties: ['roles', 'triggers'] } } },
      });
      world.hasForgedEvents = true;
      main = await world.tenant('main');
      const admin = await world.managed(main, 'Admin');
      for (const name of ['ann', 'bob', 'cleo']) {
        people[name] = await world.user(name, [main]);
        await world.bind(main, { principal: people[name]! }, admin);
        clients[name] = await world.as(people[name]!);
      }
    });
    afterAll(() => world.close());

    let count = 0;
    const make = async (by: Client): Promise<Role> => {
      const { createRole } = await by.ok(
        `mutation { createRole(input: { tenantKey: "main", name: "r${count++}", permissions: [{ resource: FLOW, actions: [READ] }] }) { role { name } } }`,
      );
      return world.db.role.findFirstOrThrow({ where: { name: createRole.role.name } });
    };
    const bind = async (by: Client, subject: string, role: Role): Promise<string> => {
      const { createBindings } = await by.ok(
        `mutation($s: ID!, $r: ID!) { createBindings(input: { tenantKey: "main", bindings: [{ subject: $s, role: $r }] }) {
          results { error { code message } } } }`,
        { s: subject, r: idOf('Role', role) },
      );
      return createBindings.results[0].error?.message ?? 'bound';
    };
    const me = (name: string) => idOf('User', people[name]!);
    const refused =
      'BINDING:CREATE is refused: the actor created this role; another actor must bind it to them or their groups.';

    it('prevents the author of a role from binding it to themselves; others can', async () => {
      const role = await make(clients['ann']!);
      expect(await bind(clients['ann']!, me('ann'), role)).toBe(refused);
      expect(await bind(clients['ann']!, me('bob'), role)).toBe('bound');
      expect(await bind(clients['bob']!, me('ann'), role)).toBe('bound');
      // Managed roles have no author, whoever created the tenant.
      const { managed } = world;
      expect(await bind(clients['ann']!, me('ann'), await managed(main, 'Viewer'))).toBe('bound');
    });

    it('counts actors who changed permissions as authors, but not those who changed the name; later changes remove none', async () => {
      const role = await make(clients['ann']!);
      const update = (by: string, more: string) =>
        clients[by]!.ok(`mutation { updateRole(input: { id: "${idOf('Role', role)}", ${more} }) { role { id } } }`);
      await update('cleo', 'description: "text"');
      expect(await bind(clients['cleo']!, me('cleo'), role)).toBe('bound');
      await update('bob', 'permissions: [{ resource: FLOW, actions: [READ, UPDATE] }]');
      for (const name of ['ann', 'bob']) expect(await bind(clients[name]!, me(name), role)).toBe(refused);
    });

    it('prevents binding it to their own group, and joining a group that has it', async () => {
      const role = await make(clients['ann']!);
      const group: Group = await world.group(main, 'both');
      const add = (by: string, whom: string) =>
        clients[by]!.run<any>(
          'mutation($g: ID!, $m: ID!) { addGroupMember(input: { group: $g, subject: $m }) { group { id } } }',
          { g: idOf('Group', group), m: me(whom) },
        );
      await world.member(main, group, people['ann']!);
      expect(await bind(clients['ann']!, idOf('Group', group), role)).toBe(refused);
      await world.db.groupMember.deleteMany();
      expect(await bind(clients['ann']!, idOf('Group', group), role)).toBe('bound');
      expect((await add('ann', 'ann')).errors[0]).toMatchObject({
        message: 'GROUP:UPDATE is refused: the actor created a role of this group; another actor must add them.',
        extensions: { code: 'FORBIDDEN', policy: 'separate-duties' },
      });
      expect((await add('ann', 'cleo')).errors).toEqual([]);
      expect((await add('bob', 'ann')).errors).toEqual([]);
    });

    it('counts both accounts of an impersonation as authors and actors', async () => {
      const as = (by: string, whom: string) => clients[by]!.as({ 'x-gatehouse-impersonate': whom });
      const role = await make(as('ann', 'bob'));
      for (const name of ['ann', 'bob']) expect(await bind(clients[name]!, me(name), role)).toBe(refused);
      expect(await bind(as('ann', 'cleo'), me('cleo'), role)).toBe(refused);
      expect(await bind(as('ann', 'cleo'), me('ann'), role)).toBe(refused);
      expect(await bind(as('bob', 'cleo'), idOf('User', people['ann']!), role)).toBe('bound');
    });

    it('applies within one description, whose events count before they are written', async () => {
      const description = {
        roles: [{ name: 'described', permissions: { FLOW: ['READ'] } }],
        bindings: [{ user: 'ann', role: 'described' }],
      };
      const apply = (by: string) =>
        clients[by]!.codes(
          'mutation($d: JSON!) { applyDescription(input: { tenantKey: "main", description: $d }) { created } }',
          { d: description },
        );
      expect(await apply('ann')).toEqual(['FORBIDDEN']);
      expect(await world.db.role.count({ where: { name: 'described' } })).toBe(0);
      expect(await apply('bob')).toEqual([]);
    });

    it('looks up authors through the index of the object, in its own chain', async () => {
      const role = await make(clients['ann']!);
      const [look] = (await statements(() => bind(clients['ann']!, me('ann'), role))).filter((text) =>
        /SELECT DISTINCT "actorId"/.test(text),
      );
      // Enough events to make a full scan more expensive.
      await world.db
        .$executeRaw`INSERT INTO "AuditEvent" SELECT 'x' || n, 900000 + n, 1, 't', 't', n, '', '', now(), 'UPDATE',
        'role.update', 'SUCCESS', 'USER', '', '', '', '', 'ROLE', 'r' || n % 500, '', '', NULL, '', NULL, NULL, NULL,
        '[]'::jsonb, NULL, '', NULL FROM generate_series(1, 20000) AS n`;
      await world.db.$executeRaw`ANALYZE "AuditEvent"`;
      const plan = await world.db.$queryRawUnsafe<{ 'QUERY PLAN': string }[]>(
        `EXPLAIN ${look}`,
        main.id,
        'ROLE',
        role.id,
        '/permissions',
        '/permissions/',
      );
      const text = plan.map((line) => line['QUERY PLAN']).join('\n');
      expect(text).toMatch(/Index .*AuditEvent_tenantId_resource_resourceId_seq_idx/);
      expect(text).toMatch(/Index Cond: .*tenantId.*resource.*resourceId/);
    });

    it('prevents the author of a flow from saving enabled triggers and from enabling them; others can', async () => {
      for (const name of ['writer', 'other']) {
        people[name] = await world.user(name, [main]);
        await world.bind(main, { principal: people[name] }, await world.managed(main, 'Editor'));
        clients[name] = await world.as(people[name]);
      }
      const { writer, other } = clients as Record<string, Client>;
      const save = (client: Client, source: string) =>
        client.run<any>(call('saveFlow', 'flow { id }'), { i: { tenantKey: 'main', source } });
      const source = flowSource('company', 'duty', true);
      const refused = { code: 'FORBIDDEN', policy: 'separate-duties' };
      expect((await save(writer!, flowSource('company', 'duty'))).errors[0]).toMatchObject({ extensions: refused });
      expect((await save(writer!, source)).errors).toEqual([]);
      // Neither by saving it again, nor by renaming it.
      expect((await save(writer!, source.replace('disabled: true', 'disabled: false'))).errors).toEqual([]);
      const trigger = await world.db.trigger.findFirstOrThrow({ where: { flowId: 'duty' } });
      expect(trigger.disabled).toBe(true);
      const renamed = source.replace('id: daily', 'id: nightly').replace('disabled: true', 'disabled: false');
      expect((await save(writer!, renamed)).errors[0]).toMatchObject({ extensions: refused });
      const enable = async (client: Client) =>
        (
          await client.ok<any>(call('setTriggersDisabled', 'results { error { code details } }'), {
            i: { tenantKey: 'main', triggers: [{ id: idOf('Trigger', trigger) }], disabled: false },
          })
        ).setTriggersDisabled.results[0].error;
      expect(await enable(writer!)).toMatchObject({ code: 'FORBIDDEN', details: { policy: 'separate-duties' } });
      expect(await enable(other!)).toBeNull();
      // Resetting the state to that of the source would also enable it.
      await save(writer!, source.replace('disabled: true', 'disabled: false'));
      await world.db.trigger.update({ where: { id: trigger.id }, data: { disabled: true } });
      const reset = await writer!.ok<any>(call('deleteTriggers', 'results { error { code } }'), {
        i: { tenantKey: 'main', triggers: [{ id: idOf('Trigger', trigger) }] },
      });
      expect(reset.deleteTriggers.results[0].error?.code).toBe('FORBIDDEN');
      // A small change by another user makes them an author too, and removes no author.
      await save(other!, `${source}# more\n`);
      await world.db.trigger.update({ where: { id: trigger.id }, data: { disabled: true } });
      expect(await enable(other!)).toMatchObject({ code: 'FORBIDDEN' });
      expect(await enable(writer!)).toMatchObject({ code: 'FORBIDDEN' });
    });
  });
});
