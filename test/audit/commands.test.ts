import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { auditCommand } from '../../src/cli/audit.ts';
import type { Tenant } from '../../src/db/generated/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { masterKey, World } from '../support/world.ts';

describe('gatehouse audit', () => {
  let world: World;
  let main: Tenant;
  const folder = temporaryFolder('audit-commands');
  const file = (name: string) => join(folder, name);
  let output = '';
  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    await world.namespace(main, 'company');
    const { host, user, password, database } = world.connection;
    vi.stubEnv(
      'DATABASE_URL',
      `postgresql://${user}:${password}@localhost/${database}?host=${encodeURIComponent(host)}`,
    );
    vi.stubEnv('GATEHOUSE_MASTER_KEY', masterKey);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await world.close();
  });
  beforeEach(() => {
    output = '';
    vi.spyOn(console, 'log').mockImplementation((line: string) => {
      output += `${line}\n`;
    });
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      output += String(text);
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const run = async (...args: string[]) => {
    output = '';
    const code = await auditCommand.run(args);
    return { code, output };
  };

  it('keeps the key and checkpoints elsewhere, verifies the store and an export with them, and detects changes to either', async () => {
    const key = await run('key');
    expect(key.output).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    writeFileSync(file('key.pem'), key.output);
    const checkpoints = await run('checkpoint');
    expect(checkpoints.output.trimEnd().split('\n')).toHaveLength(2);
    writeFileSync(file('checkpoints.ndjson'), checkpoints.output);

    const intact = await run('verify', '--checkpoints', file('checkpoints.ndjson'));
    expect(intact).toMatchObject({ code: 0 });
    expect(intact.output).toMatch(
      /^instance: \d+ events, 2 signed statements: intact\ntenant main: \d+ events, 2 signed statements: intact\n\d+ events in [\d.]+ s \(\d+\/s\)\n$/,
    );
    expect((await run('verify', '--instance')).output).not.toContain('tenant main');
    expect((await run('verify', '--tenant', 'main')).output).not.toContain('instance');

    const token = await world.token(await world.db.user.findFirstOrThrow());
    const out = file('main.ndjson');
    const said: string[] = [];
    vi.mocked(process.stderr.write).mockImplementation((text) => said.push(String(text)) > 0);
    await run('export', '--tenant', 'main', '--out', out, '--server', world.urls[0]!, '--api-token', token);
    expect(said[0]).toMatch(
      /^WARNING: this export cannot be verified, because its reader cannot read .*NAMESPACE:READ/,
    );
    const offline = [
      'verify',
      '--file',
      out,
      '--public-key',
      file('key.pem'),
      '--checkpoints',
      file('checkpoints.ndjson'),
    ];
    // A super admin exports what they can read, which excludes objects in namespaces.
    const unproven = await run(...offline);
    expect(unproven).toMatchObject({ code: 2 });
    expect(unproven.output).toMatch(/^tenant main: \d+ events: not provable, because the export is incomplete/);
    expect(unproven.output).not.toContain('UNPROVABLE');
    // Another fault is still reported as a fault.
    writeFileSync(out, readFileSync(out, 'utf8').replace(/"prevHash":"[^"]{5}/g, '"prevHash":"00000'));
    expect(await run(...offline)).toMatchObject({ code: 1, output: expect.stringContaining('BROKEN') });
    const owner = await world.user('owner', [main]);
    await world.bind(main, { principal: owner }, await world.managed(main, 'Admin'));
    const own = [
      'export',
      '--tenant',
      'main',
      '--server',
      world.urls[0]!,
      '--api-token',
      await world.token(owner),
      '--out',
    ];
    said.length = 0;
    await run(...own, file('whole.ndjson'));
    expect(said.join()).not.toContain('WARNING: this export');
    offline[2] = file('whole.ndjson');
    expect(await run(...offline)).toMatchObject({ code: 0, output: expect.stringContaining('tenant main') });
    writeFileSync(file('whole.ndjson'), readFileSync(file('whole.ndjson'), 'utf8').replace('"company"', '"company2"'));
    expect(await run(...offline)).toMatchObject({ code: 1, output: expect.stringContaining('CHANGED') });

    await world.db.$executeRawUnsafe('ALTER TABLE "AuditEvent" DISABLE TRIGGER ALL');
    world.hasForgedEvents = true;
    await world.db
      .$executeRaw`UPDATE "AuditEvent" SET "actorName" = 'nobody' WHERE "tenantId" = ${main.id} AND seq = 2`;
    const changed = await run('verify');
    expect(changed).toMatchObject({ code: 1 });
    expect(changed.output).toContain('tenant main: ');
    expect(changed.output).toContain('  CHANGED 2: its content does not match its hash');
    expect(changed.output).toContain('instance: ');
  });

  it.each([
    [['frobnicate'], 'Usage: gatehouse audit verify'],
    [['verify', '--file', 'nowhere'], 'Usage: gatehouse audit verify'],
    [['verify', '--file', 'nowhere', '--public-key', 'nowhere'], 'The file nowhere does not exist'],
    [['verify', '--tenant', 'nobody'], 'No event of a tenant nobody exists'],
    [['verify', '--checkpoints', import.meta.filename], 'not a checkpoint'],
    [['verify', '--tenant', 'main', '--instance'], 'Usage'],
    [['verify', '--colour', 'red'], /colour.*Usage: gatehouse audit verify/s],
    [['export', '--tenant', 'main', '--out', 'x', '--server', 'nonsense'], /--server.*Usage: gatehouse audit export/s],
    [['export', '--tenant', 'main'], 'Usage: gatehouse audit export'],
    [['checkpoint', 'more'], 'Usage'],
  ])('reports what is wrong with %j', async (args, message) => {
    await expect(run(...args)).rejects.toThrow(message);
  });
});
