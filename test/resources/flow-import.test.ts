import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flowSource } from '../support/flows.ts';
import { temporaryFolder } from '../support/folder.ts';
import { password, World } from '../support/world.ts';

const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

describe('gatehouse import flows', () => {
  let world: World;
  const folder = temporaryFolder('flows');
  beforeAll(async () => {
    world = await World.create();
    const tenant = await world.tenant('main');
    const user = await world.user('editor', [tenant], { password });
    await world.bind(tenant, { principal: user }, await world.managed(tenant, 'Editor'));
    mkdirSync(join(folder, 'deep'));
    for (let i = 0; i < 120; i += 1)
      writeFileSync(join(folder, i % 2 ? 'deep' : '.', `f${i}.yaml`), flowSource(`company.n${i % 7}`, `flow-${i}`));
    writeFileSync(join(folder, 'bad.yml'), 'id: bad\nnamespace: company\ntasks: 5\ntriggers: 6\n');
    writeFileSync(join(folder, 'notes.txt'), 'no flow');
    writeFileSync(join(folder, '._f1.yml'), Buffer.from([0, 5, 22, 7, 0, 2, 0, 0, 255]));
    writeFileSync(join(folder, 'latin.yml'), Buffer.from('id: x\n# caf\u00e9\n', 'latin1'));
  });
  afterAll(async () => {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const gatehouse = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [main, 'import', ...args]);
      let [out, err] = ['', ''];
      child.stdout.on('data', (part) => (out += part));
      child.stderr.on('data', (part) => (err += part));
      child.on('close', (code) => resolve({ code: code!, out, err }));
    });
  const secret = join(folder, 'password');
  const remote = () => {
    writeFileSync(secret, `${password}\n`);
    return ['--tenant', 'main', '--server', world.urls[0]!, '--user', 'editor', '--password-file', secret];
  };

  it('saves all valid flows, reports the others with file and line, and changes nothing when repeated', async () => {
    const first = await gatehouse('flows', folder, ...remote());
    expect(first.err).not.toMatch(/TIMEOUT|UNAVAILABLE|answer/);
    expect(first.out).toContain('main: 120 created, 0 updated, 0 unchanged, 2 refused');
    expect(first.out).toContain('+ company.n3/flow-3 (revision 1)');
    expect(
      first.err
        .split('\n')
        .filter(Boolean)
        .map((line) => line.slice(folder.length)),
    ).toEqual([
      '/._f1.yml: skipped: macOS metadata, not a flow.',
      expect.stringMatching(/^\/latin\.yml:2: .*0xE9 at offset 11/),
      expect.stringMatching(/^\/bad\.yml:3: .*list/),
      expect.stringMatching(/^\/bad\.yml:4: .*list/),
    ]);
    expect(first.code).toBe(1);
    for (const name of ['bad.yml', 'latin.yml', '._f1.yml']) rmSync(join(folder, name));
    writeFileSync(join(folder, 'f0.yaml'), `${flowSource('company.n0', 'flow-0')}# changed\n`);
    const second = await gatehouse('flows', folder, ...remote());
    expect(second).toMatchObject({ code: 0, err: '' });
    expect(second.out).toBe('~ company.n0/flow-0 (revision 2)\nmain: 0 created, 1 updated, 119 unchanged, 0 refused\n');
    expect(await world.db.flow.count()).toBe(120);
  });

  it('reports an invalid command line, a failed sign-in, and an unknown tenant', async () => {
    const reported = async (...args: string[]) => {
      const { code, err } = await gatehouse(...args);
      return [code, err];
    };
    expect(await reported('flows', join(folder, 'nowhere'), ...remote())).toEqual([
      1,
      expect.stringContaining('cannot be read'),
    ]);
    expect(await reported('flows', folder)).toEqual([1, expect.stringContaining('--tenant')]);
    const wrong = remote().slice(0, -2).with(-1, 'editor:wrong');
    expect(await reported('flows', folder, ...wrong)).toEqual([1, expect.stringContaining('Sign in')]);
    const other = remote().with(1, 'nowhere');
    expect(await reported('flows', folder, ...other)).toEqual([1, expect.stringContaining('not found')]);
  });
});
