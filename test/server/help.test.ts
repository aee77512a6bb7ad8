import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/index.ts';
import { helpOf } from '../../src/cli/usage.ts';
import { temporaryFolder } from '../support/folder.ts';

const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

describe('gatehouse --help', () => {
  it('prints the usage of all commands, and of one group', async () => {
    const names = Object.keys(commands);
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) {
      const help = helpOf(await commands[name]!(), []);
      expect(help).toMatch(new RegExp(`^[A-Z].*\\.\\n\\nUsage:\\n  gatehouse ${name}`));
    }
    const replay = helpOf(await commands['policy']!(), ['replay', '--help']);
    expect(replay.match(/gatehouse .*/g)).toEqual(['gatehouse policy replay [FILE] [--days N]']);
  });

  it('starts nothing', () => {
    const folder = temporaryFolder('help');
    const env = { PATH: process.env['PATH'], GATEHOUSE_DATA_DIR: join(folder, 'data') };
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'migrate', '--help'], {
      env,
      encoding: 'utf8',
    });
    expect([status, stdout, stderr]).toEqual([0, expect.stringContaining('Apply the migrations'), '']);
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['migrate', 'now'],
    ['policy', 'accept', 'x'],
    ['user', 'unlock', 'a', 'b'],
    ['serve', 'x'],
    ['schema', 'x'],
    ['secrets', 'rotate', 'a', 'b'],
  ])('is not needed for an error about extra arguments of %s %s', async (name, ...args) => {
    await expect((await commands[name]!()).run(args)).rejects.toThrow(/Usage: gatehouse/);
  });
});
