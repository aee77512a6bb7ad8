import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import plugin from '../../plugins/second-factor.ts';
import type { Credential } from '../../src/access/actor.ts';
import { accepts, now, prepared } from '../../src/policy/testing.ts';
import { signedIn } from '../auth/tools.ts';
import { enrolled } from '../matrix/cells/second-factor.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, password, World } from '../support/world.ts';

const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);
const session = (more: Partial<Credential> = {}): Credential => ({
  kind: 'session',
  method: 'password',
  provider: null,
  ownerKind: 'USER',
  provedAt: ago(30),
  secondFactor: null,
  secondFactorAt: null,
  ...more,
});
const withFactor = (minutes: number) => session({ secondFactor: 'totp', secondFactorAt: ago(minutes) });

describe('second-factor', () => {
  const question = { resource: 'ROLE', action: 'UPDATE', tenantId: 'main' } as const;

  it('requires a second factor in the session, for the chosen permissions only', async () => {
    const { verdict } = await prepared(plugin, { rules: [{ resource: 'ROLE', actions: ['UPDATE'] }] });
    const asked = (credential: Credential, more: object = {}) => verdict({ ...question, credential, ...more });
    expect(asked(session())).toEqual({
      effect: 'deny',
      reason: 'a second factor is required',
      stepUp: { secondFactor: true },
    });
    expect(asked(withFactor(600)).effect).toBe('abstain');
    expect(asked(session(), { action: 'READ' }).effect).toBe('abstain');
    expect(asked(session(), { resource: 'GROUP' }).effect).toBe('abstain');
    expect(asked(session({ method: 'oidc', provider: 'company' })).effect).toBe('deny');
    expect(asked({ kind: 'basic' }).effect).toBe('deny');
    expect(asked({ kind: 'api-token', ownerKind: 'USER' }).effect).toBe('deny');
    expect(asked({ kind: 'api-token', ownerKind: 'SERVICE_ACCOUNT' }).effect).toBe('abstain');
    expect(asked({ kind: 'api-token' }, { kind: 'SERVICE_ACCOUNT' }).effect).toBe('abstain');
    // While impersonating, the credential is of the real actor.
    expect(asked({ kind: 'api-token', ownerKind: 'USER' }, { kind: 'SERVICE_ACCOUNT' }).effect).toBe('deny');
    // The acceptance of an invitation, which was decided with the credential of the inviter.
    expect(asked({ kind: 'system', ownerKind: 'USER' }).effect).toBe('abstain');
  });

  it('requires a proof of a max age, and states until when it holds', async () => {
    const rules = [
      { resource: 'ROLE', secondFactor: false, maxAgeMinutes: 60 },
      { resource: 'ROLE', maxAgeMinutes: 10 },
    ];
    const one = await prepared(plugin, { rules: rules.slice(0, 1) });
    expect(one.verdict({ ...question, credential: session() })).toEqual({ effect: 'abstain', until: ago(-30) });
    expect(one.verdict({ ...question, credential: session({ provedAt: ago(60) }) })).toEqual({
      effect: 'deny',
      reason: 'the sign-in is older than 60 minutes',
      stepUp: { secondFactor: false, maxAgeSeconds: 3_600 },
    });
    expect(one.verdict({ ...question, credential: { kind: 'basic' } }).effect).toBe('abstain');
    const both = await prepared(plugin, { rules });
    expect(both.verdict({ ...question, credential: withFactor(9) })).toEqual({ effect: 'abstain', until: ago(-1) });
    expect(both.verdict({ ...question, credential: withFactor(10) })).toMatchObject({
      effect: 'deny',
      stepUp: { secondFactor: true, maxAgeSeconds: 600 },
    });
  });

  it('exempts groups, other tenants, and tokens if the settings say so', async () => {
    const { verdict } = await prepared(plugin, {
      rules: [{ resource: 'ROLE', tenant: 'main', except: ['main/Robots'], apiTokens: true }],
    });
    expect(verdict({ ...question, credential: session() }).effect).toBe('deny');
    expect(verdict({ ...question, credential: session(), groups: ['main/Robots'] }).effect).toBe('abstain');
    expect(verdict({ ...question, credential: session(), tenantId: 'other' }).effect).toBe('abstain');
    expect(verdict({ ...question, credential: { kind: 'api-token', ownerKind: 'USER' } }).effect).toBe('abstain');
    expect(accepts(plugin, { rules: [{ resource: 'ROLE', secondFactor: false }] })).toBe(false);
    expect(accepts(plugin, { rules: [{ resource: 'NONE' }] })).toBe(false);
    expect(accepts(plugin, { rules: [{ resource: 'ROLE', maxAgeMinutes: 0 }] })).toBe(false);
  });

  describe('on a gateway', () => {
    let world: World;
    beforeAll(async () => {
      const rules = [
        { resource: 'ROLE', actions: ['CREATE'] },
        { resource: 'GROUP', actions: ['CREATE'], secondFactor: false, maxAgeMinutes: 10 },
      ];
      const policies = { 'second-factor': { enabled: true, shadow: false, rules } };
      world = await World.create({ gateways: 2, config: { policies } });
    });
    afterAll(() => world.close());

    it('refuses with what the person can do, and allows it after a step-up, on every gateway', async () => {
      const main = await world.tenant('main');
      const ann = await world.user('ann', [main], { password });
      await world.bind(main, { principal: ann }, await world.managed(main, 'Admin'));
      const { client, at } = await signedIn(world, 'ann', password);
      const create = call('createRole', 'role { id }');
      const role = (name: string) => ({ i: { tenantKey: 'main', name, permissions: [] } });
      const { errors } = await client.run(create, role('One'));
      expect(errors[0]!.extensions).toMatchObject({
        code: 'FORBIDDEN',
        policy: 'second-factor',
        permission: 'ROLE:CREATE',
        stepUp: { secondFactor: true },
      });
      // A frontend offers what a step-up would allow, to a session only.
      const mine = '{ viewer { permissions(tenantKey: "main") { resource actions } } }';
      const rolePermissions = async (asked: Client) =>
        (await asked.ok<any>(mine)).viewer.permissions.find((one: any) => one.resource === 'ROLE').actions;
      expect(await rolePermissions(client)).toEqual(['CREATE', 'READ', 'UPDATE', 'DELETE']);
      expect(await rolePermissions(world.basic('ann'))).toEqual(['READ', 'UPDATE', 'DELETE']);
      const code = await enrolled(world, ann.id);
      const stepUp = (body: object) =>
        fetch(`${world.urls[0]}/auth/step-up`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...client.headers },
          body: JSON.stringify(body),
        });
      expect((await stepUp({ code: code() })).status).toBe(200);
      await client.ok(create, role('One'));
      await world.apps[1]!.freshness.confirm();
      await at(1).ok(create, role('Two'));

      const group = call('createGroup', 'group { id }');
      const old = new Date(Date.now() - 10 * 60_000);
      await world.write((tx) => tx.session.updateMany({ data: { provedAt: old } }));
      await world.write((tx) => tx.accessState.updateMany({ data: { revision: { increment: 1 } } }));
      const late = await client.run(group, { i: { tenantKey: 'main', name: 'Late' } });
      expect(late.errors[0]!.extensions).toMatchObject({ stepUp: { secondFactor: false, maxAgeSeconds: 600 } });
      expect((await stepUp({ password })).status).toBe(200);
      await client.ok(group, { i: { tenantKey: 'main', name: 'Late' } });

      // What the answer depends on, and the answer for a given credential.
      const explain = 'query($i: ExplainAccessInput!) { explainAccess(input: $i) { answer dependsOn } }';
      const asked = async (credential?: object) => {
        const i = {
          permission: { resource: 'ROLE', actions: ['CREATE'] },
          tenantKey: 'main',
          ...(credential && { credential }),
        };
        return (await client.ok<any>(explain, { i })).explainAccess;
      };
      expect(await asked()).toEqual({ answer: 'DEPENDS', dependsOn: ['CREDENTIAL'] });
      expect((await asked({ kind: 'SESSION', secondFactorAt: null })).answer).toBe('REFUSED');
      expect(
        (await asked({ kind: 'SESSION', secondFactor: 'TOTP', secondFactorAt: new Date().toISOString() })).answer,
      ).toBe('ALLOWED');
    });

    it('is not asked again when an invitation is accepted', async () => {
      const other = await world.tenant('other');
      const role = await world.role(other, 'Empty', []);
      const eve = await world.user('eve', [other], { password });
      await world.bind(other, { principal: eve }, await world.managed(other, 'Admin'));
      const { client } = await signedIn(world, 'eve', password);
      const i = { tenantKey: 'other', email: 'guest@people.example', bindings: [{ role: idOf('Role', role) }] };
      const { createInvitation: made } = await client.ok<any>(call('createInvitation', 'link'), { i });
      const accepted = await fetch(`${world.urls[0]}/auth/accept`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          token: made.link.split('token=')[1],
          username: 'guest',
          password: 'a phrase of their own',
        }),
      });
      expect(accepted.status).toBe(200);
    });
  });
});
