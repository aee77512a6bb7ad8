import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { acceptFile, policiesOfFile } from '../../src/bootstrap/policies.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { createLog } from '../../src/lib/log.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { GatewayProgram } from '../support/program.ts';
import { idOf, password, World } from '../support/world.ts';

const configure = call('setPolicyConfiguration', 'policies { name settings }');
const put = (client: Client, policies: object, more: object = {}) =>
  client.run<any>(configure, { i: { policies, ...more } });
const contract = join(import.meta.dirname, '..', '..', 'src', 'policy', 'contract.ts');

/** Grants groups to the users that its settings name. Slow to create, and fails to dispose. */
const onCall = `import { abstain, allow, definePolicy, z } from ${JSON.stringify(contract)};
export default definePolicy({ name: 'on-call', description: 'x', mode: 'grant', resources: ['GROUP'], reads: ['id'],
  config: z.strictObject({ users: z.array(z.string()).default([]), slowly: z.boolean().default(false) }),
  create: async ({ users, slowly }) => {
    if (slowly) await new Promise((done) => setTimeout(done, 600));
    return {
      evaluate: ({ actor }) => users.includes(actor.name) ? allow('on call') : abstain(),
      dispose() { throw new Error('cannot let go'); },
    };
  } });`;

describe('attacks on the configuration of policies', () => {
  const folder = temporaryFolder('attacks');
  let world: World;
  let main: Tenant;
  let keeper: User;
  const others = { 'on-call': { users: ['somebody'] } };

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'on-call.ts'), onCall);
    world = await World.create({
      gateways: 2,
      config: { policyFolders: [folder], mayGrant: ['on-call'], policies: others as never },
    });
    main = await world.tenant('main');
    keeper = await world.user('keeper', [main]);
    await world.grant(null, keeper, ['POLICY:UPDATE', 'POLICY:READ']);
  });
  afterAll(async () => {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const fingerprints = () => world.apps.map(({ policies }) => policies.engine.fingerprint);
  const settled = async () => {
    const { policySet } = await world.db.accessState.findUniqueOrThrow({ where: { id: 1 } });
    await expect.poll(fingerprints, { timeout: 2_000 }).toEqual([policySet, policySet]);
  };

  it('a holder of POLICY:UPDATE cannot gain permissions through the settings of a grant', async () => {
    const client = await world.as(keeper);
    const { errors } = await put(client, { 'on-call': { users: ['keeper'] } });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    expect(await client.codes('{ tenant(key: "main") { groups { totalCount } } }')).toEqual(['FORBIDDEN']);
    // They can disable the grant but not enable it again. Control: they can change everything else, and a super admin
    // all of it.
    expect((await put(client, { ...others, naming: { rules: [] } })).errors).toEqual([]);
    expect((await put(client, { 'on-call': { enabled: false } })).errors).toEqual([]);
    expect((await put(client, others)).errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    expect((await put(world.root(), others)).errors).toEqual([]);
  });

  it("changes of a disabled policy's settings are audited and returned", async () => {
    await put(world.root(), { ...others, naming: { enabled: false } });
    const count = () => world.db.auditEvent.count({ where: { action: 'policy.configure' } });
    const before = await count();
    expect((await put(world.root(), { ...others, naming: { enabled: false, rules: [] } })).errors).toEqual([]);
    expect(await count()).toBe(before + 1);
    const { policyConfiguration } = await world.root(1).ok<any>('{ policyConfiguration { policies } }');
    expect(policyConfiguration.policies.naming).toMatchObject({ rules: [] });
    // Control: repeating it changes nothing.
    await put(world.root(), { ...others, naming: { enabled: false, rules: [] } });
    expect(await count()).toBe(before + 1);
  });

  it('input that breaks Cedar is refused, and Cedar continues for the policies in force and for later ones', async () => {
    const cedar = { policies: 'permit (principal, action, resource);' };
    expect((await put(world.root(), { ...others, cedar })).errors).toEqual([]);
    const deep = `permit (principal, action, resource) when { ${'('.repeat(20_000)}true${')'.repeat(20_000)} };`;
    const { errors } = await put(world.root(), { ...others, cedar: { policies: deep } }, { dryRun: true });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_INPUT']);
    expect(JSON.stringify(errors)).not.toContain(process.cwd());
    expect(await world.root().codes('{ users { totalCount } }')).toEqual([]);
    expect((await put(world.root(), others)).errors).toEqual([]);
  });

  it('a gateway that is still loading when the former policies are restored keeps them', async () => {
    await put(world.root(), others);
    await settled();
    const slow = await put(world.root(), { 'on-call': { users: ['somebody'], slowly: true } });
    expect(slow.errors).toEqual([]);
    // The other gateway has started to load, which is slow.
    await expect.poll(() => world.apps[1]!.policies.engine.following !== undefined, { timeout: 1_000 }).toBe(true);
    await put(world.root(), others);
    await new Promise((done) => setTimeout(done, 1_500));
    expect(await world.root(1).codes('{ policies { name } }')).toEqual([]);
    await settled();
  });

  it('a gateway with a missing file logs it and decides as soon as the file exists', async () => {
    await settled();
    const [mine, gone] = [join(folder, 'on-call.ts'), join(folder, 'on-call.gone')];
    const other = world.apps[1]!;
    const prepare = other.policies.prepare.bind(other.policies);
    // Only this gateway reads its folder while the file is missing.
    other.policies.prepare = async (...args) => {
      renameSync(mine, gone);
      return prepare(...args).finally(() => renameSync(gone, mine));
    };
    await put(world.root(), { ...others, naming: { rules: [], shadow: true } });
    await expect.poll(() => world.log.join('\n'), { timeout: 3_000 }).toContain('cannot be loaded on this gateway');
    expect(await world.root(1).codes('{ policies { name } }')).toEqual(['POLICY_ERROR']);
    other.policies.prepare = prepare;
    await settled();
    expect(await world.root(1).codes('{ policies { name } }')).toEqual([]);

    // An unreadable row is logged too, and read again.
    await world.db.accessState.update({ where: { id: 1 }, data: { configuration: { policies: 5 }, policySet: 'x' } });
    await world.db.$executeRaw`UPDATE "AccessState" SET revision = revision + 1`;
    await expect.poll(() => world.log.join('\n'), { timeout: 3_000 }).toMatch(/policySet.{0,4}x.*map of values/i);
    await expect.poll(() => world.root().codes('{ policies { name } }')).toEqual(['POLICY_ERROR']);
    // A gateway still starts, and the file takes effect when an operator accepts it.
    const { config, store } = world.app;
    const late = await createApp(
      config,
      world.connection,
      createLog('error', () => undefined),
    );
    await late.close();
    expect(await acceptFile(store, config, await policiesOfFile(store, config), { reason: 'test' })).toBe(true);
    await expect.poll(() => world.root().codes('{ policies { name } }'), { timeout: 2_000 }).toEqual([]);
  });
});

describe('a group that a policy exempts', () => {
  it('is a different group after it is deleted and created again under its name, on every gateway', async () => {
    const world = await World.create();
    const main = await world.tenant('main');
    const group = await world.group(main, 'Ops');
    const policies = { 'frozen-namespaces': { frozen: ['frozen'], except: ['main/Ops'] } };
    expect((await put(world.root(), policies)).errors).toEqual([]);
    const same = await createApp(
      world.app.config,
      world.connection,
      createLog('error', () => undefined),
    );
    await same.freshness.confirm();
    expect(same.policies.engine.fingerprint).toBe(world.app.policies.engine.fingerprint);
    await same.close();

    expect(await world.root().codes(call('deleteGroup', 'deletedId'), { i: { id: idOf('Group', group) } })).toEqual([]);
    const outsider = await world.user('outsider', [main]);
    await world.grant(main, outsider, ['GROUP:CREATE', 'GROUP:READ']);
    const own = await world.as(outsider);
    expect(await own.codes(call('createGroup', 'group { id }'), { i: { tenantKey: 'main', name: 'Ops' } })).toEqual([]);
    const later = await createApp(
      world.app.config,
      world.connection,
      createLog('error', () => undefined),
    );
    await later.freshness.confirm();
    // It waits until an operator accepts it. The other gateways continue.
    expect(later.policies.engine.fingerprint).not.toBe(later.freshness.state.policySet);
    await later.close();
    expect(await world.root().codes('{ policies { name } }')).toEqual([]);
    await world.close();
  });
});

describe('SIGHUP with a folder that the gateway did not start with', () => {
  const folder = temporaryFolder('folders');
  const file = join(folder, 'gatehouse.yaml');
  let gateway: GatewayProgram;
  beforeAll(async () => {
    mkdirSync(join(folder, 'more'), { recursive: true });
    writeFileSync(file, 'policies: {}\n');
    gateway = await GatewayProgram.create({ GATEHOUSE_CONFIG: file, GATEHOUSE_ADMIN_PASSWORD: password });
    await gateway.start();
  }, 120_000);
  afterAll(async () => {
    await gateway.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('does not put policies in force that the gateways could not load', async () => {
    writeFileSync(
      join(folder, 'more', 'extra.ts'),
      `import { abstain, definePolicy, z } from 'gatehouse/policy';
       export default definePolicy({ name: 'extra', description: 'x', resources: ['GROUP'],
         config: z.strictObject({ a: z.number() }), create: () => ({ evaluate: () => abstain() }) });`,
    );
    writeFileSync(file, `policyFolders: [${join(folder, 'more')}]\npolicies:\n  extra: { a: 1 }\n`);
    process.kill(gateway.pid, 'SIGHUP');
    await expect.poll(() => gateway.output, { timeout: 5_000 }).toMatch(/were not applied|are in force/);
    await new Promise((done) => setTimeout(done, 1_000));
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
    expect(await gateway.client('admin', password).codes('{ policies { name } }')).toEqual([]);
    expect(gateway.output).toContain('policies.extra: this policy does not exist');
  });
});
