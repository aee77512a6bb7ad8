import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import plugin from '../../plugins/naming.ts';
import { accepts, prepared } from '../../src/policy/testing.ts';
import { World } from '../support/world.ts';

const team = { resource: 'NAMESPACE', under: 'company', pattern: 'team-[a-z]+', hint: 'team- and letters' };
const group = { resource: 'GROUP', pattern: '[A-Z].*', hint: 'a name that begins with a capital' };

describe('naming', () => {
  it('matches every pattern in short time, whatever the name', async () => {
    const { review } = await prepared(plugin, { rules: [{ ...group, pattern: '(a+)+' }] });
    const began = performance.now();
    expect(
      await review({ resource: 'GROUP', action: 'CREATE' }, null, { id: '1', name: `${'a'.repeat(40)}b` }),
    ).not.toBe('abstain');
    expect(await review({ resource: 'GROUP', action: 'CREATE' }, null, { id: '1', name: 'aaaa' })).toBe('abstain');
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('checks new names only, and the whole name', async () => {
    const { review } = await prepared(plugin, { rules: [team, group] });
    expect(await review({}, null, { namespace: 'company.team-data' })).toBe('abstain');
    expect(await review({}, null, { namespace: 'company.data' })).toBe('"data" is not team- and letters');
    expect(await review({}, null, { namespace: 'company.x-team-data' })).toBe('"x-team-data" is not team- and letters');
    expect(await review({}, null, { namespace: 'companyx.data' })).toBe('abstain');
    const old = { namespace: 'company.old', description: 'a' };
    expect(await review({}, old, { ...old, description: 'b' })).toBe('abstain');
    expect(await review({ resource: 'GROUP' }, { name: 'Old' }, { name: 'new' })).toBe(
      '"new" is not a name that begins with a capital',
    );
    expect(await review({ resource: 'GROUP' }, { name: 'Old' }, null)).toBe('abstain');
  });

  it('has the convention of service accounts by default', async () => {
    const { review } = await prepared(plugin, {});
    expect(await review({ resource: 'SERVICE_ACCOUNT' }, null, { name: 'my-service-account-1' })).toBe('abstain');
    expect(await review({ resource: 'SERVICE_ACCOUNT' }, null, { name: 'my-service-account-' })).toContain('DNS label');
    expect(await review({ resource: 'SERVICE_ACCOUNT' }, null, { name: 'a'.repeat(64) })).toContain('DNS label');
  });

  it('rejects invalid settings', () => {
    for (const bad of [
      { ...team, pattern: '(' },
      // Patterns with catastrophic backtracking for some names.
      { ...team, pattern: '(a+)+\\1' },
      { ...group, under: 'company' },
      { ...team, resource: 'FLOWS' },
      { ...team, hint: '' },
    ])
      expect(accepts(plugin, { rules: [bad] })).toBe(false);
  });

  describe('in a gateway', () => {
    let world: World;
    beforeAll(async () => {
      world = await World.create({
        config: { policies: { naming: { enabled: true, shadow: false, rules: [group] } } },
      });
      await world.tenant('main');
    });
    afterAll(() => world.close());

    it('refuses with the reason, writes nothing, and records the refusal', async () => {
      const create = (name: string) =>
        world
          .root()
          .run<any>(
            'mutation($n: String!) { createGroup(input: { tenantKey: "main", name: $n }) { group { name } } }',
            {
              n: name,
            },
          );
      const { errors } = await create('lower');
      expect(errors[0]).toMatchObject({
        message: 'GROUP:CREATE is refused: "lower" is not a name that begins with a capital.',
        extensions: { code: 'FORBIDDEN', policy: 'naming' },
      });
      expect(await world.db.group.count()).toBe(0);
      expect(
        await world.db.auditEvent.count({ where: { outcome: 'DENIED', policy: 'naming', resourceKey: 'lower' } }),
      ).toBe(1);
      expect((await create('Upper')).errors).toEqual([]);
    });
  });
});
