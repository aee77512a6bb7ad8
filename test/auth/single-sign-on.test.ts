import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Group, Tenant } from '../../src/db/generated/client.ts';
import { type DevelopmentProvider, startProvider } from '../idp/provider.ts';
import { raw, until } from '../server/tools.ts';
import { Browser } from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort } from '../support/program.ts';
import { signInWith } from '../support/providers.ts';
import { readmeProvider, secret } from '../support/readme-provider.ts';
import { idOf, World } from '../support/world.ts';
import { who } from './tools.ts';

describe('single sign-on at a real provider', () => {
  const folder = temporaryFolder('single-sign-on');
  let world: World;
  let idp: DevelopmentProvider;
  let gate: string;
  let main: Tenant;
  let data: Group;
  beforeAll(async () => {
    const port = await freePort();
    const shown = readmeProvider(folder);
    const provider = {
      ...shown,
      title: 'Local & Co',
      issuer: `http://localhost:${port}`,
      groups: [...shown.groups, { claim: ['groups'], value: 'platform', tenant: 'main', group: 'Platform' }],
    };
    world = await World.create({ gateways: 2, config: { signIn: signInWith([provider]) } });
    gate = world.urls[0]!;
    idp = await startProvider(port, { id: 'gatehouse', secret, origins: [gate], name: 'local' });
    main = await world.tenant('main');
    data = await world.group(main, 'Data');
    await world.bind(main, { group: data }, await world.managed(main, 'Viewer'));
    await world.bind(main, { group: data }, await world.role(main, 'Auditor', ['AUDITLOG:READ']));
  });
  afterAll(async () => {
    expect(idp.faults).toEqual([]);
    await idp.close();
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });
  let browser: Browser;
  beforeEach(() => {
    browser = new Browser();
  });

  const begin = `/auth/oidc/local?next=${encodeURIComponent('/auth/providers')}`;
  /** Signs in like a person: the page of the gateway, the form of the provider, and back. */
  async function signIn(name: string, before?: RegExp) {
    const at = await browser.visit(`${gate}${begin}`, {}, before);
    if (!at.url.includes('/interaction/')) return at;
    expect(at.text).toContain('name="login"');
    return browser.submit(at.url, { prompt: 'login', login: name, password: 'any' }, before);
  }
  const client = (gateway = 0) =>
    world.anonymous(gateway).as({ cookie: `gatehouse=${browser.cookie('gatehouse')}`, origin: world.urls[gateway]! });
  const groupsOf = async (name: string) =>
    (
      await world.db.groupMember.findMany({
        where: { access: { principal: { user: { username: name } } } },
        include: { group: true },
      })
    ).map(({ group, managedBy, membership }) => `${group.name} ${membership} ${managedBy}`);
  const eventsOf = async (action: string, more: object = {}) =>
    world.db.auditEvent.findMany({ where: { action, ...more }, orderBy: { at: 'asc' } });

  it('is offered by the sign-in page and by an endpoint, without scripts', async () => {
    const providers = await (await fetch(`${gate}/auth/providers`)).json();
    expect(providers).toEqual({
      password: true,
      providers: [{ name: 'local', title: 'Local & Co', url: '/auth/oidc/local' }],
    });
    const { text } = await browser.visit(`${gate}/auth/sign-in?next=%2Fgraphql%3Fa%3D1`);
    expect(text).toContain('href="/auth/oidc/local?next=%2Fgraphql%3Fa%3D1">Sign in with Local &amp; Co</a>');
  });

  it('creates a user at the first sign-in, gives a group, takes it again, and ends when the provider says so', async () => {
    const arrived = await signIn('erin');
    expect([arrived.status, arrived.url]).toEqual([200, `${gate}/auth/providers`]);
    const user = await world.db.user.findFirstOrThrow({
      where: { username: 'erin' },
      include: { identities: true, principal: { include: { sessions: true } } },
    });
    expect(user).toMatchObject({
      email: 'erin@company.example',
      authMethods: ['OIDC:local'],
      passwordHash: null,
      superAdmin: false,
      identities: [{ issuer: idp.issuer, subject: 'erin' }],
    });
    const [session] = user.principal.sessions;
    expect(session).toMatchObject({ method: 'OIDC', provider: 'local', sid: expect.stringMatching(/.{10}/) });
    expect(session!.sealedIdToken).not.toContain('eyJ');
    expect(await groupsOf('erin')).toEqual(['Data MEMBER local']);
    const { viewer } = await client().ok(
      '{ viewer { name credential tenants { nodes { key } } sessions { nodes { method provider } } } }',
    );
    expect(viewer).toEqual({
      name: 'erin',
      credential: 'SESSION',
      tenants: { nodes: [{ key: 'main' }] },
      sessions: { nodes: [{ method: 'OIDC', provider: 'local' }] },
    });

    // Each change is recorded like one by hand, with method and provider.
    const own = { method: 'OIDC', provider: 'local' };
    const [added] = await eventsOf('group.add-member', { resourceKey: 'Data/user:erin' });
    expect(added).toMatchObject({ actorName: 'system', outcome: 'SUCCESS', tenantKey: 'main', details: own });
    expect((await eventsOf('tenant-access.create', { resourceKey: 'user:erin' }))[0]).toMatchObject({ details: own });
    expect((await eventsOf('session.login', { actorName: 'erin' }))[0]).toMatchObject({ type: 'LOGIN', details: own });
    expect((await eventsOf('user.create', { resourceKey: 'erin' }))[0]!.reason).toBe(
      'first sign-in by OIDC, provider local',
    );
    expect((await eventsOf('user.link-identity', { resourceKey: 'erin' }))[0]!.patch).toEqual([
      { op: 'add', path: '/identities/-', value: { issuer: idp.issuer, subject: 'erin' } },
    ]);
    // All of a sign-in has one request.
    expect(
      new Set([added!.requestId, (await eventsOf('user.create', { resourceKey: 'erin' }))[0]!.requestId]).size,
    ).toBe(1);

    // A group of another provider or of a person stays; the own one goes.
    const platform = await world.group(main, 'Platform');
    await world.member(main, platform, user, 'OWNER');
    idp.people.get('erin')!.groups = [];
    await signIn('erin');
    expect(await groupsOf('erin')).toEqual(['Platform OWNER null']);
    expect((await eventsOf('group.remove-member', { resourceKey: 'Data/user:erin' }))[0]).toMatchObject({
      actorName: 'system',
      details: own,
    });
    expect(await client().codes('{ tenant(key: "main") { flows(first: 1) { totalCount } } }')).toEqual(['FORBIDDEN']);

    // Her stream on the other gateway ends when she signs out of the provider.
    idp.people.get('erin')!.groups = ['data'];
    await signIn('erin');
    const ended: unknown[] = [];
    const first = Promise.withResolvers<void>();
    client(1)
      .socket()
      .subscribe(
        { query: 'subscription { auditEvents(tenantKey: "main") { cursor } }' },
        { next: () => first.resolve(), error: (errors) => ended.push(errors), complete: () => ended.push([]) },
      );
    await first.promise;
    const page = await browser.visit(`${idp.issuer}/session/end`);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)![1]!;
    const out = Date.now();
    await browser.submit(`${idp.issuer}/session/end/confirm`, { xsrf, logout: 'yes' });
    await until('the stream ends', () => ended.length === 1, 4_000);
    expect(Date.now() - out).toBeLessThan(2_000);
    expect((ended[0] as any)[0].extensions.code).toBe('UNAUTHENTICATED');
    expect(await client().codes(who)).toEqual(['UNAUTHENTICATED']);
    expect((await eventsOf('session.logout', { resourceKey: 'user:erin' })).at(-1)).toMatchObject({
      actorName: 'system',
      details: { cause: 'PROVIDER_SIGN_OUT', ...own },
    });
  });

  it('keeps the access of a person by hand, and takes the access that came with a group', async () => {
    await signIn('frank');
    expect(await groupsOf('frank')).toEqual(expect.arrayContaining(['Data MEMBER local']));
    idp.people.get('frank')!.groups = [];
    await signIn('frank');
    const frank = await world.db.user.findFirstOrThrow({ where: { username: 'frank' } });
    expect(await world.db.tenantAccess.count({ where: { principalId: frank.id } })).toBe(0);
    await world.access(main, frank);
    idp.people.get('frank')!.groups = ['data'];
    await signIn('frank');
    idp.people.get('frank')!.groups = [];
    await signIn('frank');
    expect(await groupsOf('frank')).toEqual([]);
    expect(await world.db.tenantAccess.count({ where: { principalId: frank.id } })).toBe(1);
  });

  it('keeps the groups of the last sign-in if the claim is missing', async () => {
    idp.people.get('frank')!.groups = ['data'];
    await signIn('frank');
    idp.people.get('frank')!.groups = undefined;
    await signIn('frank');
    expect(await groupsOf('frank')).toEqual(['Data MEMBER local']);
    expect((await eventsOf('session.groups', { actorName: 'frank' })).at(-1)).toMatchObject({
      outcome: 'ERROR',
      details: { provider: 'local', claim: 'MISSING', kept: ['main/Data', 'main/Platform'] },
    });
  });

  it('never takes over the account of a person with the same e-mail address or name', async () => {
    await world.user('grace', [main]);
    const { status, text } = await signIn('grace');
    expect([status, text]).toEqual([403, expect.stringContaining('Another user has your user name')]);
    expect(text).not.toMatch(/\n\s+at /);
    expect(browser.cookie('gatehouse')).toBeUndefined();
    expect(await world.db.userIdentity.count({ where: { subject: 'grace' } })).toBe(0);
    const [failure] = await eventsOf('session.login-failure', { details: { path: ['cause'], equals: 'NAME_TAKEN' } });
    expect(failure).toMatchObject({
      outcome: 'DENIED',
      resourceKey: 'provider:local',
      details: { provider: 'local', issuer: idp.issuer, subject: 'grace' },
    });
    // An administrator links the identity that the event names.
    const grace = await world.db.user.findFirstOrThrow({ where: { username: 'grace' } });
    const link =
      'mutation($id: ID!) { linkUserIdentity(input: { id: $id, provider: "local", subject: "grace" }) { user { authMethods authProviders identities { issuer subject } } } }';
    expect((await world.root().ok(link, { id: idOf('User', grace) })).linkUserIdentity.user).toEqual({
      authMethods: ['PASSWORD', 'API_TOKEN'],
      authProviders: ['local'],
      identities: [{ issuer: idp.issuer, subject: 'grace' }],
    });
    expect((await signIn('grace')).status).toBe(200);
    expect((await client().ok(who)).viewer.name).toBe('grace');
    // A method that is not named does not sign in, and ends the sessions by it.
    const set =
      'mutation($id: ID!, $p: [String!]) { setAuthMethods(input: { id: $id, methods: [PASSWORD], authProviders: $p }) { user { authProviders } } }';
    expect(await world.root().codes(set, { id: idOf('User', grace), p: ['none'] })).toEqual(['BAD_INPUT']);
    await world.root().ok(set, { id: idOf('User', grace), p: [] });
    expect(await client().codes(who)).toEqual(['UNAUTHENTICATED']);
    const refused = await signIn('grace');
    expect([refused.status, refused.text]).toEqual([
      403,
      expect.stringContaining('cannot sign in with Local &amp; Co'),
    ]);
    // Neither does a disabled user.
    const disable = (disabled: boolean) =>
      world
        .root()
        .ok('mutation($id: ID!, $d: Boolean!) { setUserDisabled(input: { id: $id, disabled: $d }) { user { id } } }', {
          id: idOf('User', grace),
          d: disabled,
        });
    await world.root().ok(set, { id: idOf('User', grace), p: ['local'] });
    await disable(true);
    expect((await signIn('grace')).status).toBe(403);
    await disable(false);
    // Without the providers, the present ones are kept.
    await world.root().ok(set, { id: idOf('User', grace), p: ['local'] });
    const keep = 'mutation($id: ID!) { setAuthMethods(input: { id: $id, methods: [] }) { user { authProviders } } }';
    expect((await world.root().ok(keep, { id: idOf('User', grace) })).setAuthMethods.user.authProviders).toEqual([
      'local',
    ]);
    await signIn('grace');
    const unlink =
      'mutation($id: ID!, $i: String!) { unlinkUserIdentity(input: { id: $id, issuer: $i, subject: "grace" }) { user { identities { subject } } } }';
    expect((await world.root().ok(unlink, { id: idOf('User', grace), i: idp.issuer })).unlinkUserIdentity.user).toEqual(
      {
        identities: [],
      },
    );
    expect(await client().codes(who)).toEqual(['UNAUTHENTICATED']);
  });

  it('uses a sign-in once, in its browser, within ten minutes', async () => {
    const { url } = await signIn('erin', /\/callback\?/);
    const kept = browser.cookie('gatehouse-sign-in')!;
    // Another browser: it did not begin this sign-in.
    const other = await new Browser().visit(url);
    expect([other.status, other.text]).toEqual([400, expect.stringContaining('did not begin this sign-in')]);
    const headers = { cookie: `gatehouse-sign-in=${kept}` };
    const foreign = await fetch(url.replace(/state=[^&]+/, 'state=another'), { headers, redirect: 'manual' });
    expect(foreign.status).toBe(400);
    const answers = await Promise.all(
      [1, 2, 3].map(async () => (await fetch(url, { headers, redirect: 'manual' })).status),
    );
    expect(answers.sort()).toEqual([303, 400, 400]);
    const again = await fetch(url, { headers, redirect: 'manual' });
    expect([again.status, await again.text()]).toEqual([400, expect.stringContaining('This sign-in is complete')]);
    expect(again.headers.get('set-cookie')).toMatch(/^gatehouse-sign-in=;.*Max-Age=0/);
    // Any gateway ends a sign-in that another one began, also one that was killed since.
    const second = await signIn('erin', /\/callback\?/);
    const cookie = `gatehouse-sign-in=${browser.cookie('gatehouse-sign-in')}`;
    const elsewhere = await raw(second.url.replace(gate, world.urls[1]!), {
      method: 'GET',
      headers: { cookie, host: new URL(gate).host },
    });
    expect([elsewhere.status, elsewhere.headers.location]).toEqual([303, '/auth/providers']);
    // It knows as well which one was used.
    const there = await fetch(url.replace(gate, world.urls[1]!), { headers, redirect: 'manual' });
    expect([there.status, await there.text()]).toEqual([400, expect.stringContaining('This sign-in is complete')]);
  });

  it('begins a new session, and ends that of the browser', async () => {
    await signIn('erin');
    const before = browser.cookie('gatehouse');
    await signIn('erin');
    expect(browser.cookie('gatehouse')).not.toBe(before);
    const old = world.anonymous().as({ cookie: `gatehouse=${before}`, origin: gate });
    expect(await old.codes(who)).toEqual(['UNAUTHENTICATED']);
  });

  it.each(['https://evil.example', '//evil.example', '/\\evil.example', '/\t/evil.example', 'javascript:alert(1)'])(
    'goes from %j to the gateway only',
    async (next) => {
      const at = await browser.visit(
        `${gate}/auth/oidc/local?next=${encodeURIComponent(next)}`,
        {},
        /localhost:\d+\/$/,
      );
      const { url } = at.url.includes('/interaction/')
        ? await browser.submit(at.url, { prompt: 'login', login: 'erin', password: 'x' }, /localhost:\d+\/$/)
        : at;
      expect(url).toBe(`${gate}/`);
    },
  );

  it('signs out at the provider too, by a page or by a script', async () => {
    await signIn('erin');
    const headers = { origin: gate, cookie: `gatehouse=${browser.cookie('gatehouse')}` };
    const answer = await fetch(`${gate}/auth/sign-out`, { method: 'POST', headers });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([200, expect.stringContaining('Max-Age=0')]);
    const { endSessionUrl } = (await answer.json()) as any;
    const { origin, pathname, searchParams } = new URL(endSessionUrl);
    expect([origin + pathname, searchParams.get('post_logout_redirect_uri'), searchParams.get('client_id')]).toEqual([
      `${idp.issuer}/session/end`,
      `${gate}/auth/sign-in`,
      'gatehouse',
    ]);
    expect(searchParams.get('id_token_hint')).toMatch(/^eyJ/);
    expect(await client().codes(who)).toEqual(['UNAUTHENTICATED']);
    // The provider knows the session by the hint, and goes back to the gateway.
    const page = await browser.visit(endSessionUrl);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)![1]!;
    const back = await browser.submit(`${idp.issuer}/session/end/confirm`, { xsrf, logout: 'yes' });
    expect([back.status, back.url]).toEqual([200, `${gate}/auth/sign-in`]);
    await signIn('erin');
    const form = await browser.submit(`${gate}/auth/sign-out`, {}, /session\/end/);
    expect(form.url).toContain(`${idp.issuer}/session/end?`);
  });
});
