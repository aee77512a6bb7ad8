import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allPermissions, type Permission, resourceNames } from '../../src/access/catalog.ts';
import { resourceDefinition } from '../../src/access/resource.ts';
import { permissionOf } from '../../src/graphql/access-plugin.ts';
import { schema } from '../../src/schema.ts';
import { perform } from './attempt.ts';
import { actors, levels, mayExpect } from './expected.ts';
import { mutations } from './mutations.ts';
import { reads } from './reads.ts';
import { byPassword, Stage } from './stage.ts';

const withTable = resourceNames.filter((name) => resourceDefinition(name) !== undefined);

describe('the access matrix', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.create();
  });
  afterAll(() => stage.world.close());

  it('has cells for every permission of every existing resource', () => {
    const needed = allPermissions.filter((permission) => withTable.some((name) => permission.startsWith(`${name}:`)));
    const missing = needed.filter((permission) => {
      const [resource, action] = permission.split(':') as [string, string];
      return action === 'READ' ? !(resource in reads) : !(permission in mutations);
    });
    expect(missing).toEqual([]);
  });

  it('attempts every mutation of the schema', () => {
    const attempted = new Set(Object.values(mutations).flatMap((byField) => Object.keys(byField)));
    // Decided by a permission of its own, with further rules that have their own tests.
    const elsewhere = new Set([
      'changeMyPassword',
      'setSuperAdmin',
      'applyDescription',
      'validateFlow',
      'useBlueprint',
      'updateMySettings',
      'beginSecondFactor',
      'confirmSecondFactor',
      'createRecoveryCodes',
      'removeMySecondFactor',
      'beginPasskey',
      'createPasskey',
      'renamePasskey',
      'deleteMyPasskey',
    ]);
    // The permission depends on the input: the schema names the other one.
    const permissionsByInput = new Set([
      'BLUEPRINT:UPDATE saveBlueprint',
      'KVSTORE:UPDATE setKeyValue',
      'TENANT_USER:CREATE createUser',
      'TENANT_USER:UPDATE updateUser',
      'TENANT_USER:DELETE deleteUser',
    ]);
    const fields = Object.keys(schema.getMutationType()!.getFields());
    expect(fields.filter((field) => !attempted.has(field) && !elsewhere.has(field))).toEqual([]);
    for (const [permission, byField] of Object.entries(mutations)) {
      for (const field of Object.keys(byField)) {
        const { extensions } = schema.getMutationType()!.getFields()[field]!;
        if (permissionsByInput.has(`${permission} ${field}`)) continue;
        expect([field, permissionOf(extensions['access'] as never)]).toEqual([field, permission]);
      }
    }
  });

  it('has the levels of the design', () => {
    for (const permission of allPermissions)
      expect(levels[permission] ?? levels[permission.split(':')[0]!], permission).toBeDefined();
  });

  const readCells = Object.entries(reads).flatMap(([resource, ways]) =>
    ways.map((reading) => ({ permission: `${resource}:READ`, ...reading })),
  );
  describe.each(readCells)('$permission by $way', ({ permission, sees, besides }) => {
    it.each(actors)('%s', async (actor) => {
      const client = await stage.actor(actor, permission as Permission, besides);
      expect(await sees(client, stage)).toBe(mayExpect(permission, actor));
    });
  });

  const mutationCells = Object.entries(mutations).flatMap(([permission, byField]) =>
    Object.entries(byField).map(([field, make]) => ({ permission, field, make })),
  );
  // A token cannot set a password: a rule in addition to the permission.
  // Reports of an engine are not audited (see the list in the README); refusals are.
  const telemetry = new Set(
    'heartbeat reportPlugins claimTriggers reportTriggers reportTriggerLogs claimCommands reportExecutions reportLogs reportMetrics'.split(
      ' ',
    ),
  );
  describe.each(mutationCells)('$permission by $field', ({ permission, field, make }) => {
    it.each(actors)('%s', async (actor) => {
      const client = await stage.actor(actor, permission as Permission, [], byPassword.has(field));
      const tried = await make(stage);
      const head = (await stage.world.db.auditEvent.aggregate({ _max: { ordinal: true } }))._max.ordinal ?? 0n;
      const answer = await perform(client, tried);
      const allowed = mayExpect(permission, actor);
      expect(await tried.happened()).toBe(allowed);
      const codes = [
        ...answer.errors.map(({ extensions }) => extensions.code),
        ...(Object.values(answer.data ?? {}) as any[]).flatMap(
          (payload) => payload?.results?.flatMap((r: any) => r.error?.code ?? []) ?? [],
        ),
      ];
      if (allowed) expect(codes).toEqual([]);
      else expect(['FORBIDDEN', 'NOT_FOUND']).toContain(codes[0]);
      // Done or refused, it is recorded with its decision and without secrets. Only of this actor: refused reads of an
      // earlier minute may just be counted.
      const own = { actorId: stage.lastActor.id, ordinal: { gt: head } };
      const events = await stage.world.db.auditEvent.findMany({ where: own });
      if (allowed && telemetry.has(field)) {
        expect(events).toEqual([]);
        return;
      }
      expect(events.length).toBeGreaterThan(0);
      expect([...new Set(events.map(({ outcome }) => outcome))]).toEqual([allowed ? 'SUCCESS' : 'DENIED']);
      if (allowed) expect(events.every(({ decisionId }) => decisionId !== null)).toBe(true);
      expect(JSON.stringify(events, (_k, v) => (typeof v === 'bigint' ? String(v) : v))).not.toMatch(
        /argon2|gth_[0-9A-Za-z]{36}|token=|quite another passphrase/,
      );
    });
  });

  it('hides a tenant from every caller without access to it', async () => {
    const see = async (actor: (typeof actors)[number]) =>
      (await (await stage.actor(actor, 'GROUP:READ')).run<any>('{ tenant(key: "a") { key } }')).data?.tenant !== null;
    expect(await Promise.all(actors.map(see))).toEqual([false, true, true, true, true, true, false]);
  });
});
