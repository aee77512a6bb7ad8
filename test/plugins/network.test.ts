import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import plugin from '../../plugins/network.ts';
import { catalog } from '../../src/access/catalog.ts';
import { accepts, prepared } from '../../src/policy/testing.ts';
import { call } from '../support/call.ts';
import { World } from '../support/world.ts';

describe('network', () => {
  it('covers every resource', () => {
    expect([...plugin.resources].sort()).toEqual(Object.keys(catalog).sort());
  });

  it('allows by address and range, IPv4 and IPv6', async () => {
    const { verdict } = await prepared(plugin, { rules: [{ allow: ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'] }] });
    const effect = (ip?: string) => verdict(ip === undefined ? {} : { ip }).effect;
    for (const ip of ['10.0.0.1', '10.255.255.255', '192.0.2.7', '2001:db8::1', '2001:db8:ffff::'])
      expect(effect(ip), ip).toBe('abstain');
    for (const ip of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '::1']) expect(effect(ip), ip).toBe('deny');
    expect(verdict({})).toMatchObject({
      effect: 'deny',
      reason: 'the rule needs the address of the request, which is unknown',
    });
  });

  it('applies rules to a tenant, a group or a service account; every applicable rule must allow', async () => {
    const { verdict } = await prepared(plugin, {
      rules: [
        { tenant: 'main', allow: ['10.0.0.0/8'] },
        { group: 'main/Admins', allow: ['10.1.0.0/16'] },
        { serviceAccount: 'ci', allow: ['10.2.0.1'] },
      ],
    });
    const effect = (question: object) => verdict(question).effect;
    expect(effect({ tenantId: 'other', ip: '203.0.113.1' })).toBe('abstain');
    expect(effect({ ip: '203.0.113.1' })).toBe('abstain');
    expect(effect({ tenantId: 'main', ip: '203.0.113.1' })).toBe('deny');
    expect(effect({ tenantId: 'main', ip: '10.9.9.9' })).toBe('abstain');
    expect(effect({ tenantId: 'main', ip: '10.9.9.9', groups: ['main/Admins'] })).toBe('deny');
    expect(effect({ tenantId: 'main', ip: '10.1.9.9', groups: ['main/Admins'] })).toBe('abstain');
    expect(effect({ tenantId: 'main', ip: '10.1.9.9', kind: 'SERVICE_ACCOUNT', name: 'ci' })).toBe('deny');
    expect(effect({ tenantId: 'main', ip: '10.2.0.1', kind: 'SERVICE_ACCOUNT', name: 'ci' })).toBe('abstain');
    // A user with the name of a service account is not affected.
    expect(effect({ ip: '203.0.113.1', kind: 'USER', name: 'ci' })).toBe('abstain');
  });

  it('does not let a service account evade its rule by a rename', async () => {
    const { review } = await prepared(plugin, {
      rules: [{ tenant: 'main', serviceAccount: 'ci', allow: ['10.2.0.1'] }],
    });
    const rename = (before: string, after: string, tenantId = 'main') =>
      review(
        { resource: 'SERVICE_ACCOUNT', action: 'UPDATE', tenantId },
        { id: '1', name: before },
        { id: '1', name: after },
      );
    expect(await rename('ci', 'other')).toContain('refers to this service account by its name');
    for (const question of [rename('ci', 'ci'), rename('cd', 'ci'), rename('ci', 'other', 'elsewhere')])
      expect(await question).toBe('abstain');
  });

  it('rejects invalid settings', () => {
    for (const allow of [
      [],
      ['10.0.0.0/33'],
      ['10.0.0'],
      ['2001:db8::/129'],
      ['localhost'],
      ['10.0.0.0/8/8'],
      ['10.0.0.0/'],
    ])
      expect(accepts(plugin, { rules: [{ allow }] }), String(allow)).toBe(false);
    expect(accepts(plugin, { rules: [{ allow: ['10.0.0.1'], group: 'main/x', serviceAccount: 'ci' }] })).toBe(false);
  });

  describe('behind a trusted proxy', () => {
    let world: World;
    beforeAll(async () => {
      world = await World.create({
        config: {
          trustedProxies: ['127.0.0.1'],
          policies: { network: { enabled: true, shadow: false, rules: [{ allow: ['10.0.0.0/8'] }] } },
        },
      });
    });
    afterAll(() => world.close());

    it('uses the client address that the proxy reports', async () => {
      const query = '{ serverInfo { version } users { totalCount } }';
      const from = (address: string) => world.root().as({ 'x-forwarded-for': address });
      expect(await from('10.0.0.1').codes(query)).toEqual([]);
      const { errors } = await from('203.0.113.1').run(query);
      expect(errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', policy: 'network' });
      // An address that the client sends itself, before the one added by the proxy, is ignored.
      expect(await from('10.0.0.1, 203.0.113.1').codes(query)).toEqual(['FORBIDDEN']);
    });
  });

  it('rejects rules that match no caller: a group of another tenant, a missing service account', async () => {
    expect(accepts(plugin, { rules: [{ tenant: 'one', group: 'two/Admins', allow: ['10.0.0.0/8'] }] })).toBe(false);
    expect(accepts(plugin, { rules: [{ tenant: 'one', group: 'one/Admins', allow: ['10.0.0.0/8'] }] })).toBe(true);
    const world = await World.create();
    try {
      const main = await world.tenant('main');
      await world.tenant('other');
      await world.account(main, 'builder');
      await world.account(null, 'engine');
      const put = (rule: object) =>
        world.root().run<any>(call('setPolicyConfiguration', 'policies { name }'), {
          i: { policies: { network: { rules: [{ ...rule, allow: ['127.0.0.0/8', '::1'] }] } } },
        });
      const faults = async (rule: object) => (await put(rule)).errors.map(({ message }) => message);
      expect(await faults({ serviceAccount: 'bilder' })).toEqual([
        expect.stringContaining('service account bilder does not exist'),
      ]);
      expect(await faults({ serviceAccount: 'builder', tenant: 'other' })).toEqual([
        expect.stringContaining('service account builder does not exist in other'),
      ]);
      for (const rule of [{ serviceAccount: 'builder' }, { serviceAccount: 'engine', tenant: 'other' }])
        expect(await faults(rule)).toEqual([]);
    } finally {
      await world.close();
    }
  });
});
