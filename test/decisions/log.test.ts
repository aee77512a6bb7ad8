import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Permission } from '../../src/access/catalog.ts';
import { policiesOfFile } from '../../src/bootstrap/policies.ts';
import type { PolicySettings } from '../../src/config.ts';
import type { Namespace, Tenant, User } from '../../src/db/generated/client.ts';
import { Engine } from '../../src/policy/decide/engine.ts';
import { compare } from '../../src/policy/decisions/compare.ts';
import { Chance } from '../properties/generate.ts';
import { call } from '../support/call.ts';
import { idOf, password, World } from '../support/world.ts';

const days = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const threeDaysOff = days[(new Date().getUTCDay() + 3) % 7];

const policies = {
  'frozen-namespaces': { frozen: ['company.frozen'] },
  naming: { rules: [{ resource: 'GROUP', pattern: '[A-Z].*', hint: 'a name with a capital' }] },
  'require-reason': { rules: [{ resource: 'ROLE' }] },
  network: { rules: [{ tenant: 'b', allow: ['10.0.0.0/8'] }] },
  quotas: { rules: [{ resource: 'GROUP', tenant: 'a', atMost: 2 }] },
  'separate-duties': { duties: ['roles'] },
  'token-hygiene': { users: { mustExpire: true }, serviceAccounts: { maxAgeDays: 30 } },
  'change-window': {
    rules: [
      {
        namespaces: ['later'],
        timeZone: 'UTC',
        // Closed today, on whatever day the test runs.
        windows: [{ days: [threeDaysOff], from: '00:00', to: '24:00' }],
      },
    ],
  },
  cedar: {
    policies:
      'forbid (principal == Gatehouse::User::"p4", action == Gatehouse::Action::"ROLE:CREATE", resource);' +
      'permit (principal, action == Gatehouse::Action::"ROLE:CREATE", resource);',
  },
  'mask-personal-data': { fields: ['email'] },
} as unknown as Record<string, PolicySettings>;

