import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../../src/resources/index.ts';
import { behind } from '../../plugins/cedar/filter.ts';
import plugin from '../../plugins/cedar.ts';
import type { Tenant } from '../../src/db/generated/client.ts';
import { compareBytes } from '../../src/lib/text.ts';
import { inPolicyFiles } from '../../src/policy/load/policy-files.ts';
import { accepts, now, prepared } from '../../src/policy/testing.ts';
import { temporaryFolder } from '../support/folder.ts';
import { World } from '../support/world.ts';

const everything = 'permit (principal, action, resource);';
const folder = temporaryFolder('cedar');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const faultsOf = async (policies: string, more: object = {}): Promise<string> =>
  prepared(plugin, { policies, ...more }).then(
    () => 'loaded',
    (error) => error.message,
  );
const when = (condition: string) => `@id("mine") forbid (principal, action, resource) when { ${condition} };`;

describe('cedar', () => {
  it('refuses without a permit or with a matching forbid, and only what the policies cover', async () => {
    const { verdict, leaves } = await prepared(plugin, {
      policies: `permit (principal in Gatehouse::Group::"main/Ops", action == Gatehouse::Action::"NAMESPACE:UPDATE", resource);
        @id("frozen") forbid (principal, action in Gatehouse::Action::"UPDATE", resource in Gatehouse::Namespace::"billing");`,
    });
    const ops = { tenantId: 'main', groups: ['main/Ops'] };
    expect(leaves(ops, { namespace: 'company' })).toBe(true);
    expect(leaves(ops, { namespace: 'billing.eu' })).toBe(false);
    expect(leaves(ops, { namespace: 'billing-eu' })).toBe(true);
    expect(verdict({ tenantId: 'main' })).toMatchObject({ effect: 'deny' });
    // The forbid covers every UPDATE, so updates need a permit too. No policy covers reads.
    expect(verdict({ ...ops, resource: 'GROUP' })).toEqual({ effect: 'deny', reason: 'no Cedar policy permits it' });
    expect(verdict({ ...ops, action: 'READ' })).toEqual({ effect: 'abstain' });
    expect(verdict(ops)).toMatchObject({ reason: 'Cedar forbids it (frozen)' });
  });

  it('decides about the configured resources, whatever the policies name', async () => {
    const { verdict } = await prepared(plugin, { policies: everything, resources: ['GROUP'] });
    expect(verdict({ resource: 'GROUP' })).toEqual({ effect: 'abstain' });
    const none = await prepared(plugin, { resources: ['GROUP'] });
    expect(none.verdict({ resource: 'GROUP' })).toEqual({ effect: 'deny', reason: 'no Cedar policy permits it' });
    expect(none.verdict({ resource: 'ROLE' })).toEqual({ effect: 'abstain' });
    expect((await prepared(plugin, {})).verdict({})).toEqual({ effect: 'abstain' });
  });

  it('never allows because of an error: a permit does not apply, a forbid does', async () => {
    const permit = await prepared(plugin, {
      policies: 'permit (principal, action, resource) when { context.reason == "x" };',
    });
    expect(permit.verdict({}).effect).toBe('deny');
    expect(permit.verdict({ reason: 'x' }).effect).toBe('abstain');
    const forbid = await prepared(plugin, { policies: `${everything} ${when('context.reason == "x"')}` });
    expect(forbid.verdict({})).toEqual({ effect: 'deny', reason: 'Cedar forbids it (mine)' });
    expect(forbid.verdict({ reason: 'y' }).effect).toBe('abstain');
    const guarded = await prepared(plugin, {
      policies: `${everything} ${when('context has reason && context.reason == "x"')}`,
    });
    expect(guarded.verdict({}).effect).toBe('abstain');
    // An attribute that the resource does not have.
    const column = await prepared(plugin, { policies: `${everything} ${when('resource.namespace == "x"')}` });
    expect(column.verdict({ resource: 'GROUP', tenantId: 'main' }).effect).toBe('deny');
    const instance = await prepared(plugin, { policies: `${everything} ${when('resource.tenant == "x"')}` });
    expect(instance.verdict({ resource: 'USER' }).effect).toBe('deny');
    expect(instance.verdict({ tenantId: 'y' }).effect).toBe('abstain');
  });

  it('reads the address, the time and the impersonator', async () => {
    const { verdict } = await prepared(plugin, {
      policies: `permit (principal, action, resource) when {
        context.ip.isInRange(ip("10.0.0.0/8")) && context.now < datetime("2026-06-01T00:00:01Z") &&
        !(context has impersonator) && context.credential == "basic" };`,
    });
    const good = { ip: '10.1.1.1' };
    expect(verdict(good)).toEqual({ effect: 'abstain', until: new Date(now.getTime() + 1_000) });
    expect(verdict({ ip: '192.0.2.1' }).effect).toBe('deny');
    expect(verdict({}).effect).toBe('deny');
    expect(verdict({ ...good, now: new Date(now.getTime() + 999) })).toEqual({
      effect: 'abstain',
      until: new Date(now.getTime() + 1_000),
    });
    expect(verdict({ ...good, now: new Date(now.getTime() + 1_000) }).effect).toBe('deny');
    expect(verdict({ ...good, credential: { kind: 'api-token' } }).effect).toBe('deny');
    expect(verdict({ ...good, impersonator: { id: 'a', name: 'a' } }).effect).toBe('deny');
  });

  it.each([
    ['a syntax error, with its line', `${everything}\n\npermit (principal action);`, /^policies: line 3: /],
    ['a * before the end', when('resource.namespace like "*x"'), /policies: mine uses `like` with a \* before the end/],
    [
      'an unknown attribute',
      when('resource.owner == "x"'),
      /mine uses resource\.owner, which does not exist; available: resource\.tenant/,
    ],
    ['a computed operand', when('resource.namespace == context.reason.x'), /mine compares an attribute/],
    ['the resource in a function', when('ip(resource.namespace).isIpv4()'), /mine uses isIpv4 on the resource/],
    ['arithmetic on it', when('resource.namespace < 3'), /mine uses < on the resource/],
    ['the resource as a parent', when('principal in resource'), /mine uses `in` on something other/],
    [
      'an unknown action',
      'forbid (principal, action == Gatehouse::Action::"FLOW:WRITE", resource);',
      /policy0 uses the action "FLOW:WRITE"/,
    ],
    ['an unknown type', when('resource is Gatehouse::FLOWS'), /mine uses Gatehouse::FLOWS, which does not exist/],
    ['an unknown entity type', when('principal in Group::"main/A"'), /mine uses Group, which does not exist/],
    [
      'an unknown context',
      when('context.reasn == "x"'),
      /mine uses context\.reasn, which does not exist; available: ip, now/,
    ],
    ['an invalid namespace', when('resource in Gatehouse::Namespace::"A b"'), /mine names a namespace "A b"/],
    ['a template', 'permit (principal == ?principal, action, resource);', /templates are not supported/],
    [
      'too many levels',
      when(
        Array.from({ length: 9 }, (_, i) => `!(resource has key ${i % 2 ? '&&' : '||'} `).join('(') +
          'resource has id' +
          '))'.repeat(8) +
          ')',
      ),
      /mine is nested too deeply/,
    ],
  ])('refuses to load %s', async (_what, policies, fault) => {
    expect(await faultsOf(policies)).toMatch(fault);
  });

  it('reports all faults together', async () => {
    const text = await faultsOf(
      `${when('resource.a == 1')} forbid (principal, action, resource) when { resource.b == 1 };`,
    );
    expect(text).toContain('mine uses resource.a');
    expect(text).toContain('policy1 uses resource.b');
  });

  it('reads files, which are part of the settings, and a schema', async () => {
    const path = join(folder, 'own.cedar');
    writeFileSync(path, everything);
    const here = <T>(work: () => T): T => inPolicyFiles(folder, work);
    expect(here(() => plugin.config!.parse({ files: [path] }))).toMatchObject({ files: [{ path, text: everything }] });
    expect(here(() => accepts(plugin, { files: ['none.cedar'] }))).toBe(false);
    const other = join(folder, 'other.txt');
    writeFileSync(other, everything);
    expect(here(() => accepts(plugin, { files: [other] }))).toBe(false);
    // Only files in the operator's folder can be read.
    expect(accepts(plugin, { files: [path] })).toBe(false);
    expect(inPolicyFiles(join(folder, 'elsewhere'), () => accepts(plugin, { files: [path] }))).toBe(false);
    expect((await here(() => prepared(plugin, { files: [path] }))).verdict({}).effect).toBe('abstain');
    const schema = `namespace Gatehouse {
      entity User = { id: String, name: String };
      entity NAMESPACE = { id: String, namespace: String, tenant: String };
      action "NAMESPACE:UPDATE" appliesTo { principal: [User], resource: [NAMESPACE], context: { reason?: String } };
    }`;
    const own = (condition: string) =>
      `permit (principal, action == Gatehouse::Action::"NAMESPACE:UPDATE", resource) when { ${condition} };`;
    expect(await faultsOf(own('resource.namespace == "x"'), { schema })).toBe('loaded');
    expect(await faultsOf(own('context.reason == "x"'), { schema })).toMatch(/the schema: .*reason/);
    expect(await faultsOf(everything, { schema: 'entity' })).toMatch(/the schema: /);
  });

  it('finds the first text after all texts with a prefix, in byte order', () => {
    expect(behind('x.')).toBe('x/');
    expect(behind('a\u{ffff}')).toBe('a\u{10000}');
    expect(behind('\u{d7ff}')).toBe('\u{e000}');
    expect(behind('a\u{10ffff}')).toBe('b');
    expect(behind('\u{10ffff}')).toBeUndefined();
    for (const prefix of ['a', 'a.', 'é', '\u{d7ff}', '\u{ffff}', '\u{1F600}'])
      for (const more of ['', '\u{10ffff}\u{10ffff}', 'z']) {
        expect(compareBytes(prefix + more, prefix)).toBeGreaterThanOrEqual(0);
        expect(compareBytes(prefix + more, behind(prefix)!)).toBe(-1);
      }
  });

  describe('in a gateway', () => {
    let world: World;
    let main: Tenant;
    beforeAll(async () => {
      const policies = `
        permit (principal, action in Gatehouse::Action::"NAMESPACE", resource);
        @id("archive") forbid (principal, action in Gatehouse::Action::"NAMESPACE", resource in Gatehouse::Namespace::"archive")
          unless { principal == Gatehouse::User::"keeper" };`;
      world = await World.create({
        config: { policies: { cedar: { enabled: true, shadow: false, policies } } },
      });
      main = await world.tenant('main');
      for (const name of ['archive.old', 'archive-new', 'company']) await world.namespace(main, name);
    });
    afterAll(() => world.close());

    it('lists what it permits, and names the policy that forbids a mutation', async () => {
      const admin = await world.managed(main, 'Admin');
      const as = async (name: string) => {
        const user = await world.user(name, [main]);
        await world.bind(main, { principal: user }, admin);
        return world.as(user);
      };
      const [keeper, other] = [await as('keeper'), await as('other')];
      const names = async (client: typeof keeper) =>
        (await client.ok('{ tenant(key: "main") { namespaces { totalCount nodes { name } } } }')).tenant.namespaces;
      expect((await names(keeper)).totalCount).toBe(4);
      expect(await names(other)).toEqual({ totalCount: 2, nodes: [{ name: 'archive-new' }, { name: 'company' }] });
      const create = (client: typeof keeper) =>
        client.run(
          'mutation { createNamespace(input: { tenantKey: "main", name: "archive.x" }) { namespace { id } } }',
        );
      expect((await create(other)).errors[0]).toMatchObject({
        message: 'NAMESPACE:CREATE is refused: Cedar forbids it (archive).',
        extensions: { code: 'FORBIDDEN', policy: 'cedar' },
      });
      expect((await create(keeper)).errors).toEqual([]);
    });
  });
});
