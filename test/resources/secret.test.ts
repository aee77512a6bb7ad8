import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveKeys } from '../../src/auth/keys.ts';
import type { Secret, Tenant } from '../../src/db/generated/client.ts';
import { open, seal } from '../../src/lib/envelope.ts';
import { asSystem } from '../../src/policy/session/system.ts';
import { createSecret, openSecret, rotateSecrets } from '../../src/resources/orchestration/secret/service.ts';
import { call } from '../support/call.ts';
import { Client } from '../support/client.ts';
import { GatewayProgram } from '../support/program.ts';
import { idOf, password, World } from '../support/world.ts';

const put = call('putSecret', 'secret { id key namespaceName description tags }');
const update = call('updateSecret', 'secret { id key description tags }');
const remove = call('deleteSecret', 'deletedId');

describe('secrets', () => {
  let world: World;
  let main: Tenant;
  let admin: Client;

  beforeAll(async () => {
    const of = (tenant: string, namespace: string, ...keys: string[]) => ({
      backend: 'vault',
      tenant,
      namespace,
      keys,
    });
    const externalSecrets = [
      of('main', 'company', 'B', 'A'),
      of('main', 'company.team', 'C'),
      of('main', 'other', 'X'),
      of('beside', 'company', 'Y'),
    ];
    world = await World.create({ gateways: 2, config: { externalSecrets } });
    main = await world.tenant('main');
    const owner = await world.user('owner', [main]);
    await world.bind(main, { principal: owner }, await world.managed(main, 'Admin'));
    admin = await world.as(owner);
    for (const name of ['company', 'company.team', 'other']) await world.namespace(main, name);
  });
  afterAll(() => world.close());
  const add = async (namespace: string, key: string, value: string): Promise<Secret> => {
    await admin.ok(put, { i: { tenantKey: 'main', namespaceName: namespace, key, value } });
    return world.db.secret.findFirstOrThrow({ where: { namespace, key } });
  };
  const opened = async (id: string) =>
    world.write(async (tx) =>
      openSecret(tx, world.app.services.keys, await tx.secret.findUniqueOrThrow({ where: { id } })),
    );

  it('of other backends are listed by name, within the reach of the viewer', async () => {
    const listed = async (client: Client) =>
      (
        await client.ok<any>(
          '{ tenant(key: "main") { namespace(name: "company.team") { externalSecrets { key namespaceName backend } } } }',
        )
      ).tenant.namespace.externalSecrets.map((one: any) => `${one.backend}/${one.namespaceName}/${one.key}`);
    expect(await listed(admin)).toEqual(['vault/company/A', 'vault/company/B', 'vault/company.team/C']);
    const reader = await world.user('external', [main]);
    await world.grant(main, reader, ['NAMESPACE:READ', 'SECRET:READ'], 'company.team');
    expect(await listed(await world.as(reader))).toEqual(['vault/company.team/C']);
  });

  it('can be written and not read: their values are in no response, event or record', async () => {
    const canary = 'canary-value-8c1f';
    const { putSecret } = await admin.ok<any>(put, {
      i: {
        tenantKey: 'main',
        namespaceName: 'company',
        key: 'DB_PASSWORD',
        value: canary,
        description: 'the database',
        tags: { team: 'ops' },
      },
    });
    expect(putSecret.secret).toMatchObject({ key: 'DB_PASSWORD', description: 'the database', tags: { team: 'ops' } });
    const changed = `${canary}-changed`;
    const answers = [
      await admin.run(update, { i: { id: putSecret.secret.id, value: changed } }),
      await admin.run(put, { i: { tenantKey: 'main', namespaceName: 'company', key: 'DB_PASSWORD', value: canary } }),
      await admin.run(put, { i: { tenantKey: 'main', namespaceName: 'company', key: 'bad key', value: canary } }),
      await admin.run(put, { i: { tenantKey: 'main', namespaceName: 'nowhere', key: 'K', value: canary } }),
      await world
        .bearer('gth_nobody')
        .run(put, { i: { tenantKey: 'main', namespaceName: 'company', key: 'K', value: canary } }),
      await admin.run(
        '{ tenant(key: "main") { namespace(name: "company") { secrets { nodes { key tags } } auditEvents { nodes { patch details } } } } }',
      ),
    ];
    expect(answers.map(({ errors }) => errors[0]?.extensions.code)).toEqual([
      undefined,
      'CONFLICT',
      'BAD_INPUT',
      'CONFLICT',
      'UNAUTHENTICATED',
      undefined,
    ]);
    for (const app of world.apps) await app.services.decisions.flush({ all: true });
    const written = JSON.stringify(
      [
        answers,
        await world.db.auditEvent.findMany(),
        await world.db.decision.findMany(),
        await world.db.secret.findMany(),
        world.log,
      ],
      (_key, value) => (typeof value === 'bigint' ? String(value) : value),
    );
    expect(written).not.toContain(canary);
    // Control: the value can be decrypted with the keys.
    expect(await opened((await world.db.secret.findFirstOrThrow({ where: { key: 'DB_PASSWORD' } })).id)).toBe(changed);
    const events = await world.db.auditEvent.findMany({
      where: { resource: 'SECRET', outcome: 'SUCCESS' },
      orderBy: { seq: 'asc' },
    });
    expect(
      events.map(({ action, resourceKey, details }) => [action, resourceKey, (details as any)?.valueReplaced]),
    ).toEqual([
      ['secret.create', 'company/DB_PASSWORD', undefined],
      ['secret.update', 'company/DB_PASSWORD', true],
    ]);
  });

  it('can be decrypted in their own place only: not under another key, namespace or tenant, nor after a changed byte', async () => {
    const one = await add('company', 'ONE', 'first');
    const two = await add('company', 'TWO', 'second');
    const far = await add('other', 'ONE', 'third');
    const swap = async (a: Secret, b: Secret) => {
      await world.db.secret.update({ where: { id: a.id }, data: { sealed: b.sealed } });
      await expect(opened(a.id)).rejects.toThrow();
      await world.db.secret.update({ where: { id: a.id }, data: { sealed: a.sealed } });
    };
    await swap(one, two);
    await swap(one, far);
    for (const data of [{ namespace: 'company.team' }, { key: 'THREE' }]) {
      await world.db.secret.update({ where: { id: one.id }, data });
      await expect(opened(one.id)).rejects.toThrow();
      await world.db.secret.update({ where: { id: one.id }, data: { namespace: one.namespace, key: one.key } });
    }
    const bytes = Buffer.from(one.sealed, 'base64');
    bytes[15]! ^= 1;
    await world.db.secret.update({ where: { id: one.id }, data: { sealed: bytes.toString('base64') } });
    await expect(opened(one.id)).rejects.toThrow();
    await world.db.secret.update({ where: { id: one.id }, data: { sealed: one.sealed } });
    expect(await opened(one.id)).toBe('first');
    // Equal values are stored differently.
    const again = await add('company.team', 'ONE', 'first');
    expect(again.sealed).not.toBe(one.sealed);
    const key = Buffer.alloc(32, 1);
    expect(() => open(key, seal(key, Buffer.from('x'), ['a', 'bc']), ['ab', 'c'])).toThrow();
  });

  it('are inherited by key, the nearest first, within what the viewer can read', async () => {
    await add('company', 'SHARED', 'x');
    const own = await add('company.team', 'SHARED', 'y');
    const inherited = async (client: Client) =>
      (
        await client.ok<any>(
          '{ tenant(key: "main") { namespace(name: "company.team") { inheritedSecrets { key namespaceName } } } }',
        )
      ).tenant.namespace.inheritedSecrets;
    expect(await inherited(admin)).toContainEqual({ key: 'SHARED', namespaceName: 'company.team' });
    const reader = await world.user('reader', [main]);
    await world.grant(main, reader, ['SECRET:READ', 'NAMESPACE:READ'], 'company.team');
    expect((await inherited(await world.as(reader))).map(({ namespaceName }: any) => namespaceName)).toEqual([
      'company.team',
      'company.team',
    ]);
    await admin.ok(remove, { i: { id: idOf('Secret', own) } });
    expect(await inherited(admin)).toContainEqual({ key: 'SHARED', namespaceName: 'company' });
  });

  it('keep their namespace, and are deleted with their tenant, with an event each', async () => {
    const { id } = await world.db.namespace.findFirstOrThrow({ where: { namespace: 'company' } });
    expect(await admin.codes(call('deleteNamespace', 'deletedId'), { i: { id: idOf('Namespace', { id }) } })).toEqual([
      'CONFLICT',
    ]);
    const doomed = await world.tenant('doomed');
    const space = await world.namespace(doomed, 'x');
    const boss = await world.user('boss', [doomed]);
    await world.bind(doomed, { principal: boss }, await world.managed(doomed, 'Admin'));
    await (await world.as(boss)).ok(put, {
      i: { tenantKey: 'doomed', namespaceName: space.namespace, key: 'K', value: 'v' },
    });
    await world.root().ok(call('deleteTenant', 'key'), { i: { id: idOf('Tenant', doomed) } });
    expect(await world.db.auditEvent.count({ where: { tenantId: doomed.id, action: 'secret.delete' } })).toBe(1);
    expect(await world.db.dataKey.count({ where: { tenantId: doomed.id } })).toBe(0);
  });

  it('are encrypted again during writes: none is lost, none keeps the old key', async () => {
    const values = new Map<string, string>();
    await world.write(async (tx) => {
      const grant = asSystem('SECRET:CREATE', 'test');
      for (let i = 0; i < 250; i += 1) {
        const content = { namespace: 'other', key: `R${i}`, value: `value ${i}` };
        const { id } = await createSecret(tx, grant, main, world.app.services.keys, content);
        values.set(id, content.value);
      }
    });
    const before = await world.db.dataKey.findMany({ where: { tenantId: main.id } });
    let writing = true;
    const writers = [0, 1].map(async (writer) => {
      const client = await world.as(await world.db.user.findFirstOrThrow({ where: { username: 'owner' } }), writer);
      for (let i = 0; writing; i += 1) {
        const id = [...values.keys()][(i * 7 + writer * 125) % 250]!;
        // Each writer has its own half, so that the last value is known.
        if ([...values.keys()].indexOf(id) % 2 !== writer) continue;
        const value = `again ${writer} ${i}`;
        await client.ok(update, { i: { id: idOf('Secret', { id }), value } });
        values.set(id, value);
      }
    });
    const count = await rotateSecrets(world.app.store, world.app.services.keys, main, 'test');
    await rotateSecrets(world.apps[1]!.store, world.app.services.keys, main, 'test');
    writing = false;
    await Promise.all(writers);
    expect(count).toBeGreaterThan(100);
    const now = await world.db.dataKey.findMany({ where: { tenantId: main.id } });
    expect(now).toHaveLength(1);
    expect(before.map(({ id }) => id)).not.toContain(now[0]!.id);
    expect(await world.db.secret.count({ where: { tenantId: main.id, dataKeyId: { not: now[0]!.id } } })).toBe(0);
    for (const [id, value] of values) expect(await opened(id)).toBe(value);
    expect(await world.db.auditEvent.count({ where: { action: 'secret.rotate-keys' } })).toBe(2);
  }, 60_000);

  it('can be decrypted with a configured former master key, and with the current one after the rotation', async () => {
    const secret = await add('company', 'MASTER', 'kept');
    const stored = () => world.db.secret.findUniqueOrThrow({ where: { id: secret.id } });
    const former = 'test master key, the same on every gateway';
    const renewed = deriveKeys('another master key of enough characters', [former]);
    const unaware = deriveKeys('another master key of enough characters');
    const openBy = (by: typeof renewed) => world.write(async (tx) => openSecret(tx, by, await stored()));
    await expect(openBy(unaware)).rejects.toThrow('GATEHOUSE_FORMER_MASTER_KEYS');
    expect(await openBy(renewed)).toBe('kept');
    await rotateSecrets(world.app.store, renewed, main, 'test');
    expect(await openBy(unaware)).toBe('kept');
    await rotateSecrets(world.app.store, deriveKeys(former, ['another master key of enough characters']), main, 'test');
  });
});