describe('the decision log', () => {
  let world: World;
  let a: Tenant;
  let b: Tenant;
  let namespaces: Namespace[];
  const people: User[] = [];
  const chance = new Chance(Number(process.env['SEED'] ?? 3));

  beforeAll(async () => {
    world = await World.create({
      gateways: 2,
      config: { decisionLog: { sampleReads: 1, keepDays: 30 } },
    });
    a = await world.tenant('a');
    b = await world.tenant('b');
    const { errors } = await world
      .root()
      .run<any>(call('setPolicyConfiguration', 'policies { name }'), { i: { policies } });
    expect(errors).toEqual([]);
    await Promise.all(world.apps.map(({ freshness }) => freshness.confirm()));
    namespaces = [];
    for (const name of ['company.frozen.x', 'company.team', 'other']) namespaces.push(await world.namespace(a, name));
    const every: Permission[] = [
      'GROUP:CREATE',
      'GROUP:READ',
      'ROLE:CREATE',
      'ROLE:READ',
      'NAMESPACE:READ',
      'NAMESPACE:UPDATE',
      'TENANT:READ',
      'NAMESPACE:CREATE',
      'BINDING:CREATE',
      'GROUP:UPDATE',
      'GROUP:DELETE',
      'SERVICE_ACCOUNT:CREATE',
      'SERVICE_ACCOUNT:READ',
      'API_TOKEN:CREATE',
      'TENANT_ACCESS:READ',
    ];
    for (const [i, permissions] of [
      every,
      every.slice(0, 2),
      every.slice(4),
      [],
      ['IMPERSONATE:READ', ...every] as Permission[],
    ].entries()) {
      const user = await world.user(`p${i}`, [a, b], { password });
      if (permissions.length > 0) {
        await world.grant(a, user, permissions, '');
        await world.grant(b, user, permissions, i === 1 ? '' : '');
      }
      people.push(user);
    }
    const group = await world.group(a, 'Everybody');
    for (const user of people) await world.member(a, group, user);
    await world.bind(a, { group }, await world.role(a, 'Reader', ['NAMESPACE:READ']), 'company');
  });
  afterAll(() => world.close());

  const flushed = async () => {
    for (const app of world.apps) await app.services.decisions.flush({ all: true });
    return world.db.decision.findMany({ include: { content: true }, orderBy: { id: 'asc' } });
  };
  const since = new Date(0);

  it('records every mutation and every refusal, with the decisions that their events name', async () => {
    for (let i = 0; i < 400; i += 1) {
      const who = chance.pick(people);
      let client = world.basic(who.username, password, i % 2);
      if (chance.coin(0.15)) client = client.as({ 'x-gatehouse-impersonate': chance.pick(people).username });
      const tenant = chance.pick(['a', 'b']);
      const reason = chance.coin() ? { reason: 'because' } : {};
      switch (chance.pick([0, 0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 6, 7, 8])) {
        case 0:
          await client.run(call('createGroup', 'group { id }'), {
            i: { tenantKey: tenant, name: chance.pick(['Good', 'bad']) + i, ...reason },
          });
          break;
        case 1:
          await client.run(call('createRole', 'role { id }'), {
            i: { tenantKey: tenant, name: `R${i}`, permissions: [{ resource: 'GROUP', actions: ['READ'] }], ...reason },
          });
          break;
        case 2:
          await client.run(call('updateNamespace', 'namespace { id }'), {
            i: { id: idOf('Namespace', chance.pick(namespaces)), description: `${i}`, ...reason },
          });
          break;
        case 3:
          await client.run(
            `{ tenant(key: "${tenant}") { groups { totalCount } namespaces { nodes { name viewerPermissions } } roles { totalCount } } }`,
          );
          break;
        case 4: {
          const roles = await world.db.role.findMany({ where: { tenantId: a.id, name: { startsWith: 'R' } } });
          const role = roles.length > 0 ? chance.pick(roles) : await world.managed(a, 'Viewer');
          const subject = idOf('User', chance.coin() ? who : chance.pick(people));
          await client.run(call('createBindings', 'results { error { code } }'), {
            i: {
              tenantKey: 'a',
              bindings: [{ subject, role: idOf('Role', role), namespaceName: chance.pick([null, 'x.y']) }],
            },
          });
          break;
        }
        case 5:
          await client.run(call('createNamespace', 'namespace { id }'), {
            i: { tenantKey: tenant, name: `${chance.pick(['later.', 'company.'])}n${i}` },
          });
          break;
        case 6: {
          const made = await client.run<any>(call('createServiceAccount', 'serviceAccount { id }'), {
            i: { tenantKey: tenant, name: chance.coin(0.8) ? `robot-${i}` : `Robot ${i}` },
          });
          const owner = made.data?.createServiceAccount?.serviceAccount.id ?? idOf('User', who);
          const maxAge = chance.pick([null, 'P10D', 'P90D']);
          await client.run(call('createApiToken', 'apiToken { id }'), { i: { owner, name: 't', maxAge } });
          break;
        }
        case 7: {
          const groups = await world.db.group.findMany({ where: { tenantId: a.id } });
          const target = idOf('Group', groups.length > 0 ? chance.pick(groups) : { id: 'none' });
          if (chance.coin()) await client.run(call('deleteGroup', 'deletedId'), { i: { id: target } });
          else
            await client.run(call('addGroupMember', 'group { id }'), {
              i: { group: target, subject: idOf('User', chance.pick(people)) },
            });
          break;
        }
        default:
          await client.run('{ policies { name } users { totalCount } }');
      }
    }
    const rows = await flushed();
    const known = new Map(rows.map((row) => [row.id, row]));
    const events = await world.db.auditEvent.findMany({
      where: { actorKind: 'USER', actorName: { startsWith: 'p' }, decisionId: { not: null } },
    });
    expect(events.length).toBeGreaterThan(60);
    for (const event of events) {
      const decision = known.get(event.decisionId!)!;
      expect(decision, `${event.action} ${event.outcome}`).toBeDefined();
      expect([decision.principalId, decision.tenantId]).toEqual([event.actorId, event.tenantId]);
    }
    const seen = (want: (row: (typeof rows)[number]) => boolean) => rows.filter(want).length;
    const coverage = {
      done: seen((row) => row.effect === 'allow' && !row.permission.endsWith('READ')),
      refused: seen((row) => row.effect === 'deny'),
      byGuard: seen((row) => row.policy === 'frozen-namespaces'),
      byReview: seen((row) => row.policy === 'naming'),
      byReason: seen((row) => row.policy === 'require-reason'),
      byAddress: seen((row) => row.policy === 'network'),
      byQuota: seen((row) => row.policy === 'quotas'),
      byDuty: seen((row) => row.policy === 'separate-duties'),
      byHygiene: seen((row) => row.policy === 'token-hygiene'),
      byWindow: seen((row) => row.policy === 'change-window'),
      byCedar: seen((row) => row.policy === 'cedar'),
      sampled: seen((row) => row.effect === 'allow' && row.permission.endsWith('READ')),
      impersonated: seen((row) => JSON.stringify(row.request).includes('impersonator')),
    };
    for (const [what, count] of Object.entries(coverage)) expect(count, what).toBeGreaterThan(0);
    // Shared by content, so there are far fewer of them than decisions.
    expect(await world.db.accessContent.count()).toBeLessThan(rows.length / 2);
    expect(JSON.stringify(rows)).not.toContain('$argon2');
  });

  it('replays to the same result with the policies in force', async () => {
    const { engine } = world.app.policies;
    const { replayed, differences } = await compare(world.db, engine, {
      since,
      policySet: engine.fingerprint,
      exact: true,
    });
    expect(replayed).toBeGreaterThan(150);
    expect(differences.map(({ decision, was, would }) => [decision.permission, was, would])).toEqual([]);
  });

  it('reports exactly what a proposed configuration would change', async () => {
    const proposed = {
      ...world.app.config,
      policies: { ...policies, naming: { rules: [] }, 'frozen-namespaces': { frozen: ['other'] } } as never,
    };
    const { set, fingerprint } = await policiesOfFile(world.app.store, proposed);
    const { policySet } = await world.db.accessState.findUniqueOrThrow({ where: { id: 1 } });
    const { differences } = await compare(world.db, new Engine(set, fingerprint, 1_000), {
      since,
      policySet: policySet!,
    });
    const kinds = new Set(
      differences.map(({ decision, was, would }) =>
        [
          decision.permission,
          was.reviews[0] ?? was.policy ?? 'done',
          would.reviews[0] === undefined ? '?' : (would.reviews[0] ?? 'done'),
        ].join(' '),
      ),
    );
    // Each of these changes according to the settings.
    expect(kinds).toContain('GROUP:CREATE naming ?');
    expect(kinds).toContain('NAMESPACE:UPDATE frozen-namespaces done');
    expect(kinds).toContain('NAMESPACE:UPDATE done frozen-namespaces');
    for (const kind of kinds) expect(kind).toMatch(/^(GROUP:CREATE naming|NAMESPACE:UPDATE)/);
  });

  it('reports when the record does not contain enough to decide', async () => {
    const [row] = await world.db.decision.findMany({
      where: { permission: 'GROUP:CREATE', effect: 'allow' },
      take: 1,
      include: { content: true },
    });
    const curious = {
      name: 'curious',
      description: 'x',
      mode: 'guard' as const,
      shadow: false,
      reads: [],
      settings: {},
      builtIn: false,
      resources: new Set(['GROUP']),
      actions: new Set(['CREATE' as const]),
      policy: {
        evaluate: () => ({ effect: 'abstain' as const }),
        review: async (_r: unknown, _c: unknown, look: any) => {
          await look.count('GROUP', 'x');
          return { effect: 'abstain' as const };
        },
      },
    };
    const { engine } = world.app.policies;
    const other = new Engine({ ...engine.set, policies: [...engine.set.policies, curious as never] }, 'x', 1_000);
    const { differences } = await compare(world.db, other, { since: row!.at, contents: [row!.contentDigest] });
    const own = differences.find(({ decision }) => decision.id === row!.id)!;
    expect(own.would.reviews).toEqual([undefined]);
  });

  it('merges equal refused reads within a minute, with a count', async () => {
    const stranger = await world.user('stranger', [], { password });
    for (let i = 0; i < 7; i += 1) await world.basic(stranger.username).run('{ policies { name } }');
    await flushed();
    const rows = await world.db.decision.findMany({ where: { principalId: stranger.id, permission: 'POLICY:READ' } });
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(7);
    expect(rows.length).toBeLessThan(3);
  });

  it('loses none of them if the first write fails or the minute ends during it', async () => {
    const unlucky = await world.user('unlucky', [], { password });
    const lucky = await world.user('lucky', [], { password });
    const { decisions } = world.app.services;
    const ask = (user: User) => world.basic(user.username).codes('{ policies { name } }');
    await world.db.$executeRawUnsafe(
      `CREATE FUNCTION full_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'full'; END $$`,
    );
    await world.db.$executeRawUnsafe('CREATE TRIGGER full_up BEFORE INSERT ON "Decision" EXECUTE FUNCTION full_up()');
    expect(await ask(unlucky)).toEqual(['INTERNAL']);
    await world.db.$executeRawUnsafe('DROP TRIGGER full_up ON "Decision"');
    for (let i = 0; i < 3; i += 1) expect(await ask(unlucky)).toEqual(['FORBIDDEN']);
    for (let i = 0; i < 4; i += 1) expect(await ask(lucky)).toEqual(['FORBIDDEN']);
    // The minute is over. More equal reads arrive during the write and count for the next record.
    await Promise.all([decisions.flush({ now: Date.now() + 60_000 }), ask(lucky), ask(unlucky)]);
    await Promise.all([flushed(), flushed()]);
    const counted = async (user: User) =>
      (await world.db.decision.aggregate({ where: { principalId: user.id }, _sum: { count: true } }))._sum.count;
    expect([await counted(unlucky), await counted(lucky)]).toEqual([5, 5]);
    for (const app of world.apps) await app.services.refusals.sweep(Number.POSITIVE_INFINITY);
    const events = await world.db.auditEvent.findMany({ where: { actorId: unlucky.id, outcome: 'DENIED' } });
    expect(events.reduce((sum, { details }) => sum + Number((details as any)?.count ?? 1), 0)).toBe(5);
  });

  it('fails the mutation if its decision cannot be recorded', async () => {
    const before = await world.db.group.count();
    await world.db.$executeRawUnsafe(
      `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'full'; END $$`,
    );
    await world.db.$executeRawUnsafe('CREATE TRIGGER no BEFORE INSERT ON "Decision" EXECUTE FUNCTION no()');
    expect(
      await world.root().codes(call('createGroup', 'group { id }'), { i: { tenantKey: 'a', name: 'Unrecorded' } }),
    ).toEqual(['INTERNAL']);
    await world.db.$executeRawUnsafe('DROP TRIGGER no ON "Decision"');
    expect(await world.db.group.count()).toBe(before);
  });

  it('keeps decisions for the configured time', async () => {
    const { decisions } = world.app.services;
    await flushed();
    expect(await decisions.prune(new Date())).toBe(0);
    const old = new Date(Date.now() - 31 * 86_400_000);
    const { count } = await world.db.decision.updateMany({ where: { permission: 'GROUP:CREATE' }, data: { at: old } });
    expect(await decisions.prune(new Date())).toBe(count);
    expect(await world.db.accessContent.count({ where: { decisions: { none: {} } } })).toBe(0);
    expect(await decisions.prune(new Date(Date.now() + 40 * 86_400_000))).toBeGreaterThan(0);
    expect(await world.db.accessContent.count()).toBe(0);
  });
});
