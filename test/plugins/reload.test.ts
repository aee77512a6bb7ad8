import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { acceptFile, policiesOfFile } from '../../src/bootstrap/policies.ts';
import type { Group, Tenant, User } from '../../src/db/generated/client.ts';
import { createLog } from '../../src/lib/log.ts';
import { call } from '../support/call.ts';
import { Client } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { GatewayProgram } from '../support/program.ts';
import { idOf, password, World } from '../support/world.ts';

const configure = call('setPolicyConfiguration', 'policies { name settings }');
const update = call('updateNamespace', 'namespace { id }');

describe('the configuration of policies by mutation, on two gateways', () => {
  let world: World;
  let main: Tenant;
  let managers: Group;
  let editor: User;
  let frozen: { id: string };

  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    main = await world.tenant('main');
    managers = await world.group(main, 'Release managers');
    editor = await world.user('editor', [main]);
    await world.grant(main, editor, ['NAMESPACE:READ', 'NAMESPACE:UPDATE']);
    frozen = await world.namespace(main, 'frozen');
  });
  afterAll(() => world.close());

  const change = async (gateway: number) =>
    (await world.as(editor, gateway)).codes(update, {
      i: { id: idOf('Namespace', frozen), description: `${Math.random()}` },
    });
  const put = (client: Client, policies: object, more: object = {}) =>
    client.run<any>(configure, { i: { policies, ...more } });
  const freeze = { 'frozen-namespaces': { frozen: ['frozen'], except: ['main/Release managers'] } };

  it('takes effect immediately here and within 2 s elsewhere, without refusing requests in between', async () => {
    expect([await change(0), await change(1)]).toEqual([[], []]);
    const { errors } = await put(world.root(), freeze, { reason: 'the quarter ends' });
    expect(errors).toEqual([]);
    expect(await change(0)).toEqual(['FORBIDDEN']);
    const seen: string[][] = [];
    await expect
      .poll(
        async () => {
          seen.push(await change(1));
          return seen.at(-1);
        },
        { timeout: 2_000 },
      )
      .toEqual(['FORBIDDEN']);
    expect(seen.flat()).not.toContain('POLICY_ERROR');
    await world.member(main, managers, editor);
    expect([await change(0), await change(1)]).toEqual([[], []]);
    expect((await put(world.root(1), {})).errors).toEqual([]);
    await world.apps[0]!.freshness.confirm();
    expect([await change(0), await change(1)]).toEqual([[], []]);
  });

  it('is audited with its changes, for authorized readers', async () => {
    const event = await world.db.auditEvent.findFirstOrThrow({
      where: { action: 'policy.configure', reason: 'the quarter ends' },
    });
    expect(event).toMatchObject({ type: 'UPDATE', resource: 'POLICY', actorName: 'root', outcome: 'SUCCESS' });
    expect(event.patchText).toContain('Release managers');
    const { policyConfiguration } = await world.root().ok('{ policyConfiguration { policies mayGrant fingerprint } }');
    expect(policyConfiguration).toMatchObject({ policies: {}, mayGrant: [] });
    const reader = await world.as(editor);
    expect(await reader.codes('{ policyConfiguration { mayGrant } }')).toEqual(['FORBIDDEN']);
  });

  it.each([
    ['a policy that does not exist', { 'frozen-namespace': {} }, /this policy does not exist/],
    ['a misspelt setting', { 'frozen-namespaces': { frozn: [] } }, /frozen-namespaces\.ts: setting/],
    ['an unknown group', { 'frozen-namespaces': { except: ['main/Nobody'] } }, /group main\/Nobody does not exist/],
    ['settings that are not an object', { naming: 5 }, /naming/],
    [
      'settings that would lock the caller out',
      { network: { rules: [{ allow: ['203.0.113.7'] }] } },
      /could not change them back/,
    ],
  ])('rejects %s completely and keeps the former configuration', async (_what, policies, message) => {
    const before = await world.db.accessState.findUniqueOrThrow({ where: { id: 1 } });
    const { errors } = await put(world.root(), policies);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_INPUT']);
    expect(JSON.stringify(errors)).toMatch(message);
    expect(JSON.stringify(errors)).not.toContain(process.cwd());
    expect(await world.db.accessState.findUniqueOrThrow({ where: { id: 1 } })).toEqual(before);
    expect(await change(0)).toEqual([]);
  });

  it('lists all faults together', async () => {
    const { errors } = await put(world.root(), { nope: {}, naming: { rulez: [] }, network: { rulez: [] } });
    expect((errors[0]!.extensions['issues'] as unknown[]).length).toBe(3);
  });

  it('changes nothing with dryRun', async () => {
    const { errors, data } = await world.root().run<any>(call('setPolicyConfiguration', 'changes { action patch }'), {
      i: { policies: freeze, dryRun: true },
    });
    expect(errors).toEqual([]);
    expect(data.setPolicyConfiguration.changes).toMatchObject([{ action: 'policy.configure' }]);
    expect(await change(0)).toEqual([]);
  });

  it('allows holders of POLICY:UPDATE to change settings, and only super admins to change mayGrant', async () => {
    const keeper = await world.user('keeper');
    await world.grant(null, keeper, ['POLICY:UPDATE', 'POLICY:READ']);
    const client = await world.as(keeper);
    // The settings name a group. A caller who cannot read the group cannot name it.
    expect((await put(client, freeze)).errors[0]?.message).toMatch(/group .* does not exist/);
    await world.access(main, keeper);
    await world.grant(main, keeper, ['GROUP:READ']);
    expect((await put(client, freeze)).errors).toEqual([]);
    expect((await put(client, {})).errors).toEqual([]);
    const { errors } = await put(client, {}, { mayGrant: ['naming'] });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  });

  it('keeps both gateways consistent under concurrent changes on either', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => put(world.root(i % 2), i % 3 ? freeze : {})),
    );
    expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
    const { policySet } = await world.db.accessState.findUniqueOrThrow({ where: { id: 1 } });
    await expect
      .poll(() => world.apps.map(({ policies }) => policies.engine.fingerprint), { timeout: 2_000 })
      .toEqual([policySet, policySet]);
    expect((await put(world.root(), {})).errors).toEqual([]);
  });
});

