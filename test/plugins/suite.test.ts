import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { split } from '../../src/access/catalog.ts';
import { createApp } from '../../src/app.ts';
import { acceptFile, policiesOfFile } from '../../src/bootstrap/policies.ts';
import { policyTest } from '../../src/cli/policy-test.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/lib/log.ts';
import { call } from '../support/call.ts';
import { Client } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { idOf, World } from '../support/world.ts';

const root = join(import.meta.dirname, '..', '..');
const example = join(root, 'plugins', 'policies.test.yaml');
const text = readFileSync(example, 'utf8');
const folder = temporaryFolder('suite');
afterAll(() => rmSync(folder, { recursive: true }));

async function run(content: string): Promise<{ code: number; out: string }> {
  const file = join(folder, 'suite.yaml');
  writeFileSync(file, content);
  const lines: string[] = [];
  const spies = (['log', 'error'] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation((line: string) => void lines.push(line)),
  );
  try {
    return { code: await policyTest([file]), out: lines.join('\n').replaceAll(file, 'suite.yaml') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
const small = (cases: string, more = '') => `now: 2026-06-01T12:00:00Z
tenants:
  - key: main
    users: [alice]
    roles: [{ name: R, permissions: { NAMESPACE: [UPDATE], GROUP: [READ] } }]
    bindings: [{ user: alice, role: R, namespace: company }]
${more}
cases:
${cases}`;

describe('policy test', () => {
  it('runs the example as a command, without a database', async () => {
    const { stdout } = await promisify(execFile)(
      join(root, 'node_modules', '.bin', 'node'),
      ['src/main.ts', 'policy', 'test', 'plugins/policies.test.yaml'],
      { cwd: root, env: { PATH: process.env['PATH'] ?? '' } },
    );
    expect(stdout).toMatch(/12 cases, 12 as expected, 0 not/);
  }, 30_000);

  it('reports a failed case with its line, its result and the reasons', async () => {
    const { code, out } = await run(
      small(
        `  - { name: frozen, as: alice, permission: NAMESPACE:UPDATE, tenant: main, namespace: company.x, expect: ALLOW }
  - name: wrong policy
    as: alice
    permission: NAMESPACE:UPDATE
    tenant: main
    namespace: other
    expect: { answer: REFUSE, policy: frozen-namespaces }`,
        'policies: { frozen-namespaces: { frozen: [company] } }',
      ),
    );
    expect(code).toBe(1);
    expect(out).toContain('FAIL  frozen  (suite.yaml:9)');
    expect(out).toContain('expected ALLOW');
    expect(out).toContain('got      REFUSE by frozen-namespaces (the namespace is frozen)');
    expect(out).toContain('roles: allow — granted by a role — in company and below');
    expect(out).toContain('FAIL  wrong policy  (suite.yaml:10)');
    expect(out).toContain('got      REFUSE by roles (no role grants this here)');
    expect(out).toContain('2 cases, 0 as expected, 2 not');
  });

  it('requires permission on the row before and after a change', async () => {
    const moved = (before: string, after: string, expect: string) =>
      `  - { as: alice, permission: NAMESPACE:UPDATE, tenant: main, before: { namespace: ${before} }, after: { namespace: ${after} }, expect: ${expect} }`;
    const { code, out } = await run(
      small(
        [
          moved('company.a', 'company.b', 'ALLOW'),
          moved('company.a', 'other', '{ answer: REFUSE, policy: roles }'),
          moved('company.a', 'frozen', '{ answer: REFUSE, policy: roles }'),
          moved('company.ice', 'company.a', '{ answer: REFUSE, policy: frozen-namespaces, reason: frozen }'),
        ].join('\n'),
        'policies: { frozen-namespaces: { frozen: [company.ice] } }',
      ),
    );
    expect([code, out]).toEqual([0, expect.stringContaining('4 cases, 4 as expected')]);
  });

  it('reports faults of a file with their lines, and does not pass', async () => {
    const faults: [string, RegExp][] = [
      [
        small('  - { as: nobody, permission: GROUP:READ, tenant: main, expect: ALLOW }'),
        /suite\.yaml:9: cases\.0\.as The user or service account nobody does not exist/,
      ],
      [
        small('  - { as: alice, permission: GROUP:REED, tenant: main, expect: ALLOW }'),
        /suite\.yaml:9: cases\.0\.permission is not a permission/,
      ],
      [
        small('  - { as: alice, permission: GROUP:READ, tenant: mian, expect: ALLOW }'),
        /suite\.yaml:9: cases\.0\.tenant The tenant mian does not exist/,
      ],
      [
        small('  - { as: alice, permission: GROUP:READ, tenant: main, expect: MAYBE }'),
        /suite\.yaml:9: cases\.0\.expect/,
      ],
      [
        small('  - { as: alice, permission: GROUP:READ, tenant: main, namespace: a, expect: ALLOW }'),
        /suite\.yaml:9: cases\.0\.namespace/,
      ],
      [
        small('  - { as: alice, permission: GROUP:READ, tenant: main, row: { colour: red }, expect: ALLOW }'),
        /row\.colour The column colour does not exist/,
      ],
      [small('  - { as: alice, permission: GROUP:READ, tenant: main, expct: ALLOW }'), /suite\.yaml:9: cases\.0/],
      [small('  []'), /The suite has no cases/],
      [small('  - { as: alice', ''), /suite\.yaml:\d+: /],
      [
        small('  - { as: alice, permission: GROUP:READ, tenant: main, expect: ALLOW }', 'policies: { no-such: {} }'),
        /this policy does not exist/,
      ],
      [
        small(
          '  - { as: alice, permission: GROUP:READ, tenant: main, expect: ALLOW }',
          'policies: { frozen-namespaces: { except: [main/None] } }',
        ),
        /group main\/None does not exist/,
      ],
      [
        small('  - { as: alice, permission: GROUP:READ, tenant: main, expect: ALLOW }').replace('role: R,', 'role: S,'),
        /suite\.yaml:6: tenants\.0\.bindings\.0\.role The role S does not exist/,
      ],
    ];
    for (const [content, message] of faults) {
      const { code, out } = await run(content);
      expect([code, out]).toEqual([2, expect.stringMatching(message)]);
    }
    const spy = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    expect(await policyTest([join(folder, 'no such file')])).toBe(2);
    spy.mockRestore();
  });

  describe('and a gateway with the same organisation and settings', () => {
    let world: World;
    let client: Client;
    let close: () => Promise<void>;
    beforeAll(async () => {
      world = await World.create();
      const { tenants, policies } = parse(text);
      const { key, ...tenant } = tenants[0];
      const people = tenant.users.map((username: string) => ({ username, email: `${username}@people.example` }));
      await world.root().ok(call('applyDescription', 'created'), {
        i: { tenantKey: key, description: { ...tenant, people } },
      });
      const config = readConfig({
        PORT: '0',
        DATABASE_URL: 'postgresql://unused/unused',
        GATEHOUSE_MASTER_KEY: 'test master key, the same on every gateway',
      });
      const settings = Object.fromEntries(
        Object.entries(policies).map(([name, own]) => [name, { enabled: true, shadow: false, ...(own as object) }]),
      );
      const token = await world.token(await world.db.user.findFirstOrThrow({ where: { username: 'root' } }));
      await world.db.user.updateMany({ where: { username: 'dave' }, data: { disabled: true } });
      const app = await createApp(
        { ...config, policies: settings },
        world.connection,
        createLog('error', () => undefined),
      );
      client = new Client(await app.listen(), { authorization: `Bearer ${token}` });
      await acceptFile(app.store, app.config, await policiesOfFile(app.store, app.config), { reason: 'test' });
      await app.freshness.confirm();
      close = () => app.close();
    });
    afterAll(async () => {
      await close();
      await world.close();
    });

    it('give the same answers', async () => {
      const answers = { ALLOWED: 'ALLOW', REFUSED: 'REFUSE', ERROR: 'ERROR', DEPENDS: 'DEPENDS' } as const;
      const cases: string[] = [];
      const ids = new Map<string, string>();
      for (const { id, username } of await world.db.user.findMany()) ids.set(username, idOf('User', { id }));
      for (const { id, name } of await world.db.serviceAccount.findMany())
        ids.set(`service-account:${name}`, idOf('ServiceAccount', { id }));
      for (const [who, subject] of ids) {
        for (const permission of [
          'FLOW:UPDATE',
          'FLOW:READ',
          'NAMESPACE:UPDATE',
          'GROUP:READ',
          'TENANT:READ',
        ] as const) {
          const [resource, action] = split(permission);
          const spaces = ['FLOW', 'NAMESPACE'].includes(resource)
            ? ['company.billing', 'company.web.shop', 'company.website', 'z']
            : [undefined];
          for (const namespace of spaces) {
            for (const ip of [undefined, '10.1.1.1', '192.0.2.1']) {
              const at = '2026-06-05T12:00:00Z';
              const credential = who.startsWith('service-account:')
                ? { kind: 'API_TOKEN', createdAt: at, expiresAt: null, lastUsedAt: null }
                : { kind: 'PASSWORD' };
              const { explainAccess } = await client.ok<any>(
                'query($i: ExplainAccessInput!) { explainAccess(input: $i) { answer policy } }',
                {
                  i: {
                    permission: { resource, actions: [action] },
                    tenantKey: 'main',
                    subject,
                    namespaceName: namespace,
                    ip,
                    clock: at,
                    credential,
                  },
                },
              );
              const answer = answers[explainAccess.answer as keyof typeof answers];
              const expected = { answer, ...(explainAccess.policy && { policy: explainAccess.policy }) };
              cases.push(
                `  - ${JSON.stringify({ as: who, permission, tenant: 'main', namespace, ip, now: at, expect: expected })}`,
              );
            }
          }
        }
      }
      const { code, out } = await run(`${text.slice(0, text.indexOf('\ncases:'))}\ncases:\n${cases.join('\n')}\n`);
      expect(out.split('\n').filter((line) => line.startsWith('FAIL'))).toEqual([]);
      expect(code).toBe(0);
      for (const answer of ['ALLOW', 'REFUSE', 'DEPENDS'])
        expect(
          cases.some((one) => one.includes(`"${answer}"`)),
          answer,
        ).toBe(true);
      expect(cases.length).toBeGreaterThan(200);
    });
  });
});
