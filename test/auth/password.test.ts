import { describe, expect, it } from 'vitest';
import { hashPassword, passwordIssues, verifyPassword } from '../../src/auth/password.ts';
import { holdingLock } from '../../src/lib/held-lock.ts';
import { readYaml } from '../../src/lib/yaml.ts';

const issues = (password: string, context: string[] = ['alice', 'alice@flying-carpet.example'], least = 15) =>
  passwordIssues(password, least, context, ['input', 'password']);

describe('the password rules', () => {
  it.each([
    'correct stapler horse',
    'all in lower case here',
    'nur kleine buchstaben',
    '            fifteen',
    '密码是一个很长的句子不是吗对的吧',
    'an ordinary sentence, alice says',
    `${'a long phrase with many words '.repeat(3)}`,
    `vvv${'ery long '.repeat(110)}`,
    '🔑🎈🌵🍋🧭🪁🎻🛶🧩🪴🦔🎯🧵🥁🪐',
  ])('accept %j: they require no mix of characters', (password) => {
    expect(issues(password)).toEqual([]);
  });

  it.each([
    ['', 'at least 15'],
    ['fourteen chars', 'at least 15'],
    ['🔑🎈🌵🍋🧭🪁🎻', 'at least 15'],
    ['y'.repeat(1_025), 'at most 1,024'],
    ['passwordpassword', 'easy to guess'],
    ['Password1234567', 'easy to guess'],
    ['P@ssw0rdPassw0rd', 'easy to guess'],
    ['gatehousegatehouse', 'easy to guess'],
    ['kestra-kestra-kestra', 'easy to guess'],
    ['alicealicealice1', 'easy to guess'],
    ['ALICE@flying-carpet.example', 'easy to guess'],
    ['flying-carpet.example1', 'easy to guess'],
    ['aaaaaaaaaaaaaaaa', 'easy to guess'],
    ['abcabcabcabcabcabc', 'easy to guess'],
    ['abcdefghijklmnopq', 'easy to guess'],
    ['zyxwvutsrqponmlk', 'easy to guess'],
    ['12345678901234567', 'easy to guess'],
    ['correcthorsebatterystaple', 'easy to guess'],
    ['qwertyuiopqwertyuiop', 'easy to guess'],
    ['ＰＡＳＳＷＯＲＤＰＡＳＳＷＯＲＤ', 'easy to guess'],
  ])('refuse %j', (password, why) => {
    expect(issues(password)).toEqual([{ path: ['input', 'password'], message: expect.stringContaining(why) }]);
  });

  it('count code points after normalisation', () => {
    // 14 characters, each written as a letter and a combining accent.
    expect(issues('éééñüöäåçêîôûà'.normalize('NFD'))).toHaveLength(1);
    expect(issues('short but allowed', [], 8)).toEqual([]);
  });
});

describe('the password hash', () => {
  it('is never computed while the caller holds a lock', async () => {
    await expect(holdingLock(() => hashPassword('a phrase'))).rejects.toThrow('Slow work');
    await expect(holdingLock(() => verifyPassword('a phrase', null))).rejects.toThrow('Slow work');
    await expect(holdingLock(async () => readYaml('a: 1'))).rejects.toThrow('Slow work');
  });

  it('accepts the password in every normal form, in full length', async () => {
    const nfc = 'Ångström läuft im Zürichsee'.normalize('NFC');
    const stored = await hashPassword(nfc);
    expect(await verifyPassword(nfc.normalize('NFD'), stored)).toBe(true);
    expect(await verifyPassword(nfc.normalize('NFKD'), stored)).toBe(true);
    expect(await verifyPassword(`${nfc} `, stored)).toBe(false);
    const long = 'long '.repeat(200);
    expect(await verifyPassword(`${long}y`, await hashPassword(`${long}x`))).toBe(false);
    // bcrypt would stop at a NUL.
    expect(await verifyPassword('before\u0000after and more', await hashPassword('before\u0000other and more'))).toBe(
      false,
    );
  });

  it('is salted, and contains its parameters', async () => {
    const [one, two] = [await hashPassword('the same phrase'), await hashPassword('the same phrase')];
    expect(one).not.toBe(two);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(await verifyPassword('', null)).toBe(false);
  });
});
