import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { password, World } from '../support/world.ts';

const query = 'query($t: String) { viewer { permissions(tenantKey: $t) { resource actions } } }';

describe('the permissions of the viewer', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(() => world.close());
  const held = async (username: string, tenant?: string): Promise<string[]> => {
    const { viewer } = await world.basic(username).ok<any>(query, { t: tenant ?? null });
    return viewer.permissions.flatMap((one: any) => one.actions.map((action: string) => `${one.resource}:${action}`));
  };

  it('are those in the tenant or a part of it, without what every caller can do to their own account', async () => {
    const main = await world.tenant('main');
    await world.namespace(main, 'company.data');
    const part = await world.user('part', [main], { password });
    await world.user('none', [main], { password });
    await world.grant(main, part, ['FLOW:READ', 'FLOW:UPDATE'], 'company.data');
    expect(await held('part', 'main')).toEqual(['FLOW:READ', 'FLOW:UPDATE']);
    expect(await held('part')).toEqual([]);
    expect(await held('none', 'main')).toEqual([]);
    await world.tenant('hidden');
    expect(await held('part', 'hidden')).toEqual([]);
    expect(await held('part', 'missing')).toEqual([]);
  });

  it('are at the instance level without a tenant', async () => {
    const auditor = await world.user('auditor', [], { password });
    await world.grant(null, auditor, ['USER:READ', 'WORKER:READ']);
    expect(await held('auditor')).toEqual(['USER:READ', 'WORKER:READ']);
    expect(await held('root')).toContain('TENANT:CREATE');
  });
});
