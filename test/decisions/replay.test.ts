import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policiesOfFile } from '../../src/bootstrap/policies.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { Engine } from '../../src/policy/decide/engine.ts';
import { compare } from '../../src/policy/decisions/compare.ts';
import { call } from '../support/call.ts';
import { idOf, password, World } from '../support/world.ts';

describe('replayed decisions', () => {
  let world: World;
  let main: Tenant;
  let target: User;

  beforeAll(async () => {
    world = await World.create({ config: { decisionLog: { sampleReads: 1, keepDays: 30 } } });
    main = await world.tenant('main');
    target = await world.user('target', [main]);
    await world.member(main, await world.group(main, 'Managers'), target);
    const admin = await world.user('admin', [main], { password });
    await world.grant(null, admin, ['USER:READ', 'USER:UPDATE']);
    await world.grant(main, admin, ['GROUP:CREATE', 'TENANT_ACCESS:READ']);
    const client = world.basic('admin');
    expect(
      await client.codes(call('setUserPassword', 'user { id }'), {
        i: { id: idOf('User', target), password: 'another long passphrase' },
      }),
    ).toEqual([]);
    expect(await client.codes(call('createGroup', 'group { id }'), { i: { tenantKey: 'main', name: 'New' } })).toEqual(
      [],
    );
    expect(await client.codes('{ users { nodes { email } } }')).toEqual([]);
    await world.app.services.decisions.flush({ all: true });
  });
  afterAll(() => world.close());

  const differing = async (policies: object): Promise<string[]> => {
    const { set, fingerprint } = await policiesOfFile(world.app.store, { ...world.app.config, policies } as never);
    const { replayed, differences } = await compare(world.db, new Engine(set, fingerprint, 1_000), {
      since: new Date(0),
    });
    expect(replayed).toBeGreaterThan(3);
    return [...new Set(differences.map(({ decision }) => decision.permission))].sort();
  };

  it('are refused if they affect a group that has become exempt since', async () => {
    expect(await differing({})).toEqual([]);
    expect(await differing({ 'frozen-namespaces': { frozen: ['x'], except: ['main/Managers'] } })).toEqual([
      'USER:UPDATE',
    ]);
    expect(await differing({ 'frozen-namespaces': { frozen: ['x'], except: ['main/New'] } })).toEqual(['GROUP:CREATE']);
  });

  it('differ if more is masked', async () => {
    expect(await differing({ 'mask-personal-data': { fields: ['email'] } })).toEqual(['USER:READ']);
    expect(await differing({ 'mask-personal-data': { fields: ['email'], shadow: true } })).toEqual([]);
  });

  it('do not differ because of a policy in shadow mode, whatever it looks up', async () => {
    const quota = { rules: [{ resource: 'GROUP', atMost: 0 }] };
    expect(await differing({ quotas: quota })).toEqual(['GROUP:CREATE']);
    expect(await differing({ quotas: { ...quota, shadow: true } })).toEqual([]);
  });
});
