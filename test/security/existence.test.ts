import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { idOf, World } from '../support/world.ts';

const folder = temporaryFolder('existence');
const own = join(folder, 'own');

/** A hidden object gets the same answer as one that does not exist: the same words, in the same steps. */
describe('a hidden object', () => {
  let world: World;
  let foreign: Tenant;
  let home: Tenant;
  let operator: Client;
  beforeAll(async () => {
    mkdirSync(own);
    writeFileSync(join(own, 'fine.cedar'), '');
    writeFileSync(join(folder, 'outside.cedar'), '');
    symlinkSync(join(folder, 'outside.cedar'), join(own, 'link.cedar'));
    world = await World.create({ config: { policyFiles: own } });
    [home, foreign] = [await world.tenant('home'), await world.tenant('foreign')];
    await world.group(foreign, 'Managers');
    await world.group(home, 'Managers');
    const person = await world.user('operator', [home]);
    await world.grant(null, person, [
      'WORKER_GROUP:CREATE',
      'WORKER_GROUP:UPDATE',
      'WORKER_GROUP:READ',
      'POLICY:UPDATE',
    ]);
    await world.grant(home, person, ['TENANT:READ', 'GROUP:READ', 'GROUP:CREATE']);
    operator = await world.as(person);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await world.close();
  });

  /** Returns the errors without the requested name. */
  const errorsOf = async (client: Client, document: string, variables: object, name: string) =>
    JSON.stringify((await client.run(document, variables as never)).errors)
      .replaceAll(name, 'NAME')
      .replace(/"(decisionId|requestId)":"[^"]*"/g, '');

  it('is reported as missing to createWorkerGroup and updateWorkerGroup, if it is a tenant', async () => {
    const create = call('createWorkerGroup', 'workerGroup { id allowedTenantKeys }');
    const as = (key: string, tenant: string) => ({ i: { key, allowedTenantKeys: [tenant] } });
    expect(await errorsOf(operator, create, as('a', 'foreign'), 'foreign')).toBe(
      await errorsOf(operator, create, as('a', 'missing'), 'missing'),
    );
    expect(await operator.codes(create, as('a', 'foreign'))).toEqual(['BAD_INPUT']);
    const made = await operator.ok(create, as('b', 'home'));
    const { id } = made.createWorkerGroup.workerGroup;
    const update = call('updateWorkerGroup', 'workerGroup { allowedTenantKeys }');
    const change = (tenant: string) => ({ i: { id, allowedTenantKeys: ['home', tenant] } });
    expect(await errorsOf(operator, update, change('foreign'), 'foreign')).toBe(
      await errorsOf(operator, update, change('missing'), 'missing'),
    );
    // A key that the worker group already lists stays valid when another caller updates the rest.
    await world.root().ok(update, change('foreign'));
    await operator.ok(update, { i: { id, description: 'x', allowedTenantKeys: ['home', 'foreign'] } });
  });

  it('is reported as missing in settings of policies, if it is a tenant or group', async () => {
    const configure = call('setPolicyConfiguration', 'policies { name }');
    const network = (tenant: string) => ({
      i: { policies: { network: { rules: [{ tenant, allow: ['127.0.0.1'] }] } } },
    });
    const frozen = (group: string) => ({
      i: { policies: { 'frozen-namespaces': { frozen: ['x'], except: [group] } } },
    });
    for (const settings of [network, (tenant: string) => frozen(`${tenant}/Managers`)]) {
      expect(await errorsOf(operator, configure, settings('foreign'), 'foreign')).toBe(
        await errorsOf(operator, configure, settings('missing'), 'missing'),
      );
      expect(await operator.codes(configure, settings('foreign'))).toEqual(['BAD_INPUT']);
    }
    await operator.ok(configure, frozen('home/Managers'));
    // A setting in force stays valid.
    await world.root().ok(configure, frozen('foreign/Managers'));
    await operator.ok(configure, frozen('foreign/Managers'));
    await world.root().ok(configure, { i: { policies: {} } });
  });

  it('is reported as outside of the folder of policies, if it is a file of the host', async () => {
    const configure = call('setPolicyConfiguration', 'policies { name }');
    const cedar = (path: string) => ({ i: { policies: { cedar: { files: [path] } } } });
    const refusals = new Set<string>();
    for (const path of [
      join(folder, 'outside.cedar'),
      join(folder, 'missing.cedar'),
      '../outside.cedar',
      '/etc/shadow',
      'link.cedar',
      '/',
    ])
      refusals.add(await errorsOf(operator, configure, cedar(path), path));
    expect([...refusals]).toEqual([expect.stringContaining('is not in the folder of policyFiles')]);
    expect(await errorsOf(operator, configure, cedar('missing.cedar'), 'x')).not.toContain(folder);
    await operator.ok(configure, cedar('fine.cedar'));
    await operator.ok(configure, { i: { policies: {} } });
  });

  it('is reported as missing to createApiToken, if it is an instance-wide service account', async () => {
    const account = await world.account(null, 'hidden-engine');
    const client = await world.as(await world.user('minter', [home]));
    const mint = call('createApiToken', 'apiToken { id }');
    const codes = (id: string) => client.codes(mint, { i: { name: 'x', owner: idOf('ServiceAccount', { id }) } });
    for (const id of [account.id, `${account.id.slice(0, -4)}0000`]) expect(await codes(id)).toEqual(['NOT_FOUND']);
    // A caller who can read its access to a tenant knows that it exists.
    await world.access(home, account);
    await world.grant(home, await world.db.user.findFirstOrThrow({ where: { username: 'minter' } }), [
      'TENANT_ACCESS:READ',
    ]);
    expect(await codes(account.id)).toEqual(['FORBIDDEN']);
    const input = { i: { name: 'x', owner: idOf('ServiceAccount', account) } };
    expect(await world.root().codes(mint, input)).toEqual([]);
  });

  it('takes the same number of statements in a mutation, by key and by ID', async () => {
    const group = await world.group(foreign, 'Hidden');
    const stranger = await world.user('stranger', [home]);
    const client = await world.as(stranger);
    await client.ok('{ viewer { name } }');
    const create = call('createGroup', 'group { id }');
    const update = call('updateGroup', 'group { id }');
    const missing = { ...group, id: `${group.id.slice(0, -4)}0000` };
    const asked: [string, object, object][] = [
      [create, { i: { tenantKey: 'foreign', name: 'n' } }, { i: { tenantKey: 'missing', name: 'n' } }],
      [update, { i: { id: idOf('Group', group), name: 'n' } }, { i: { id: idOf('Group', missing), name: 'n' } }],
    ];
    /** Measures the statements, the transactions and the milliseconds of one request. */
    const cost = async (document: string, variables: object) => {
      const { pool } = world.app.database;
      let connections = 0;
      const count = () => {
        connections += 1;
      };
      pool.on('acquire', count);
      const begun = performance.now();
      const statements = await world.statements(async () => {
        expect(await client.codes(document, variables as never)).toEqual(['NOT_FOUND']);
      });
      const milliseconds = performance.now() - begun;
      pool.off('acquire', count);
      return { steps: `${statements} ${connections}`, milliseconds };
    };
    const rounds = process.env['SOAK'] === '1' ? 400 : 16;
    for (const [document, ...both] of asked) {
      const times: [number[], number[]] = [[], []];
      const steps: [Set<string>, Set<string>] = [new Set(), new Set()];
      for (let i = 0; i < rounds; i += 1) {
        // The order alternates, so that neither is always the first.
        for (const which of i % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
          const { steps: taken, milliseconds } = await cost(document, both[which]);
          steps[which].add(taken);
          times[which].push(milliseconds);
        }
      }
      // The minimum counts, because background work of the gateway adds statements to some rounds.
      expect([...steps[1]].sort()[0]).toBe([...steps[0]].sort()[0]);
      const [known, unknown] = times.map((all) => all.sort((a, b) => a - b)[rounds / 2]!.toFixed(2));
      console.log(`${/(\w+)\(input/.exec(document)?.[1]}: foreign ${known} ms, unknown ${unknown} ms (medians)`);
    }
  });
});
