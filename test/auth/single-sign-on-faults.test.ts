import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JWTPayload, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { deriveKeys } from '../../src/auth/keys.ts';
import { openTransaction, sealTransaction } from '../../src/auth/oidc/transaction.ts';
import type { ProviderSettings } from '../../src/config.ts';
import type { Group, Tenant } from '../../src/db/generated/client.ts';
import { pruneSingleUse } from '../../src/resources/identity/single-sign-on/single-use.ts';
import { setBreakGlass } from '../../src/resources/identity/user/break-glass.ts';
import { raw } from '../server/tools.ts';
import { Browser } from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { newKey, OddProviders } from '../support/odd-provider.ts';
import { provider, signInWith } from '../support/providers.ts';
import { idOf, masterKey, World } from '../support/world.ts';
import { who } from './tools.ts';

const contract = join(import.meta.dirname, '..', '..', 'src', 'policy', 'contract.ts');
const clientSecret = 'a secret that both know';
const minute = 60_000;
const seconds = (time = Date.now()) => Math.floor(time / 1_000);

describe('single sign-on at a provider that misbehaves', () => {
  const folder = temporaryFolder('single-sign-on-policy');
  let world: World;
  let odd: OddProviders;
  let gate: string;
  let main: Tenant;
  let data: Group;
  beforeAll(async () => {
    odd = await OddProviders.start();
    const named = (name: string, more: Partial<ProviderSettings> = {}): ProviderSettings =>
      provider(name, odd.issuer(name), {
        title: 'Odd',
        clientSecret,
        algorithms: ['RS256', 'ES256'],
        createUsers: true,
        groups: [{ claim: ['groups'], value: 'data', tenant: 'main', group: 'Data' }],
        ...more,
      });
    const providers = [
      named('good'),
      named('other'),
      named('strict', { strict: true }),
      named('closed', { createUsers: false }),
      named('nested', { groups: [{ claim: ['a', 'b'], value: 'data', tenant: 'main', group: 'Gone' }] }),
      named('down', { issuer: 'http://localhost:1' }),
      ...['slow', 'nonsense', 'huge', 'issuer', 'insecure', 'algorithms', 'late'].map((name) => named(name)),
    ];
    writeFileSync(
      join(folder, 'by-provider.ts'),
      `import { abstain, definePolicy, deny, z } from ${JSON.stringify(contract)};
      export default definePolicy({
        name: 'by-provider', description: 'Groups are for people of one provider, within an hour of their sign-in.',
        resources: ['GROUP'], config: z.strictObject({}), reads: ['credential', 'now'],
        create: () => ({
          evaluate: ({ action, actor: { credential: { method, provider, createdAt } }, env: { now } }) =>
            action !== 'CREATE' || method === 'oidc' && provider === 'good' && now - createdAt < 3_600_000 ? abstain() : deny('not so'),
        }),
      });`,
    );
    const config = { signIn: signInWith(providers, 400), policyFolders: [folder] };
    world = await World.create({ gateways: 2, config });
    gate = world.urls[0]!;
    main = await world.tenant('main');
    data = await world.group(main, 'Data');
  });
  afterEach(() => void vi.useRealTimers());
  afterAll(async () => {
    await odd.close();
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  let attempts = 0;
  interface Attempt {
    readonly claims?: JWTPayload;
    /** Changes the query of the callback. */
    readonly query?: Record<string, string | undefined>;
    readonly browser?: Browser;
  }
  /** Goes to the provider and comes back at once, as if the person had signed in there. */
  async function attempt(name: string, { claims = {}, query = {}, browser = new Browser() }: Attempt = {}) {
    const begun = await browser.request(`${gate}/auth/oidc/${name}?next=/auth/providers`);
    const location = begun.headers.get('location');
    if (location === null) return { status: begun.status, text: await begun.text(), browser, response: begun };
    const asked = new URL(location).searchParams;
    const oddity = odd.of(name);
    const now = seconds();
    const own = {
      iss: odd.issuer(name),
      aud: 'gatehouse',
      sub: 'person',
      nonce: asked.get('nonce')!,
      iat: now,
      exp: now + 300,
    };
    attempts += 1;
    const code = `code-${attempts}`;
    oddity.codes.set(code, { ...own, preferred_username: `person.of.${name}`, groups: [], ...claims });
    const given = { code, state: asked.get('state')!, iss: odd.issuer(name), ...query };
    const sent = Object.entries(given).filter((one): one is [string, string] => one[1] !== undefined);
    const url = `${asked.get('redirect_uri')}?${new URLSearchParams(sent)}`;
    const response = await browser.request(url);
    return { status: response.status, text: await response.text(), browser, response, asked, url };
  }
  const client = (browser: Browser, gateway = 0) =>
    world.anonymous(gateway).as({ cookie: `gatehouse=${browser.cookie('gatehouse')}`, origin: world.urls[gateway]! });
  const failures = async (cause: string) =>
    (await world.db.auditEvent.findMany({ where: { action: 'session.login-failure' } })).filter(
      ({ details }) => (details as any).cause === cause,
    );
  const groupsOf = async (username: string) =>
    (
      await world.db.groupMember.findMany({
        where: { access: { principal: { user: { username } } } },
        include: { group: true },
      })
    ).map(({ group, managedBy }) => `${group.name} ${managedBy}`);

  it('sends state, nonce, PKCE S256 and the exact redirect URI, and signs in', async () => {
    const { status, asked, browser, response } = await attempt('good');
    expect([status, response.headers.get('location')]).toEqual([303, '/auth/providers']);
    expect(Object.fromEntries(asked!)).toEqual({
      client_id: 'gatehouse',
      response_type: 'code',
      redirect_uri: `${gate}/auth/oidc/good/callback`,
      scope: 'openid',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect((await client(browser).ok(who)).viewer.name).toBe('person.of.good');
  });

  const answered: Record<string, [() => void, number, string, string]> = {
    down: [() => undefined, 503, 'Odd does not respond', 'PROVIDER_UNAVAILABLE'],
    slow: [() => (odd.of('slow').answer = () => undefined), 503, 'Odd does not respond', 'PROVIDER_UNAVAILABLE'],
    nonsense: [
      () => (odd.of('nonsense').answer = (response) => response.end('<html>no such page</html>')),
      502,
      'cannot read the response',
      'PROVIDER_INVALID',
    ],
    huge: [
      () =>
        (odd.of('huge').answer = (response) => {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end(`"${'x'.repeat(2_000_000)}"`);
        }),
      502,
      'cannot read the response',
      'PROVIDER_INVALID',
    ],
    issuer: [
      () => (odd.of('issuer').metadata['issuer'] = odd.issuer('good')),
      502,
      'from another issuer',
      'WRONG_ISSUER',
    ],
    algorithms: [
      () => (odd.of('algorithms').metadata['id_token_signing_alg_values_supported'] = ['HS256', 'none']),
      502,
      'cannot read the response',
      'PROVIDER_INVALID',
    ],
  };
  it.each(Object.entries(answered))(
    'shows a page and a way back if the provider is %s',
    async (name, [prepare, status, message, cause]) => {
      prepare();
      const before = Date.now();
      const { text, response } = await attempt(name);
      expect([response.status, text]).toEqual([status, expect.stringContaining(message)]);
      expect(Date.now() - before).toBeLessThan(1_500);
      expect(text).toContain('href="/auth/sign-in?next=%2Fauth%2Fproviders">Back to the sign-in');
      expect(text).not.toMatch(/\n\s+at |<script/);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      const events = (await failures(cause)).filter(({ resourceKey }) => resourceKey === `provider:${name}`);
      expect(events).toMatchObject([{ type: 'LOGIN_FAILURE', outcome: 'ERROR', actorKind: 'ANONYMOUS' }]);
    },
  );

  it('never sends the code to an address without encryption that is not of this machine', async () => {
    odd.of('insecure').metadata['token_endpoint'] = 'http://login.example/token';
    const { status, text } = await attempt('insecure');
    expect([status, text]).toEqual([502, expect.stringContaining('cannot read the response')]);
  });

  const signed = (alg: string) => (claims: JWTPayload) =>
    alg === 'none'
      ? `${btoa('{"alg":"none"}')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`
      : new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(clientSecret));
  const tokens: [string, JWTPayload, ((claims: JWTPayload) => Promise<string> | string) | undefined, string][] = [
    ['of another issuer', { iss: 'https://evil.example' }, undefined, 'INVALID_TOKEN'],
    ['for another client', { aud: 'another' }, undefined, 'INVALID_TOKEN'],
    ['of another sign-in', { nonce: 'another' }, undefined, 'INVALID_TOKEN'],
    ['without a nonce', { nonce: undefined as never }, undefined, 'PROVIDER_INVALID'],
    ['without a subject', { sub: '' }, undefined, 'INVALID_TOKEN'],
    ['that expired', { iat: seconds() - 600, exp: seconds() - 300 }, undefined, 'CLOCK'],
    ['of a clock minutes ahead', { iat: seconds() + 300, exp: seconds() + 600 }, undefined, 'CLOCK'],
    ['of a clock minutes behind', { iat: seconds() - 900, exp: seconds() + 100 }, undefined, 'CLOCK'],
    ['without a signature', {}, signed('none'), 'PROVIDER_INVALID'],
    ['signed with the client secret', {}, signed('HS256'), 'PROVIDER_INVALID'],
  ];
  it.each(tokens)('refuses an ID token %s', async (_what, claims, token, cause) => {
    const oddity = odd.of('other');
    if (token) oddity.token = token;
    const { status, browser, text } = await attempt('other', { claims });
    delete oddity.token;
    expect([status, browser.cookie('gatehouse')]).toEqual([502, undefined]);
    const messages: Record<string, string> = {
      INVALID_TOKEN: 'cannot verify the ID token of Odd',
      CLOCK: 'The clocks of Odd and of the gateway differ',
      PROVIDER_INVALID: 'cannot read the response of Odd',
    };
    expect(text).toContain(messages[cause]);
    // Failures of the same kind are merged.
    const events = (await failures(cause)).filter(({ resourceKey }) => resourceKey === 'provider:other');
    expect(events.map(({ outcome }) => outcome)).toContain('ERROR');
    expect(events.length).toBeLessThanOrEqual(2);
  });

  it('follows new keys of the provider, and refuses a key that it withdrew', async () => {
    const oddity = odd.of('late');
    const second = await newKey('second');
    expect((await attempt('late')).status).toBe(303);
    // An unknown key is looked up, but not with every request.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6_000 });
    oddity.signing = second;
    expect((await attempt('late')).status).toBe(502);
    const { lookUps } = oddity;
    for (let i = 0; i < 3; i += 1) expect((await attempt('late')).status).toBe(502);
    expect(oddity.lookUps).toBe(lookUps);
    oddity.keys = [second];
    vi.setSystemTime(Date.now() + 6_000);
    expect((await attempt('late')).status).toBe(303);
    oddity.signing = odd.of('good').signing;
    vi.setSystemTime(Date.now() + 6_000);
    expect((await attempt('late')).text).toContain('cannot verify the ID token');
  });

  it.each<[string, Record<string, string | undefined>, [number, object] | undefined, number, string]>([
    ['the person cancels', { error: 'access_denied', code: undefined }, undefined, 400, 'was cancelled'],
    ['the provider refuses', { error: 'server_error', code: undefined }, undefined, 403, 'Odd refused'],
    ['the response is of another issuer', { iss: 'https://evil.example' }, undefined, 502, 'from another issuer'],
    ['the response is of no text', { iss: 'a\u0000\ud800'.repeat(200) }, undefined, 502, 'from another issuer'],
    ['the response names no issuer', { iss: undefined }, undefined, 502, 'cannot read'],
    ['the code expired', {}, [400, { error: 'invalid_grant' }], 400, 'took too long'],
    ['the client is unknown', {}, [401, { error: 'invalid_client' }], 502, 'cannot read'],
    ['the provider fails', {}, [500, {}], 503, 'does not respond'],
  ])('says so if %s', async (_what, query, tokenStatus, expected, message) => {
    odd.of('other').tokenStatus = tokenStatus;
    const { status, text, browser } = await attempt('other', { query });
    odd.of('other').tokenStatus = undefined;
    expect([status, text]).toEqual([expected, expect.stringContaining(message)]);
    expect(browser.cookie('gatehouse')).toBeUndefined();
    // The sign-in can begin again.
    expect((await attempt('other', { browser })).status).toBe(303);
  });

  it('refuses user information about another person', async () => {
    odd.of('other').userInfo = { sub: 'another' };
    expect((await attempt('other')).status).toBe(502);
    odd.of('other').userInfo = {};
  });

  it('refuses a callback without a transaction, of another master key, of another provider, or too late', async () => {
    const browser = new Browser();
    const begun = await browser.request(`${gate}/auth/oidc/good`);
    const asked = new URL(begun.headers.get('location')!).searchParams;
    const cookie = browser.cookie('gatehouse-sign-in')!;
    const keys = deriveKeys(masterKey);
    const own = openTransaction(keys, cookie)!;
    const foreign = sealTransaction(deriveKeys('another master key of 32 characters'), own);
    const late = sealTransaction(keys, { ...own, begunAt: Date.now() - 10 * minute });
    const back = (value: string | undefined, name = 'good', state = asked.get('state')!) =>
      fetch(`${gate}/auth/oidc/${name}/callback?code=x&state=${state}&iss=${odd.issuer(name)}`, {
        redirect: 'manual',
        ...(value !== undefined && { headers: { cookie: `gatehouse-sign-in=${value}` } }),
      });
    for (const [answer, message] of [
      [back(undefined), 'did not begin this sign-in'],
      [back(foreign), 'did not begin this sign-in'],
      [back(`${cookie.slice(0, -2)}AA`), 'did not begin this sign-in'],
      [back('garbage'), 'did not begin this sign-in'],
      [back(cookie, 'other'), 'did not begin this sign-in'],
      [back(cookie, 'good', ''), 'did not begin this sign-in'],
      [back(late), 'took too long'],
    ] as const)
      expect([(await answer).status, await (await answer).text()]).toEqual([400, expect.stringContaining(message)]);
    expect((await failures('NO_TRANSACTION')).length).toBeGreaterThan(0);
    expect((await fetch(`${gate}/auth/oidc/unknown`)).status).toBe(404);
    expect((await fetch(`${gate}/auth/oidc/good`, { method: 'POST' })).status).toBe(405);
  });

  it('needs a public URL, except on a loopback host', async () => {
    const { status, text } = await raw(`${gate}/auth/oidc/good`, { method: 'GET', headers: { host: 'evil.example' } });
    expect([status, text]).toEqual([500, expect.stringContaining('GATEHOUSE_PUBLIC_URL')]);
  });

  it('makes nothing by halves: without its events, no user and no session', async () => {
    const claims = { sub: 'half', preferred_username: 'half', groups: ['data'] };
    const sessions = await world.db.session.count();
    await world.db.$executeRawUnsafe(
      `CREATE FUNCTION refuse_events() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'an inner matter' USING ERRCODE = '53100'; END $$`,
    );
    const refuse = (when: string) =>
      world.db.$executeRawUnsafe(
        `CREATE TRIGGER refuse_events BEFORE INSERT ON "AuditEvent" FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION refuse_events()`,
      );
    const users = () => world.db.user.count({ where: { username: 'half' } });
    for (const [action, made] of [
      ['user.link-identity', 0],
      ['session.login', 1],
    ] as const) {
      await refuse(`NEW.action = '${action}'`);
      const { status, text, browser } = await attempt('good', { claims });
      await world.db.$executeRawUnsafe('DROP TRIGGER refuse_events ON "AuditEvent"');
      expect([status, text]).toEqual([503, expect.stringContaining('The audit log is currently not writable')]);
      expect(text).not.toContain('an inner matter');
      expect((await failures('UNAVAILABLE')).length).toBe(1);
      expect([browser.cookie('gatehouse'), await users(), await groupsOf('half')]).toEqual([undefined, made, []]);
      expect(await world.db.session.count()).toBe(sessions);
    }
    expect((await attempt('good', { claims })).status).toBe(303);
    expect(await groupsOf('half')).toEqual(['Data good']);
  });

  it('creates one user, however many first sign-ins there are at once', async () => {
    const claims = { sub: 'eager', preferred_username: 'eager', groups: ['data'] };
    const all = await Promise.all(Array.from({ length: 5 }, () => attempt('good', { claims })));
    expect(all.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303]);
    const { principal } = await world.db.user.findFirstOrThrow({
      where: { username: 'eager' },
      include: { principal: { include: { sessions: true } } },
    });
    expect([principal.sessions.length, await groupsOf('eager')]).toEqual([5, ['Data good']]);
  });

  it('creates no user unless the settings say so, and records whom to link', async () => {
    const { status, text } = await attempt('closed', { claims: { sub: 'stranger' } });
    expect([status, text]).toEqual([403, expect.stringContaining('does not belong to a user')]);
    expect(await failures('UNKNOWN_PERSON')).toMatchObject([
      { outcome: 'DENIED', details: { issuer: odd.issuer('closed'), subject: 'stranger' } },
    ]);
  });

  it.each<[string, JWTPayload, string]>([
    ['the e-mail address of another user', { preferred_username: 'new', email: 'victim@people.example' }, 'NAME_TAKEN'],
    ['the name of another user', { preferred_username: 'VICTIM' }, 'NAME_TAKEN'],
    ['a name that looks like that of another user', { preferred_username: 'v\u0131ctim' }, 'NAME_TAKEN'],
    ['a reserved name', { preferred_username: 'system' }, 'NAME_INVALID'],
    ['a name with a space', { preferred_username: 'a b' }, 'NAME_INVALID'],
    ['no name', { preferred_username: undefined as never }, 'NAME_INVALID'],
  ])('never takes over an account by %s', async (_what, claims, cause) => {
    if (!(await world.db.user.findFirst({ where: { username: 'victim' } }))) await world.user('victim', [main]);
    const { status, browser } = await attempt('good', { claims: { sub: `thief ${cause} ${_what}`, ...claims } });
    expect([status, browser.cookie('gatehouse')]).toEqual([403, undefined]);
    expect((await failures(cause)).length).toBeGreaterThan(0);
    const { identities } = await world.db.user.findFirstOrThrow({
      where: { username: 'victim' },
      include: { identities: true },
    });
    expect(identities).toEqual([]);
  });

  it('is another user for the same subject of another issuer, and stores no address that is not verified', async () => {
    const sub = 'twin';
    await attempt('good', {
      claims: { sub, preferred_username: 'twin', email: 'twin@company.example', email_verified: false },
    });
    await attempt('other', { claims: { sub, preferred_username: 'twin.other', email: 'twin@company.example' } });
    const users = await world.db.user.findMany({ where: { identities: { some: { subject: sub } } } });
    expect(users.map(({ username, email }) => [username, email]).sort()).toEqual([
      ['twin', expect.stringMatching(/^[^@]+@good\.invalid$/)],
      ['twin.other', 'twin@company.example'],
    ]);
  });

  it.each<[string, JWTPayload]>([
    ['a link in place of the groups', { groups: undefined as never, _claim_names: { groups: 'src1' } }],
    ['a link next to some of the groups', { groups: ['x'], _claim_names: { groups: 'src1' } }],
    ['a mark of too many groups', { groups: undefined as never, hasgroups: 'true' }],
  ])('keeps the groups at an overage, %s, with an event; a strict provider refuses', async (what, claims) => {
    for (const name of ['good', 'strict']) {
      const username = `over.${name}.${what.length}`;
      const own = { sub: username, preferred_username: username };
      const first = await attempt(name, { claims: { ...own, groups: ['data'] } });
      expect([first.status, await groupsOf(username)]).toEqual([303, [`Data ${name}`]]);
      const { status, text } = await attempt(name, { claims: { ...own, ...claims } });
      expect(await groupsOf(username)).toEqual([`Data ${name}`]);
      if (name === 'strict') {
        expect([status, text]).toEqual([403, expect.stringContaining('more groups than Odd can send')]);
        continue;
      }
      expect(status).toBe(303);
      const events = await world.db.auditEvent.findMany({ where: { action: 'session.groups', actorName: username } });
      expect(events).toMatchObject([{ outcome: 'ERROR', details: { claim: 'OVERAGE', kept: ['main/Data'] } }]);
    }
  });

  it.each([undefined, null, 7, { data: true }, [1], [['data']]])(
    'reads the groups %j as no answer, never as an empty list',
    async (groups) => {
      const own = { sub: 'careful', preferred_username: 'careful' };
      await attempt('good', { claims: { ...own, groups: 'data' } });
      await attempt('good', { claims: { ...own, groups: groups as never } });
      expect(await groupsOf('careful')).toEqual(['Data good']);
      const strict = await attempt('strict', { claims: { ...own, sub: 'careful2', groups: groups as never } });
      expect([strict.status, strict.text]).toEqual([403, expect.stringContaining('did not send your groups')]);
    },
  );

  it('takes a group that the provider took, whatever else the person has', async () => {
    const own = { sub: 'leaver', preferred_username: 'leaver' };
    await attempt('good', { claims: { ...own, groups: ['data'] } });
    const leaver = await world.db.user.findFirstOrThrow({ where: { username: 'leaver' } });
    await world.grant(main, leaver, ['GROUP:READ']);
    const { browser } = await attempt('good', { claims: { ...own, groups: ['else'] } });
    expect(await groupsOf('leaver')).toEqual([]);
    // No silent fall-back: the role by hand stays with its access, the one by the group is gone, nothing else came.
    const bindings = await world.db.binding.findMany({ where: { principalId: leaver.id }, include: { role: true } });
    expect(bindings.map(({ role }) => role.permissions)).toEqual([['GROUP:READ']]);
    await client(browser).ok('{ tenant(key: "main") { groups { totalCount } } }');
  });

  it('is seen by policies: the method, the provider and the time of the sign-in', async () => {
    const create =
      'mutation($name: String!) { createGroup(input: { tenantKey: "main", name: $name }) { group { id } } }';
    const people = await Promise.all(
      ['good', 'other'].map(async (name) => {
        const { browser } = await attempt(name, { claims: { sub: `p ${name}`, preferred_username: `p.${name}` } });
        const user = await world.db.user.findFirstOrThrow({ where: { username: `p.${name}` } });
        await world.access(main, user);
        await world.grant(main, user, ['GROUP:CREATE', 'ROLE:READ', 'BINDING:READ', 'TENANT_ACCESS:READ']);
        return { user, browser };
      }),
    );
    const [own, foreign] = people as [(typeof people)[0], (typeof people)[0]];
    expect(await client(own.browser).codes(create, { name: 'By good' })).toEqual([]);
    expect(await client(foreign.browser).codes(create, { name: 'By other' })).toEqual(['FORBIDDEN']);
    const decision = await world.db.decision.findFirstOrThrow({
      where: { principalId: own.user.id, permission: 'GROUP:CREATE' },
    });
    expect((decision.request as any).credential).toMatchObject({ kind: 'session', method: 'oidc', provider: 'good' });
    const explain = async (credential: object) =>
      (
        await client(own.browser).ok(
          `query($c: ExplainCredentialInput) { explainAccess(input: { tenantKey: "main",
            permission: { resource: GROUP, actions: [CREATE] }, credential: $c }) { answer dependsOn } }`,
          { c: { kind: 'SESSION', ...credential } },
        )
      ).explainAccess.answer;
    const createdAt = new Date().toISOString();
    expect(await explain({ method: 'OIDC', provider: 'good', createdAt })).toBe('ALLOWED');
    expect(await explain({ provider: 'good', createdAt })).toBe('ALLOWED');
    expect(await explain({ method: 'OIDC', provider: 'other', createdAt })).toBe('REFUSED');
    expect(await explain({ method: 'PASSWORD', createdAt })).toBe('REFUSED');
    expect(await explain({ method: 'OIDC', provider: 'good', createdAt: '2020-01-01T00:00:00Z' })).toBe('REFUSED');
    for (const open of [{ createdAt }, { method: 'OIDC', createdAt }, { method: 'OIDC', provider: 'good' }])
      expect([open, await explain(open)]).toEqual([open, 'DEPENDS']);
    expect(
      await client(own.browser).codes(
        '{ explainAccess(input: { permission: { resource: USER, actions: [READ] }, credential: { kind: API_TOKEN, method: OIDC } }) { answer } }',
      ),
    ).toEqual(['BAD_INPUT']);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61 * minute });
    await world.db.session.updateMany({ data: { lastSeenAt: new Date() } });
    expect(await client(own.browser).codes(create, { name: 'Late' })).toEqual(['FORBIDDEN']);
  });

  it('says which group of a rule does not exist', async () => {
    const claims = { sub: 'nested', preferred_username: 'nested', a: { b: ['data'] } } as JWTPayload;
    expect((await attempt('nested', { claims })).status).toBe(303);
    expect(await groupsOf('nested')).toEqual([]);
    const events = await world.db.auditEvent.findMany({ where: { action: 'session.groups', actorName: 'nested' } });
    expect(events).toMatchObject([{ outcome: 'ERROR', details: { unknown: ['main/Gone'] } }]);
  });

  describe('a last administrator', () => {
    it('signs in although every group is gone, and stays a super admin', async () => {
      const root = await world.db.user.findFirstOrThrow({ where: { username: 'root' } });
      const link =
        'mutation($id: ID!, $s: String!) { linkUserIdentity(input: { id: $id, provider: "good", subject: $s }) { user { id } } }';
      await world.root().ok(link, { id: idOf('User', root), s: 'root of good' });
      const own = { sub: 'root of good' };
      await attempt('good', { claims: { ...own, groups: ['data'] } });
      expect(await groupsOf('root')).toEqual(['Data good']);
      const { status, browser } = await attempt('good', { claims: { ...own, groups: [] } });
      expect([status, await groupsOf('root')]).toEqual([303, []]);
      expect((await client(browser).ok('{ viewer { superAdmin } }')).viewer.superAdmin).toBe(true);
      // By password remains, unless the host switches it off.
      const set =
        'mutation($id: ID!, $m: [AuthMethod!]!) { setAuthMethods(input: { id: $id, methods: $m }) { user { authProviders } } }';
      expect(await world.root().codes(set, { id: idOf('User', root), m: [] })).toEqual(['CONFLICT']);
      // A session cannot link another person to its own user, nor an API token to any.
      expect(await client(browser).codes(link, { id: idOf('User', root), s: 'x' })).toEqual(['FORBIDDEN']);
      const token = await world.as(root);
      expect(await token.codes(link, { id: idOf('User', root), s: 'x' })).toEqual(['FORBIDDEN']);
      await setBreakGlass(world.app.store, false);
      await client(browser).ok(set, { id: idOf('User', root), m: ['API_TOKEN'] });
      expect(await world.root().codes(who)).toEqual(['UNAUTHENTICATED']);
      const unlink =
        'mutation($id: ID!, $i: String!) { unlinkUserIdentity(input: { id: $id, issuer: $i, subject: "root of good" }) { user { id } } }';
      expect(await client(browser).codes(unlink, { id: idOf('User', root), i: odd.issuer('good') })).toEqual([
        'CONFLICT',
      ]);
      await expect(setBreakGlass(world.app.store, true)).rejects.toThrow(/No super admin can sign in by password/);
      await client(browser).ok(set, { id: idOf('User', root), m: ['API_TOKEN', 'PASSWORD'] });
      await setBreakGlass(world.app.store, true);
      const events = await world.db.auditEvent.findMany({
        where: { action: 'user.break-glass' },
        orderBy: { at: 'asc' },
      });
      expect(events.map(({ details }) => (details as any).breakGlass)).toEqual([false, true]);
      await world.root().ok(who);
    });
  });

  describe('a logout token', () => {
    const event = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    let count = 0;
    const claimsOf = (more: JWTPayload): JWTPayload => {
      count += 1;
      const now = seconds();
      return {
        iss: odd.issuer('good'),
        aud: 'gatehouse',
        iat: now,
        exp: now + 120,
        jti: `jti ${count}`,
        events: event,
        ...more,
      };
    };
    const send = async (token: string, type = 'application/x-www-form-urlencoded', name = 'good') => {
      const body = new URLSearchParams({ logout_token: token }).toString();
      const url = `${gate}/auth/oidc/${name}/back-channel-logout`;
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
      return [response.status, await response.text()] as const;
    };
    const persons = async () => {
      const sub = `out ${count++}`;
      const claims = { sub, preferred_username: sub.replace(' ', '.') };
      const [a, b, c] = [
        await attempt('good', { claims: { ...claims, sid: `${sub} a` } }),
        await attempt('good', { claims: { ...claims, sid: `${sub} b` } }),
        await attempt('good', { claims }),
      ];
      const alive = async () =>
        Promise.all([a, b, c].map(async ({ browser }) => (await client(browser).codes(who)).length === 0));
      return { sub, alive };
    };
    /** The person of all tokens that do not count. */
    let lasting: ReturnType<typeof persons> | undefined;
    const unharmed = () => (lasting ??= persons());

    it('ends the session of its sid, and sessions without one; without a sid, all of the person', async () => {
      const one = await persons();
      const other = await persons();
      expect(await send(await odd.sign('good', claimsOf({ sid: `${one.sub} a` }), 'logout+jwt'))).toEqual([200, '']);
      expect(await one.alive()).toEqual([false, true, true]);
      expect((await send(await odd.sign('good', claimsOf({ sub: one.sub, sid: `${one.sub} a` }))))[0]).toBe(200);
      expect(await one.alive()).toEqual([false, true, false]);
      expect((await send(await odd.sign('good', claimsOf({ sub: one.sub }))))[0]).toBe(200);
      expect(await one.alive()).toEqual([false, false, false]);
      // A sid of another person does not count with this subject.
      expect((await send(await odd.sign('good', claimsOf({ sub: 'a stranger', sid: `${other.sub} a` }))))[0]).toBe(200);
      expect(await other.alive()).toEqual([true, true, true]);
    });

    it('counts once, on every gateway', async () => {
      const { sub, alive } = await persons();
      const token = await odd.sign('good', claimsOf({ sub }));
      const answers = await Promise.all([send(token), send(token)]);
      expect(answers.map(([status]) => status).sort()).toEqual([200, 400]);
      const browser = (await attempt('good', { claims: { sub } })).browser;
      const [status, text] = await send(token);
      expect([status, JSON.parse(text)]).toEqual([
        400,
        { error: 'invalid_request', error_description: 'The logout token was used before.' },
      ]);
      await client(browser).ok(who);
      expect(await alive()).toEqual([false, false, false]);
    });

    it.each<[string, JWTPayload, string?]>([
      ['with a nonce', { nonce: 'x' }],
      ['without the event', { events: { other: {} } }],
      ['without events', { events: undefined }],
      ['with an event that is no object', { events: { 'http://schemas.openid.net/event/backchannel-logout': 1 } }],
      ['without a jti', { jti: undefined as never }],
      ['without an iat', { iat: undefined as never }],
      ['of long ago', { iat: seconds() - 3_600 }],
      ['of the future', { iat: seconds() + 3_600 }],
      ['that expired', { exp: seconds() - 600 }],
      ['of another issuer', { iss: 'https://evil.example' }],
      ['for another client', { aud: 'another' }],
      ['without a person or a session', { sub: undefined as never }],
      ['of another type', {}, 'at+jwt'],
    ])('%s does not count', async (_what, more, typ) => {
      const { sub, alive } = await unharmed();
      const [status, text] = await send(await odd.sign('good', claimsOf({ sub, ...more }), typ));
      expect([status, JSON.parse(text).error]).toEqual([400, 'invalid_request']);
      expect(await alive()).toEqual([true, true, true]);
    });

    it('that someone else signed, and an ID token, do not count', async () => {
      const { sub, alive } = await unharmed();
      const claims = claimsOf({ sub });
      const stranger = await newKey('first');
      const forged = new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'first' }).sign(stranger.privateKey);
      for (const token of [await forged, await signed('HS256')(claims), await signed('none')(claims), 'x', ''])
        expect([token, (await send(token))[0]]).toEqual([token, 400]);
      expect((await send(await odd.sign('good', [...odd.of('good').codes.values()].at(-1)!)))[0]).toBe(400);
      expect((await send(await odd.sign('good', claims), 'application/json'))[0]).toBe(400);
      // Of this issuer, at another provider.
      expect((await send(await odd.sign('good', claims), undefined, 'other'))[0]).toBe(400);
      expect((await send(await odd.sign('good', claims), undefined, 'down'))[0]).toBe(503);
      expect(await alive()).toEqual([true, true, true]);
      const events = await world.db.auditEvent.findMany({ where: { action: 'session.logout-failure' } });
      expect(events).toContainEqual(
        expect.objectContaining({ outcome: 'DENIED', details: expect.objectContaining({ cause: 'LOGOUT_TOKEN' }) }),
      );
    });
  });

  it('leaves nothing behind but rows that expire', async () => {
    expect(await world.db.singleUse.count()).toBeGreaterThan(10);
    await pruneSingleUse(world.app.store, new Date(Date.now() + 60 * minute));
    expect(await world.db.singleUse.count()).toBe(0);
    expect(data.name).toBe('Data');
  });
});