describe('a store whose policies this gateway does not have', () => {
  it.each([
    ['a policy that was renamed', { 'token-age': { maxAgeDays: 90, enabled: true, shadow: false } }, 'token-age'],
    ['a removed policy', { bygone: { enabled: true, shadow: false } }, 'bygone'],
    ['a deleted group', { 'frozen-namespaces': { except: ['main/Gone'], enabled: true, shadow: false } }, 'network'],
  ])('lets it start, not ready until an operator accepts: %s', async (_what, policies, name) => {
    const world = await World.create();
    const started: App[] = [];
    try {
      await world.apps[0]!.freshness.confirm();
      const plugins = { policies: [{ name, mode: 'guard', shadow: false, settings: {} }], disabled: [] };
      await world.db.accessState.updateMany({
        data: { policySet: 'of-another-version', plugins, configuration: { policies, mayGrant: [] } as never },
      });
      const log: string[] = [];
      const app = await createApp(
        world.app.config,
        world.connection,
        createLog('error', (line) => void log.push(line)),
      );
      started.push(app);
      const url = await app.listen();
      const client = new Client(url, world.root().headers);
      expect((await fetch(`${url}/readyz`)).status).toBe(503);
      expect(await client.codes('{ viewer { name } }')).toEqual([]);
      expect(await client.codes('{ users { totalCount } }')).toEqual(['POLICY_ERROR']);
      if (name === 'token-age') {
        expect(app.policies.engine.set.policies.find((one) => one.name === 'token-hygiene')?.settings).toMatchObject({
          users: { maxAgeDays: 90 },
          serviceAccounts: { maxAgeDays: 90 },
        });
        expect(log).toEqual([]);
      } else
        expect(log.join()).toMatch(
          /cannot be loaded on this gateway, so it refuses every decision.*(bygone|main\/Gone)/,
        );
      const prepared = await policiesOfFile(app.store, app.config);
      await acceptFile(app.store, app.config, prepared, { reason: 'test', mayLose: true });
      await app.freshness.confirm();
      await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 3_000 }).toBe(200);
      expect(await client.codes('{ users { totalCount } }')).toEqual([]);
    } finally {
      for (const app of started) await app.close();
      await world.close();
    }
  });
});

describe('the configuration file of a running gateway', () => {
  const folder = temporaryFolder('reload');
  const file = join(folder, 'gatehouse.yaml');
  let gateway: GatewayProgram;
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, 'policies: {}\n');
    gateway = await GatewayProgram.create({ GATEHOUSE_CONFIG: file, GATEHOUSE_ADMIN_PASSWORD: password });
    await gateway.start();
  }, 120_000);
  afterAll(async () => {
    await gateway.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const settings = async () => {
    const { policies } = await gateway.client('admin', password).ok<any>('{ policies { name settings } }');
    return policies.find(({ name }: { name: string }) => name === 'frozen-namespaces').settings.frozen;
  };

  it('is put in force by SIGHUP; an invalid one is rejected with its line and the old one kept', async () => {
    expect(await settings()).toEqual([]);
    writeFileSync(file, 'policies:\n  frozen-namespaces: { frozen: [company.billing] }\n');
    process.kill(gateway.pid, 'SIGHUP');
    await expect.poll(settings, { timeout: 5_000 }).toEqual(['company.billing']);

    writeFileSync(file, 'policies:\n  frozen-namespaces: { frozen: [company.billing, x..y] }\n  nope: {}\n');
    process.kill(gateway.pid, 'SIGHUP');
    await expect.poll(() => gateway.output, { timeout: 5_000 }).toContain('were not applied');
    expect(gateway.output).toContain('policies.nope: this policy does not exist');
    expect(gateway.output).toContain('is not a namespace');
    expect(await settings()).toEqual(['company.billing']);

    writeFileSync(file, 'policies:\n  - broken\nlimitz: {}\n');
    process.kill(gateway.pid, 'SIGHUP');
    await expect.poll(() => gateway.output, { timeout: 5_000 }).toContain('limitz');
    expect(await settings()).toEqual(['company.billing']);
  });

  it('requires acceptance after a restart if the file changed, but not after a mutation', async () => {
    writeFileSync(file, 'policies:\n  frozen-namespaces: { frozen: [company.billing] }\n');
    const { errors } = await gateway
      .client('admin', password)
      .run<any>(configure, { i: { policies: { 'frozen-namespaces': { frozen: ['a'] } } } });
    expect(errors).toEqual([]);
    await gateway.end('SIGTERM');
    await gateway.start();
    expect(await settings()).toEqual(['a']);

    writeFileSync(file, 'policies:\n  frozen-namespaces: { frozen: [b] }\n');
    await gateway.end('SIGTERM');
    await gateway.start(503);
    await expect.poll(() => gateway.output).toContain('policy accept');
    process.kill(gateway.pid, 'SIGHUP');
    await expect.poll(async () => (await fetch(`${gateway.url}/readyz`)).status, { timeout: 5_000 }).toBe(200);
    expect(await settings()).toEqual(['b']);
  }, 120_000);
});
