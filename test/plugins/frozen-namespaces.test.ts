import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import { acceptFile, policiesOfFile } from '../../src/bootstrap/policies.ts';
import { readConfig } from '../../src/config.ts';
import type { Group, Tenant, User } from '../../src/db/generated/client.ts';
import { createLog } from '../../src/lib/log.ts';
import { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

const update =
  'mutation($id: ID!, $d: String) { updateNamespace(input: { id: $id, description: $d }) { namespace { id } } }';
const create =
  'mutation($name: String!) { createNamespace(input: { tenantKey: "main", name: $name }) { namespace { id } } }';

describe('frozen-namespaces', () => {
  let world: World;
  let main: Tenant;
  let editor: User;
  let managers: Group;
  let url: string;
  let close: () => Promise<void>;
  const ids = new Map<string, string>();

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    managers = await world.group(main, 'Release managers');
    editor = await world.user('editor', [main]);
    await world.grant(main, editor, ['NAMESPACE:CREATE', 'NAMESPACE:READ', 'NAMESPACE:UPDATE', 'NAMESPACE:DELETE']);
    for (const name of ['billing', 'billing.eu', 'billing-x', 'billingx', 'bill'])
      ids.set(name, idOf('Namespace', await world.namespace(main, name)));
    // A second gateway with the guard configured. It does not decide until its set is accepted; then the first one does
    // not.
    const base = readConfig({
      PORT: '0',
      DATABASE_URL: 'postgresql://unused/unused',
      GATEHOUSE_MASTER_KEY: 'test master key, the same on every gateway',
    });
    const policies = {
      'frozen-namespaces': { enabled: true, shadow: false, frozen: ['billing'], except: ['main/Release managers'] },
    };
    const app = await createApp(
      { ...base, policies },
      world.connection,
      createLog('error', () => undefined),
    );
    close = () => app.close();
    url = await app.listen();
    const before = await fetch(`${url}/readyz`);
    expect(before.status).toBe(503);
    expect(
      await new Client(url, (await world.as(editor)).headers).codes('{ viewer { name } tenants { totalCount } }'),
    ).toEqual(['POLICY_ERROR']);
    await acceptFile(app.store, app.config, await policiesOfFile(app.store, app.config), { reason: 'test' });
    await app.freshness.confirm();
    await world.app.freshness.confirm();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    // The gateway with the former settings follows.
    await vi.waitFor(async () => expect((await fetch(`${world.urls[0]}/readyz`)).status).toBe(200));
  });
  afterAll(async () => {
    await close();
    await world.close();
  });
  const client = async () => new Client(url, (await world.as(editor)).headers);

  it('refuses changes in the namespace and its descendants with a reason, and allows them elsewhere', async () => {
    const c = await client();
    const outcome = async (name: string) => {
      const { errors } = await c.run(update, { id: ids.get(name), d: `${Math.random()}` });
      return errors[0] ? [errors[0].extensions.code, errors[0].extensions['policy'], errors[0].message] : 'done';
    };
    const refused = ['FORBIDDEN', 'frozen-namespaces', 'NAMESPACE:UPDATE is refused: the namespace is frozen.'];
    expect(await outcome('billing')).toEqual(refused);
    expect(await outcome('billing.eu')).toEqual(refused);
    for (const name of ['billing-x', 'billingx', 'bill']) expect(await outcome(name)).toBe('done');
    expect(await c.codes(create, { name: 'billing.us' })).toEqual(['FORBIDDEN']);
    expect(await c.codes(create, { name: 'sales' })).toEqual([]);
  });

  it('allows reads, and is reflected in viewerPermissions', async () => {
    const { tenant } = await (await client()).ok<any>(
      '{ tenant(key: "main") { namespaces { nodes { name viewerPermissions } } } }',
    );
    const of = (name: string) => tenant.namespaces.nodes.find((n: any) => n.name === name).viewerPermissions;
    expect(of('billing.eu')).toEqual(['READ']);
    expect(of('billingx')).toEqual(['CREATE', 'READ', 'UPDATE', 'DELETE']);
  });

  it('exempts the configured group, whose members can be changed only with POLICY:UPDATE', async () => {
    const owner = await world.user('owner', [main]);
    await world.member(main, managers, owner, 'OWNER');
    const add = 'mutation($g: ID!, $s: ID!) { addGroupMember(input: { group: $g, subject: $s }) { group { id } } }';
    const asOwner = new Client(url, (await world.as(owner)).headers);
    const { errors } = await asOwner.run(add, { g: idOf('Group', managers), s: idOf('User', editor) });
    expect(errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', policy: 'excepted-groups' });
    const root = new Client(url, world.root().headers);
    await root.ok(add, { g: idOf('Group', managers), s: idOf('User', editor) });
    expect(await (await client()).codes(update, { id: ids.get('billing'), d: 'by a manager' })).toEqual([]);
  });
});
