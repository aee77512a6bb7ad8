import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { temporaryFolder } from '../support/folder.ts';

const secret = { LOGIN_SECRET: 'at least sixteen characters' };

describe('the settings of providers', () => {
  const folder = temporaryFolder('providers');
  const path = join(folder, 'gatehouse.yaml');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const read = (text: string, env: Record<string, string> = secret) => {
    writeFileSync(path, text);
    return readConfig({ ...env, GATEHOUSE_CONFIG: path }).signIn;
  };
  const one = (more = '') =>
    `signIn:\n  providers:\n    - name: company\n      issuer: https://login.example\n      clientId: gatehouse\n      clientSecretFrom: LOGIN_SECRET\n${more}`;

  it('have safe defaults', () => {
    expect(read('')).toEqual({
      publicUrl: undefined,
      breakGlass: true,
      requireSecondFactor: false,
      providers: [],
      workloadIssuers: [],
      providerMs: 5_000,
    });
    expect(read(one()).providers).toEqual([
      {
        name: 'company',
        title: 'company',
        issuer: 'https://login.example',
        clientId: 'gatehouse',
        clientSecretFrom: 'LOGIN_SECRET',
        clientSecret: secret.LOGIN_SECRET,
        scopes: ['openid', 'profile', 'email'],
        algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
        createUsers: false,
        strict: false,
        groups: [],
      },
    ]);
    expect(
      readConfig({ GATEHOUSE_PUBLIC_URL: 'https://gate.example', GATEHOUSE_BREAK_GLASS: '0' }).signIn,
    ).toMatchObject({ publicUrl: 'https://gate.example', breakGlass: false });
  });

  it('name claims by a path', () => {
    const rules = `      groups:
        - { claim: realm_access.roles, value: data, tenant: main, group: Data }
        - { claim: ['https://login.example/groups'], value: data, tenant: main, group: Data }
`;
    expect(read(one(rules)).providers[0]!.groups.map(({ claim }) => claim)).toEqual([
      ['realm_access', 'roles'],
      ['https://login.example/groups'],
    ]);
  });

  it.each([
    ['the secret', one(), {}, 'LOGIN_SECRET must be set and have at least 16 characters: signIn.providers company'],
    ['a short secret', one(), { LOGIN_SECRET: 'short' }, 'LOGIN_SECRET must be set and have at least 16 characters'],
    ['a secret in the file', one('      clientSecret: hush\n'), secret, /gatehouse\.yaml:\d+: .*clientSecret/],
    [
      'http',
      one().replace('https://login', 'http://login'),
      secret,
      /yaml:4: signIn\.providers\.0\.issuer must be an h/,
    ],
    ['an issuer with a query', one().replace('.example', '.example/?a=b'), secret, /yaml:4: .* without a query/],
    ['a symmetric algorithm', one('      algorithms: [HS256]\n'), secret, /yaml:7: signIn\.providers\.0\.algorithms/],
    ['no signature', one('      algorithms: [none]\n'), secret, /yaml:7: signIn\.providers\.0\.algorithms/],
    ['no openid', one('      scopes: [email]\n'), secret, /yaml:7: .*scopes must include openid/],
    ['an unknown setting', one('      createUser: true\n'), secret, /yaml:\d+: .*createUser/],
    [
      'an empty path',
      one('      groups: [{ claim: a..b, value: x, tenant: t, group: g }]\n'),
      secret,
      /yaml:7: .*claim/,
    ],
    [
      'the same name twice',
      `${one()}    - { name: company, issuer: 'https://b.example', clientId: b }\n`,
      secret,
      /unique/,
    ],
    [
      'a name for a path',
      one().replace('company', 'Company/..'),
      secret,
      /yaml:3: signIn\.providers\.0\.name must have/,
    ],
  ])('refuse %s with its place', (_what, text, env, message) => {
    expect(() => read(text, env as Record<string, string>)).toThrow(message);
  });

  it('refuse a public URL with a path', () => {
    for (const url of ['https://gate.example/', 'https://gate.example/x', 'ftp://gate.example', 'gate.example'])
      expect(() => readConfig({ GATEHOUSE_PUBLIC_URL: url })).toThrow(/GATEHOUSE_PUBLIC_URL/);
    expect(readConfig({ GATEHOUSE_PUBLIC_URL: 'http://localhost:4000' }).signIn.publicUrl).toBe(
      'http://localhost:4000',
    );
  });
});
