import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backupCommand } from '../../src/cli/backup.ts';
import { restoreCommand } from '../../src/cli/restore.ts';
import { verifyBackup } from '../../src/db/backup/restore.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { GatewayProgram } from '../support/program.ts';

const adminPassword = 'correct horse battery';

describe('a backup of the embedded store', () => {
  let gateway: GatewayProgram;
  let root: Client;
  const folder = () => join(gateway.folder, 'backup');
  const dataDir = () => gateway.env['GATEHOUSE_DATA_DIR']!;
  const createTenant = (key: string) => root.ok(call('createTenant', 'tenant { id }'), { i: { key } });
  const tenants = async (): Promise<string[]> => {
    const keys: string[] = [];
    for (let after: string | null = null; ; ) {
      const query =
        'query($a: String) { tenants(first: 100, after: $a) { nodes { key } pageInfo { hasNextPage endCursor } } }';
      const page: any = (await root.ok<any>(query, { a: after })).tenants;
      keys.push(...page.nodes.map(({ key }: any) => key));
      if (!page.pageInfo.hasNextPage) return keys;
      after = page.pageInfo.endCursor;
    }
  };

  beforeAll(async () => {
    gateway = await GatewayProgram.create({ GATEHOUSE_ADMIN_PASSWORD: adminPassword });
    await gateway.start();
    root = gateway.client('admin', adminPassword);
    await createTenant('first');
  });
  afterAll(() => gateway.remove());

  it('is refused into a folder with files, and restored into no folder with files', async () => {
    mkdirSync(folder());
    writeFileSync(join(folder(), 'mine.txt'), 'x');
    expect(await gateway.run('backup', folder())).toMatchObject({
      code: 1,
      output: expect.stringContaining('is not empty'),
    });
    expect(readdirSync(folder())).toEqual(['mine.txt']);
    rmSync(folder(), { recursive: true });
    expect((await gateway.run('backup', folder())).code).toBe(0);
    expect(await gateway.run('restore', folder())).toMatchObject({
      code: 1,
      output: expect.stringContaining('Move it away first'),
    });
    expect(await tenants()).toEqual(['first']);
    for (const args of [[], ['a', 'b'], ['--force']])
      for (const { run } of [backupCommand, restoreCommand])
        await expect(run(args)).rejects.toThrow('Usage: gatehouse');
  });

  it('that is damaged or incomplete is refused, and nothing is left', async () => {
    const refused = (fault: string) => expect(verifyBackup(folder(), () => undefined)).rejects.toThrow(fault);
    const manifest = join(folder(), 'backup.json');
    const text = readFileSync(manifest, 'utf8');
    const { files, ...rest } = JSON.parse(text);
    const [{ path }] = files.filter((file: any) => file.path.startsWith('postgres/base/') && file.bytes > 0);
    const whole = readFileSync(join(folder(), path));
    appendFileSync(join(folder(), path), 'x');
    await refused('damaged');
    rmSync(join(folder(), path));
    await refused('cannot be read');
    writeFileSync(join(folder(), path), whole);
    writeFileSync(manifest, text.replace(path, `../../${path}`));
    await refused('must be within the backup');
    rmSync(manifest);
    await refused('Only a complete backup');
    // More events than the store has: what is restored is not what was backed up.
    writeFileSync(manifest, JSON.stringify({ ...rest, events: 1_000_000, files }));
    gateway.env['GATEHOUSE_DATA_DIR'] = join(gateway.folder, 'restored');
    expect(await gateway.run('restore', folder())).toMatchObject({
      code: 1,
      output: expect.stringContaining('audit events, but had 1000000'),
    });
    expect(readdirSync(dataDir())).toEqual([]);
    gateway.env['GATEHOUSE_DATA_DIR'] = join(gateway.folder, 'data');
    rmSync(folder(), { recursive: true });
  });

  it('taken under load has every mutation that was acknowledged before its end, and is restored after the loss of the store', async () => {
    const acknowledged: string[] = [];
    let isOver = false;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let i = 0; !isOver; i += 1) {
        const key = `t${writer}-${i}`;
        await createTenant(key);
        if (!isOver) acknowledged.push(key);
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = acknowledged.length;
    const { code, output } = await gateway.run('backup', folder());
    const during = acknowledged.length;
    expect([code, output]).toEqual([0, expect.stringMatching(/\d+ files, \d+ MB, at least \d+ audit events/)]);
    isOver = true;
    await Promise.all(writers);
    expect(before).toBeGreaterThan(0);
    expect(during).toBeGreaterThan(before);
    // What a copy of files alone would miss.
    const copied = join(gateway.folder, 'copy');
    expect(existsSync(join(folder(), 'postgres', 'backup_label'))).toBe(true);
    await gateway.end('SIGKILL');
    cpSync(dataDir(), copied, { recursive: true, filter: (path) => !path.includes('postgres') });
    await stopDatabase();
    rmSync(dataDir(), { recursive: true });

    expect(await gateway.run('restore', folder())).toMatchObject({
      code: 0,
      output: expect.stringMatching(/\d+ audit events in \d+ chains are intact/),
    });
    expect(readFileSync(join(dataDir(), 'master.key'), 'utf8')).toBe(readFileSync(join(copied, 'master.key'), 'utf8'));
    await gateway.start();
    const kept = new Set(await tenants());
    // The backup ended after `before` at the earliest, and may have more than `during`.
    expect(acknowledged.slice(0, before).filter((key) => !kept.has(key))).toEqual([]);
    expect(kept.has('first')).toBe(true);
    await createTenant('after');
    expect((await gateway.run('audit', 'verify')).code).toBe(0);
  });

  async function stopDatabase(): Promise<void> {
    const { postmaster } = gateway;
    if (postmaster === undefined) return;
    process.kill(postmaster, 'SIGQUIT');
    for (;;) {
      try {
        process.kill(postmaster, 0);
      } catch {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});
