import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { readRemote } from '../../src/cli/remote.ts';
import { createAddressOf } from '../../src/server/address.ts';
import { temporaryFolder } from '../support/folder.ts';

describe('a command that signs in to a gateway', () => {
  const folder = temporaryFolder('remote');
  const file = join(folder, 'secret');
  writeFileSync(file, 'from a file\nand no more\n');
  const server = 'http://localhost:4000';
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const warnings: string[] = [];
  vi.spyOn(console, 'error').mockImplementation((text) => void warnings.push(String(text)));
  afterEach(() => {
    vi.unstubAllEnvs();
    warnings.length = 0;
  });
  afterAll(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  it('reads the secret from a file or the environment, without a warning', async () => {
    expect(await readRemote({ server, 'api-token-file': file })).toMatchObject({ authorization: 'Bearer from a file' });
    expect(await readRemote({ server, user: 'ann', 'password-file': file })).toMatchObject({
      authorization: basic('ann:from a file'),
    });
    vi.stubEnv('GATEHOUSE_USER', 'ann:of the environment');
    expect((await readRemote({ server })).authorization).toBe(basic('ann:of the environment'));
    // The password of the variable belongs to the same user, also if an option names the user; a file takes
    // precedence.
    expect((await readRemote({ server, user: 'ann' })).authorization).toBe(basic('ann:of the environment'));
    expect((await readRemote({ server, 'password-file': file })).authorization).toBe(basic('ann:from a file'));
    if (!process.stdin.isTTY) await expect(readRemote({ server, user: 'bob' })).rejects.toThrow(/password of bob/);
    vi.stubEnv('GATEHOUSE_API_TOKEN', 'gth_x');
    expect((await readRemote({ server, user: 'ann' })).authorization).toBe(basic('ann:of the environment'));
    expect((await readRemote({ server })).authorization).toBe('Bearer gth_x');
    expect(warnings).toEqual([]);
  });

  it('warns of a secret in its arguments, which every account of the machine can read', async () => {
    expect((await readRemote({ server, user: 'ann:typed' })).authorization).toBe(basic('ann:typed'));
    expect((await readRemote({ server, 'api-token': 'gth_x' })).authorization).toBe('Bearer gth_x');
    expect(warnings).toEqual([
      expect.stringMatching(/secret in --user.*--password-file, or GATEHOUSE_USER/),
      expect.stringMatching(/secret in --api-token.*--api-token-file or GATEHOUSE_API_TOKEN/),
    ]);
    expect(warnings.join()).not.toMatch(/typed|gth_x/);
  });

  it('explains how to sign in if no credentials are given', async () => {
    await expect(readRemote({ server })).rejects.toThrow(/--api-token-file, --user/);
    await expect(readRemote({ server, user: 'ann', 'api-token': 'x' })).rejects.toThrow(/either a token or --user/);
    if (!process.stdin.isTTY) await expect(readRemote({ server, user: 'ann' })).rejects.toThrow(/--password-file/);
  });
});

describe('the address of a client behind a trusted proxy', () => {
  const addressOf = createAddressOf(['10.0.0.0/8', 'fd00::/8']);
  const of = (forwarded: string, remoteAddress = '10.0.0.1') =>
    addressOf({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as never);
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['198.51.100.1, 203.0.113.7:4711, 10.0.0.2:80', '203.0.113.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    // An invalid address counts as the last valid one.
    ['203.0.113.7:x', '10.0.0.1'],
    ['unknown, 10.0.0.3', '10.0.0.3'],
  ])('is read from %j', (forwarded, address) => {
    expect(of(forwarded)).toBe(address);
    expect(of(forwarded, '192.0.2.1')).toBe('192.0.2.1');
  });
});
