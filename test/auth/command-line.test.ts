import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readRemote } from '../../src/cli/remote.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { Program } from '../server/tools.ts';
import { Browser } from '../support/browser.ts';
import { call } from '../support/call.ts';
import { temporaryFolder } from '../support/folder.ts';
import { idOf, World } from '../support/world.ts';
import { from, signedIn } from './tools.ts';

const secret = 'a phrase that this person knows';
const minute = 60_000;

describe('gatehouse login', () => {
  const folder = temporaryFolder('login');
  const file = join(folder, 'gatehouse', 'profiles.json');
  let world: World;
  let main: Tenant;
  let next = 0;
  beforeAll(async () => {
    world = await World.create({
      config: {
        trustedProxies: ['127.0.0.1', '::1'],
        policies: { 'second-factor': { enabled: true, shadow: false, rules: [] } },
      },
    });
    main = await world.tenant('main');
    // A browser of the machine: it notes what it is asked to open.
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'xdg-open'), `#!/bin/sh\necho "$1" > ${join(folder, 'opened')}\n`);
    chmodSync(join(folder, 'bin', 'xdg-open'), 0o755);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await world.close();
  });

  const person = (): Promise<User> => world.user(`person${next++}`, [main], { password: secret });
  const command = (args: readonly string[], env: Record<string, string> = {}) =>
    new Program(['src/main.ts', ...args], {
      XDG_CONFIG_HOME: folder,
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
      ...env,
    });
  const ended = async (args: readonly string[], env: Record<string, string> = {}) => {
    const program = command(args, env);
    const { code } = await program.ended;
    return { code, out: program.out, error: program.error };
  };
  const profiles = () => JSON.parse(readFileSync(file, 'utf8')).profiles;
  const link = /(http:\S+\/auth\/cli\?\S+)/;
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(`${world.urls[0]}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as any, headers: response.headers };
  };
  const browserOf = async (user: User): Promise<Browser> => {
    const browser = new Browser();
    const fields = { username: user.username, password: secret, next: '/auth/providers' };
    await browser.submit(`${world.urls[0]}/auth/sign-in`, fields);
    return browser;
  };
  const fieldsOf = (text: string): Record<string, string> =>
    Object.fromEntries([...text.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map((m) => [m[1]!, m[2]!]));
  const newProof = () => {
    const verifier = randomBytes(32).toString('base64url');
    return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
  };

  describe('in the browser of the machine', () => {
    it('keeps a token for other commands, and logout revokes it', async () => {
      const user = await person();
      const login = command(['login', '--server', world.urls[0]!]);
      const [, url = ''] = await login.says(link);
      const browser = new Browser();
      // Without a session, the person signs in first and comes back.
      const first = await browser.visit(url);
      expect(first.url).toContain('/auth/sign-in?next=%2Fauth%2Fcli');
      const { next: back } = fieldsOf(first.text.replaceAll('&amp;', '&'));
      const sign = { username: user.username, password: secret, next: back! };
      const asked = await browser.submit(`${world.urls[0]}/auth/sign-in`, sign);
      expect(asked.status).toBe(200);
      for (const shown of [user.username, 'acts as you, with all of your permissions', 'in 30 days'])
        expect(asked.text).toContain(shown);
      const port = new URL(url).searchParams.get('port')!;
      const headers = asked.headers.get('content-security-policy')!;
      expect(headers).toContain("frame-ancestors 'none'");
      expect(headers).toContain(`form-action 'self' http://127.0.0.1:${port};`);
      expect(asked.headers.get('x-frame-options')).toBe('DENY');
      const done = await browser.submit(`${world.urls[0]}/auth/cli`, { ...fieldsOf(asked.text), answer: 'allow' });
      expect([done.status, done.url.startsWith(`http://127.0.0.1:${port}/?`)]).toEqual([200, true]);
      expect((await login.ended).code).toBe(0);
      expect(login.out).toContain(`as ${user.username}`);
      expect(readFileSync(join(folder, 'opened'), 'utf8').trim()).toBe(url);
      expect([statSync(file).mode & 0o777, statSync(join(folder, 'gatehouse')).mode & 0o777]).toEqual([0o600, 0o700]);
      const { default: profile } = profiles();
      expect(login.out).not.toContain(profile.token);
      const row = await world.db.apiToken.findFirstOrThrow({ where: { principalId: user.id } });
      expect(row.name).toMatch(/^gatehouse login on .+, \d{4}-\d\d-\d\d$/);
      expect(row.expiresAt!.getTime() - row.createdAt.getTime()).toBe(30 * 24 * 60 * minute);
      const event = await world.db.auditEvent.findFirstOrThrow({ where: { resourceId: row.id } });
      expect(event).toMatchObject({ action: 'api-token.create', actorName: user.username, reason: 'gatehouse login' });

      const who = await ended(['whoami']);
      expect([who.code, who.out]).toEqual([0, expect.stringMatching(new RegExp(`Account: +${user.username}\\n`))]);
      expect(who.out).toMatch(/Profile: +default\n(?:.*\n)*Tenants: +main/);
      // Every command that takes --server uses the profile.
      const description = join(folder, 'main.yaml');
      writeFileSync(description, 'tenant:\n  key: main\n  groups: [{ name: Analysts }]\n');
      const applied = await ended(['apply', description, '--dry-run']);
      expect([applied.code, applied.error]).toEqual([1, expect.stringMatching(/refused|GROUP:CREATE/)]);
      // A token of the environment wins.
      const other = await person();
      const token = await world.token(other);
      expect((await ended(['whoami'], { GATEHOUSE_API_TOKEN: token })).out).toContain(other.username);

      const out = await ended(['logout']);
      expect([out.code, out.out]).toEqual([0, expect.stringContaining('Signed out')]);
      expect(profiles()).toEqual({});
      expect((await world.db.apiToken.findUniqueOrThrow({ where: { id: row.id } })).revokedAt).not.toBeNull();
      expect(await world.bearer(profile.token).codes('{ viewer { name } }')).toEqual(['UNAUTHENTICATED']);
      expect((await ended(['whoami'])).error).toContain('gatehouse login');
    });

    it('ends when the person denies, and asks for nothing of other requests', async () => {
      const user = await person();
      const login = command(['login', '--server', world.urls[0]!, '--no-browser', '--profile', 'denied']);
      const [, url = ''] = await login.says(link);
      const { port, state } = Object.fromEntries(new URL(url).searchParams);
      const own = `http://127.0.0.1:${port}`;
      expect((await fetch(`${own}/?code=x&state=another-state-of-16`)).status).toBe(400);
      expect((await fetch(`${own}/?state=${state}`)).status).toBe(400);
      expect((await fetch(`${own}/favicon.ico`)).status).toBe(404);
      const browser = await browserOf(user);
      const asked = await browser.visit(url);
      await browser.submit(`${world.urls[0]}/auth/cli`, { ...fieldsOf(asked.text), answer: 'deny' });
      expect((await login.ended).code).toBe(1);
      expect(login.error).toContain('denied');
      expect(existsSync(file) ? profiles().denied : undefined).toBeUndefined();
      expect(await world.db.apiToken.count({ where: { principalId: user.id } })).toBe(0);
    });

    const question = (challenge: string) => ({ port: '1', challenge, state: 'x'.repeat(22), client: 'laptop' });
    /** Allows a sign-in whose command listens nowhere. @returns where the browser was sent. */
    async function allowed(browser: Browser, challenge: string, fields: Record<string, string> = {}): Promise<URL> {
      const answer = { ...question(challenge), answer: 'allow', ...fields };
      const { url } = await browser.submit(`${world.urls[0]}/auth/cli`, answer, /^http:\/\/127\.0\.0\.1:1\//);
      return new URL(url);
    }

    it('sends the code to a loopback port only', async () => {
      const browser = await browserOf(await person());
      const { challenge } = newProof();
      for (const fields of [
        { port: '80@evil.example' },
        { port: '1.evil.example' },
        { port: '0' },
        { port: '65536' },
        { port: '80/..' },
        { state: '' },
        { challenge: 'short' },
        { client: 'a\nb' },
        { answer: 'perhaps' },
      ] as Record<string, string>[]) {
        const target = `${world.urls[0]}/auth/cli`;
        const query = new URLSearchParams({ ...question(challenge), ...fields });
        const shown = fields['answer']
          ? { status: 400, text: 'cannot sign in' }
          : await browser.visit(`${target}?${query}`);
        expect([fields, shown.status, shown.text.includes('cannot sign in')]).toEqual([fields, 400, true]);
        const sent = await browser.submit(target, { ...question(challenge), answer: 'allow', ...fields });
        expect([fields, sent.status, sent.way.length]).toEqual([fields, 400, 1]);
      }
      expect((await allowed(browser, challenge, { redirect_uri: 'https://evil.example' })).host).toBe('127.0.0.1:1');
      const named = await browser.visit(
        `${world.urls[0]}/auth/cli?${new URLSearchParams({ ...question(challenge), client: '<script>alert(1)</script>' })}`,
      );
      expect(named.text).toContain('&lt;script&gt;');
      expect(named.text).not.toContain('<script>');
    });

    it('counts no form of another site', async () => {
      const user = await person();
      const { client } = await signedIn(world, user.username, secret);
      const { challenge } = newProof();
      const send = (headers: Record<string, string>) =>
        fetch(`${world.urls[0]}/auth/cli`, {
          method: 'POST',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            cookie: client.headers['cookie']!,
            ...headers,
          },
          body: new URLSearchParams({ ...question(challenge), answer: 'allow' }),
          redirect: 'manual',
        });
      for (const headers of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { 'sec-fetch-site': 'cross-site' },
        {},
      ] as Record<string, string>[]) {
        const { status, headers: answered } = await send(headers);
        expect([headers, status, answered.get('location')]).toEqual([headers, 403, null]);
      }
      expect((await send({ origin: world.urls[0]! })).status).toBe(303);
      // A token or a password is no browser session.
      const basic = { authorization: world.basic(user.username, secret).headers['authorization']!, cookie: '' };
      expect((await send({ origin: world.urls[0]!, ...basic })).status).toBe(401);
    });

    it('exchanges a code once, with the verifier, within a minute, and while the session lasts', async () => {
      const user = await person();
      const browser = await browserOf(user);
      const { verifier, challenge } = newProof();
      const codeOf = async () => (await allowed(browser, challenge)).searchParams.get('code')!;
      const exchange = (code: string, own = verifier) => post('/auth/cli/token', { code, verifier: own });
      const code = await codeOf();
      expect((await exchange(code, newProof().verifier)).status).toBe(404);
      expect((await exchange(`${code.slice(0, -4)}AAAA`)).status).toBe(404);
      const answers = await Promise.all(Array.from({ length: 5 }, () => exchange(code)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404, 404]);
      expect(answers.find(({ status }) => status === 200)!.headers.get('cache-control')).toBe('no-store');
      expect(await world.db.apiToken.count({ where: { principalId: user.id } })).toBe(1);
      const late = await codeOf();
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minute });
      expect((await exchange(late)).status).toBe(404);
      vi.useRealTimers();
      const orphan = await codeOf();
      await world.root().ok(call('revokeSessions', 'count'), { i: { user: idOf('User', user) } });
      expect((await exchange(orphan)).status).toBe(401);
      expect(await world.db.apiToken.count({ where: { principalId: user.id } })).toBe(1);
    });

    it('is decided by the policies, with the session of the person', async () => {
      const user = await person();
      const browser = await browserOf(user);
      const { verifier, challenge } = newProof();
      const code = (await allowed(browser, challenge)).searchParams.get('code')!;
      const configure = (rules: object[]) =>
        world.root().ok(call('setPolicyConfiguration', 'policies { name }'), {
          i: { policies: { 'second-factor': { rules } } },
        });
      await configure([{ resource: 'API_TOKEN', actions: ['CREATE'] }]);
      const refusal = await post('/auth/cli/token', { code, verifier });
      expect([refusal.status, refusal.body.errors[0].message]).toEqual([403, expect.stringContaining('second factor')]);
      const page = await browser.visit(`${world.urls[0]}/auth/cli?${new URLSearchParams(question(challenge))}`);
      expect([page.status, page.text.includes('second factor is required')]).toEqual([403, true]);
      const denied = { actorName: user.username, outcome: 'DENIED', action: 'api-token.create' };
      expect(await world.db.auditEvent.count({ where: denied })).toBe(1);
      await configure([]);
      // The refusal did not use the code.
      expect((await post('/auth/cli/token', { code, verifier })).status).toBe(200);
      await world.root().ok(call('setAuthMethods', 'user { id }'), {
        i: { id: idOf('User', user), methods: ['PASSWORD'] },
      });
      const second = await browser.visit(`${world.urls[0]}/auth/cli?${new URLSearchParams(question(challenge))}`);
      expect([second.status, second.text.includes('not allowed to sign in with API tokens')]).toEqual([409, true]);
    });
  });

  describe('by a code, on another machine', () => {
    const page = () => `${world.urls[0]}/auth/device`;
    const begin = (challenge: string, headers: Record<string, string> = {}) =>
      post('/auth/device', { challenge, client: 'build server' }, headers);

    it('waits until the person has entered the code and answered', async () => {
      const user = await person();
      const login = command(['login', '--server', world.urls[0]!, '--device', '--profile', 'server']);
      const [, url = ''] = await login.says(/(http:\S+\/auth\/device)/);
      const [, shown = ''] = await login.says(/\n {2}([A-Z]{4}-[A-Z]{4})\n/);
      const browser = await browserOf(user);
      expect((await browser.visit(url)).text).toContain('name="code"');
      const wrong = await browser.submit(url, { code: 'BBBB-BBBB' });
      expect([wrong.status, wrong.text.includes('role="alert"')]).toEqual([404, true]);
      const asked = await browser.submit(url, { code: shown.toLowerCase().replace('-', ' ') });
      expect([asked.status, asked.text.includes('Machine'), asked.text.includes('Address')]).toEqual([200, true, true]);
      const done = await browser.submit(url, { ...fieldsOf(asked.text), answer: 'allow' });
      expect([done.status, done.text.includes('is signed in')]).toEqual([200, true]);
      expect((await login.ended).code).toBe(0);
      expect(profiles().server.user).toBe(user.username);
      expect((await ended(['whoami', '--profile', 'server'])).out).toContain(user.username);
      expect((await ended(['logout', '--profile', 'server', '--local'])).out).toContain('still valid');
    });

    it('is used once, by the command that began it; a denial ends it', async () => {
      const browser = await browserOf(await person());
      const { verifier, challenge } = newProof();
      const { body } = await begin(challenge, from('192.0.2.1'));
      const poll = (own = verifier) => post('/auth/cli/token', { deviceCode: body.deviceCode, verifier: own });
      expect([(await poll()).status, (await poll(newProof().verifier)).status]).toEqual([202, 404]);
      await browser.submit(page(), { code: body.userCode, answer: 'allow' });
      // Answered once.
      expect((await browser.submit(page(), { code: body.userCode, answer: 'deny' })).status).toBe(404);
      expect((await poll(newProof().verifier)).status).toBe(404);
      const answers = await Promise.all(Array.from({ length: 4 }, () => poll()));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404]);
      const { body: other } = await begin(challenge, from('192.0.2.1'));
      await browser.submit(page(), { code: other.userCode, answer: 'deny' });
      expect((await post('/auth/cli/token', { deviceCode: other.deviceCode, verifier })).status).toBe(404);
      const { body: late } = await begin(challenge, from('192.0.2.1'));
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * minute });
      expect((await post('/auth/cli/token', { deviceCode: late.deviceCode, verifier })).status).toBe(404);
    });

    it('bounds what callers without an account store, and the codes that a person tries', async () => {
      const { challenge } = newProof();
      for (let i = 0; i < 5; i += 1) expect((await begin(challenge, from('192.0.2.7'))).status).toBe(200);
      const refused = await begin(challenge, from('192.0.2.7'));
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '600']);
      expect((await begin(challenge, from('192.0.2.8'))).status).toBe(200);
      expect((await begin(challenge, { origin: 'https://evil.example' })).status).toBe(403);
      const rows = await world.db.$queryRaw<{ row: string }[]>`SELECT t::text AS row FROM "DeviceSignIn" t`;
      const { body } = await begin(challenge, from('192.0.2.8'));
      for (const shown of [body.deviceCode, body.userCode, body.userCode.replace('-', '')])
        expect(rows.filter(({ row }) => row.includes(shown))).toEqual([]);
      const browser = await browserOf(await person());
      for (let i = 0; i < 10; i += 1) expect((await browser.submit(page(), { code: 'CCCC-CCCC' })).status).toBe(404);
      const locked = await browser.submit(page(), { code: body.userCode, answer: 'allow' });
      expect([locked.status, locked.text.includes('ten minutes')]).toEqual([429, true]);
    });
  });

  describe('profiles', () => {
    const server = 'https://gate.example';
    const stored = (content: object, mode = 0o600) => {
      mkdirSync(join(folder, 'gatehouse'), { recursive: true });
      writeFileSync(file, JSON.stringify({ profiles: content }));
      chmodSync(file, mode);
      vi.stubEnv('XDG_CONFIG_HOME', folder);
    };
    const profile = (own: object = {}) => ({
      server,
      user: 'ann',
      token: 'gth_own',
      tokenId: 'x',
      expiresAt: new Date(Date.now() + minute).toISOString(),
      ...own,
    });

    it('give a token to their own server only', async () => {
      stored({ default: profile(), other: profile({ server: 'https://other.example', token: 'gth_other' }) });
      const bearer = async (values: object) => (await readRemote(values)).authorization;
      expect(await readRemote({})).toEqual({
        url: `${server}/graphql`,
        authorization: 'Bearer gth_own',
        profile: 'default',
      });
      expect(await bearer({ server: 'https://GATE.example/' })).toBe('Bearer gth_own');
      expect(await bearer({ server: 'https://other.example' })).toBe('Bearer gth_other');
      expect(await bearer({ profile: 'other' })).toBe('Bearer gth_other');
      for (const foreign of [
        'https://evil.example',
        'http://gate.example',
        'https://gate.example:444',
        'https://gate.example.evil',
      ])
        await expect(readRemote({ server: foreign })).rejects.toThrow(/gatehouse login/);
      await expect(readRemote({ server, profile: 'other' })).rejects.toThrow(/belongs to https:\/\/other\.example/);
      await expect(readRemote({ profile: 'none' })).rejects.toThrow(/does not exist/);
      vi.stubEnv('GATEHOUSE_API_TOKEN', 'gth_variable');
      expect(await bearer({})).toBe('Bearer gth_variable');
    });

    it('are refused if other accounts can read them, or their token has expired', async () => {
      stored({ default: profile({ expiresAt: new Date(Date.now() - 1).toISOString() }) });
      await expect(readRemote({})).rejects.toThrow(/has expired. Run gatehouse login --server https:\/\/gate\.example/);
      stored({ default: profile() }, 0o640);
      await expect(readRemote({})).rejects.toThrow(/chmod 600/);
      // A command with a sign-in of its own does not read them.
      vi.stubEnv('GATEHOUSE_API_TOKEN', 'gth_variable');
      expect((await readRemote({ server })).authorization).toBe('Bearer gth_variable');
      rmSync(file);
    });

    it('are made over HTTPS, except on a loopback host', async () => {
      const { code, error } = await ended(['login', '--server', 'http://gate.example']);
      expect([code, error]).toEqual([1, expect.stringContaining('https://')]);
    });
  });
});
