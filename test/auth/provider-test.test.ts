import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { providerCommand } from '../../src/cli/provider.ts';
import { newId } from '../../src/lib/ids.ts';
import { temporaryFolder } from '../support/folder.ts';
import { masterKey, World } from '../support/world.ts';

describe('gatehouse provider test', () => {
  let world: World;
  const folder = temporaryFolder('provider-test');
  const settings = join(folder, 'sso.yaml');
  const rule = (value: string, group: string, claim = 'groups') =>
    `{ claim: ${claim}, value: ${value}, tenant: main, group: ${group} }`;
  let output = '';
  beforeAll(async () => {
    world = await World.create();
    const main = await world.tenant('main');
    const data = await world.group(main, 'Data');
    const old = await world.group(main, 'Old');
    await world.bind(main, { group: data }, await world.role(main, 'Reader', ['FLOW:READ', 'STATS:READ']), 'company');
    const erin = await world.user('erin', [main]);
    await world.member(main, old, erin);
    await world.db.groupMember.updateMany({ data: { managedBy: 'company' } });
    const identity = { issuer: 'https://login.example', subject: 'e1' };
    await world.db.userIdentity.create({ data: { id: newId(), userId: erin.id, ...identity } });
    const { host, user, password, database } = world.connection;
    vi.stubEnv(
      'DATABASE_URL',
      `postgresql://${user}:${password}@localhost/${database}?host=${encodeURIComponent(host)}`,
    );
    vi.stubEnv('GATEHOUSE_MASTER_KEY', masterKey);
    vi.stubEnv('GATEHOUSE_CONFIG', settings);
    const lines = ['signIn:', '  providers:'];
    for (const [name, more] of [
      ['company', `groups: [${rule('data', 'Data')}, ${rule('gone', 'Gone')}, ${rule('x', 'Old', 'roles.all')}]`],
      ['plain', `createUsers: true, groups: [${rule('data', 'data')}, ${rule('old', 'Old')}]`],
      ['strict', `strict: true, createUsers: true, groups: [${rule('data', 'Data')}]`],
    ])
      lines.push(`    - { name: ${name}, issuer: 'https://login.example', clientId: gatehouse, ${more} }`);
    writeFileSync(settings, lines.join('\n'));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    output = '';
    vi.spyOn(console, 'log').mockImplementation((line: string) => {
      output += `${line}\n`;
    });
  });
  afterEach(() => void vi.restoreAllMocks());
  const run = async (provider: string, claims: unknown, ...more: string[]) => {
    const file = join(folder, 'claims.json');
    writeFileSync(file, typeof claims === 'string' ? claims : JSON.stringify(claims));
    output = '';
    return [await providerCommand.run(['test', provider, file, ...more]), output];
  };

  it('shows the rules, the groups and the rights of a person, and changes nothing', async () => {
    const events = await world.db.auditEvent.count();
    expect(await run('company', { sub: 'e1', groups: ['data', 'gone'] })).toEqual([
      1,
      `erin is the user of this person.
groups = data → main/Data: applies
groups = gone → main/Gone: applies
roles.all = x → main/Old: no answer
the claim is missing: the groups of these rules stay as they are.
! main/Gone does not exist.
+ main/Data
    Reader in company and below: FLOW:READ, STATS:READ
`,
    ]);
    expect(await run('company', { groups: 'data', roles: { all: [] } }, '--user', 'ERIN')).toEqual([
      0,
      expect.stringMatching(
        /roles\.all = x → main\/Old: does not apply\n\+ main\/Data\n.*\n- main\/Old\n {4}no rights\n$/,
      ),
    ]);
    expect(await run('plain', { sub: 'new', groups: [] })).toEqual([
      0,
      expect.stringMatching(/^The sign-in creates a user\.[\s\S]*No group is given\.\n$/),
    ]);
    expect(await run('strict', { sub: 'new', _claim_names: { groups: 'a' } })).toEqual([
      1,
      expect.stringContaining('too many groups: the sign-in is refused.'),
    ]);
    expect(await run('company', { sub: 'stranger', groups: [], roles: { all: [] } })).toEqual([
      1,
      expect.stringMatching(/^The sign-in is refused: no user is linked to stranger of https:\/\/login\.example\./),
    ]);
    expect(await world.db.auditEvent.count()).toBe(events);
  });

  it('reports what is wrong with its arguments', async () => {
    await expect(run('none', {})).rejects.toThrow('The settings have no provider none.');
    await expect(run('company', '[]')).rejects.toThrow(/must contain a JSON object/);
    await expect(run('company', '{')).rejects.toThrow(/claims\.json has no claims: /);
    await expect(run('company', {}, '--user', 'unknown')).rejects.toThrow('The user unknown does not exist.');
    await expect(run('company', {}, 'more')).rejects.toThrow(/^Usage: gatehouse provider test/);
    await expect(providerCommand.run(['tset'])).rejects.toThrow(/^Usage: gatehouse provider test/);
  });
});