describe('a secret in the real program', () => {
  it('is not in the data folder or the log, and a wrong master key is reported at startup', async () => {
    const canary = 'canary-value-51d0aa';
    const gateway = await GatewayProgram.create({
      GATEHOUSE_ADMIN_PASSWORD: password,
      GATEHOUSE_DEMO: '1',
      GATEHOUSE_LOG: 'debug',
    });
    try {
      await gateway.start();
      const firstOutput = gateway.output;
      const [, secret = ''] = /alice\s+password (\S+)/.exec(gateway.output) ?? [];
      const alice = gateway.client('alice', secret);
      await alice.ok(call('createNamespace', 'namespace { id }'), { i: { tenantKey: 'main', name: 'vault' } });
      await alice.ok(put, { i: { tenantKey: 'main', namespaceName: 'vault', key: 'KEY_OF_CANARY', value: canary } });
      await alice.run(put, { i: { tenantKey: 'main', namespaceName: 'vault', key: 'no key', value: canary } });
      await gateway.end('SIGTERM');
      const bytes: string[] = [];
      const walk = (folder: string): void => {
        for (const name of readdirSync(folder)) {
          const path = join(folder, name);
          const stat = statSync(path, { throwIfNoEntry: false });
          if (stat?.isDirectory()) walk(path);
          else if (stat?.isFile()) bytes.push(readFileSync(path, 'latin1'));
        }
      };
      walk(gateway.env['GATEHOUSE_DATA_DIR']!);
      expect(bytes.some((text) => text.includes(canary))).toBe(false);
      // Control: a value that is not secret is found in this way.
      expect(bytes.some((text) => text.includes('KEY_OF_CANARY'))).toBe(true);
      expect(gateway.output).not.toContain(canary);

      gateway.env['GATEHOUSE_MASTER_KEY'] = 'a master key that sealed nothing here';
      await expect(gateway.start()).rejects.toThrow('GATEHOUSE_FORMER_MASTER_KEYS');
      delete gateway.env['GATEHOUSE_MASTER_KEY'];
      expect((await gateway.run('secrets', 'rotate')).output).toContain('main: 1 secrets are encrypted with a new key');
      expect((await gateway.run('secrets', 'rotate', 'nope')).output).toContain('No tenant nope with secrets exists');

      // The master key is lost.
      const [, token = ''] = /API token (gth_\S+)/.exec(firstOutput) ?? [];
      const intact = await gateway.run('secrets', 'reset', '--delete-all-secrets');
      expect([intact.code, intact.output]).toEqual([1, expect.stringContaining('Nothing was changed')]);
      rmSync(join(gateway.env['GATEHOUSE_DATA_DIR']!, 'master.key'));
      const asked = await gateway.run('secrets', 'reset');
      expect([asked.code, asked.output]).toEqual([1, expect.stringMatching(/all secrets are deleted.*back up/)]);
      const done = await gateway.run('secrets', 'reset', '--delete-all-secrets');
      expect([done.code, done.output]).toEqual([0, expect.stringContaining('Deleted: 1 secrets and 1 API tokens')]);
      await gateway.start();
      const after = await alice.ok(
        '{ tenant(key: "main") { namespace(name: "vault") { secrets { totalCount } } auditEvents(where: { action: "secret.delete" }) { nodes { reason } } } }',
      );
      expect(after.tenant).toEqual({
        namespace: { secrets: { totalCount: 0 } },
        auditEvents: { nodes: [{ reason: 'the master key was lost' }] },
      });
      const account = new Client(gateway.url, { authorization: `Bearer ${token}` });
      expect((await account.run('{ viewer { name } }')).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
      await alice.ok(put, {
        i: { tenantKey: 'main', namespaceName: 'vault', key: 'KEY_OF_CANARY', value: 'entered again' },
      });
    } finally {
      await gateway.remove();
    }
  }, 90_000);
});
