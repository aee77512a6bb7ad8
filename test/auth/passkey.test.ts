import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { siteOf } from '../../src/auth/passkeys/site.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { Authenticator } from '../support/authenticator.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';
import { from, signedIn } from './tools.ts';

const secret = 'a phrase that this person knows';
const minute = 60_000;
const who = '{ viewer { name } }';

describe('the site of passkeys', () => {
  it('is the host of the public URL over HTTPS, or localhost, with listed origins below it', () => {
    const listed = [
      'https://console.gate.example',
      'https://gate.example:8443',
      'https://evil.example',
      'http://gate.example',
    ];
    expect(siteOf({ origin: 'https://gate.example' }, listed)).toEqual({
      rpId: 'gate.example',
      origins: ['https://gate.example', 'https://console.gate.example', 'https://gate.example:8443'],
    });
    expect(siteOf({ origin: 'http://localhost:4000' }, undefined).rpId).toBe('localhost');
    for (const origin of [
      undefined,
      'http://gate.example',
      'https://192.0.2.1',
      'https://[2001:db8::1]',
      'http://127.0.0.1:4000',
    ])
      expect(() => siteOf({ origin }, listed)).toThrow(/GATEHOUSE_PUBLIC_URL/);
  });
});

describe('a passkey', () => {
  let world: World;
  let main: Tenant;
  let next = 0;
  beforeAll(async () => {
    world = await World.create({ gateways: 2, config: { trustedProxies: ['127.0.0.1', '::1'] } });
    main = await world.tenant('main');
    // Gateways behind one name have one origin.
    world.apps[1]!.services.links.origin = world.app.services.links.origin;
  });
  afterEach(() => void vi.useRealTimers());
  afterAll(() => world.close());

  const beginPasskey = call('beginPasskey', 'options');
  const createPasskey = call('createPasskey', 'passkey { id name synced lastUsedAt } user { passkeys { name } }');
  const post = async (path: string, body: object, headers: Record<string, string> = {}, gateway = 0) => {
    const response = await fetch(`${world.urls[gateway]}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0]!);
    return { status: response.status, body: (await response.json()) as any, cookies, headers: response.headers };
  };
  const optionsFor = async (purpose: string, headers: Record<string, string> = {}, gateway = 0) => {
    const { status, body } = await post('/auth/passkey', { for: purpose }, headers, gateway);
    expect([status, body.errors]).toEqual([200, undefined]);
    return body;
  };
  const signIn = (passkey: object, headers: Record<string, string> = {}, gateway = 0) =>
    post('/auth/sign-in', { passkey }, headers, gateway);
  const clientOf = ({ cookies }: { cookies: readonly string[] }, gateway = 0) =>
    world
      .anonymous(gateway)
      .as({ cookie: cookies.find((one) => one.startsWith('gatehouse='))!, origin: world.urls[gateway]! });
  const newAuthenticator = () => new Authenticator(world.app.services.links.origin!);
  async function enrol(client: Client, name = 'laptop', authenticator = newAuthenticator()) {
    const { beginPasskey: begun } = await client.ok<any>(beginPasskey, { i: { currentPassword: secret } });
    const response = authenticator.create(begun.options);
    const { createPasskey: made } = await client.ok<any>(createPasskey, { i: { name, response } });
    return { authenticator, passkey: made.passkey, user: made.user };
  }
  async function person() {
    const user = await world.user(`person${next++}`, [main], { password: secret });
    const { client } = await signedIn(world, user.username, secret);
    return { user, client };
  }
  async function enrolled() {
    const { user, client } = await person();
    const { authenticator, passkey } = await enrol(client);
    return { user, client, authenticator, passkey };
  }
  /** The first step of a sign-in by password. @returns the cookie of the second one. */
  async function password({ username }: User, asks: readonly string[] = ['PASSKEY']) {
    const { status, body, cookies } = await post('/auth/sign-in', { username, password: secret });
    expect([status, body.errors[0].extensions]).toEqual([403, { code: 'SECOND_FACTOR_REQUIRED', asks }]);
    return { cookie: cookies[0]! };
  }
  const eventsOf = ({ username }: User, action: string) =>
    world.db.auditEvent.findMany({
      where: { action, resourceKey: { in: [username, `user:${username}`] } },
      orderBy: { ordinal: 'asc' },
    });

  it('is enrolled by its user, with the current password; a user can have several', async () => {
    const { user, client } = await person();
    expect(await client.codes(beginPasskey, { i: {} })).toEqual(['BAD_INPUT']);
    expect(await client.codes(beginPasskey, { i: { currentPassword: 'wrong' } })).toEqual(['BAD_INPUT']);
    expect(await (await world.as(user)).codes(beginPasskey, { i: { currentPassword: secret } })).toEqual(['FORBIDDEN']);
    const impersonating = world.root().as({ 'x-gatehouse-impersonate': user.username });
    expect(await impersonating.codes(beginPasskey, { i: { currentPassword: secret } })).toEqual(['FORBIDDEN']);
    const { beginPasskey: begun } = await client.ok<any>(beginPasskey, { i: { currentPassword: secret } });
    expect(begun.options).toMatchObject({
      rp: { id: 'localhost', name: 'Gatehouse' },
      user: { name: user.username },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'preferred' },
    });
    const { passkey, user: shown } = await enrol(client);
    expect([passkey.name, passkey.lastUsedAt, shown.passkeys]).toEqual(['laptop', null, [{ name: 'laptop' }]]);
    await enrol(client, 'phone');
    expect((await eventsOf(user, 'user.add-passkey')).map(({ patch }) => patch)).toEqual([
      [{ op: 'add', path: '/passkeys/-', value: 'laptop' }],
      [{ op: 'add', path: '/passkeys/-', value: 'phone' }],
    ]);
    // The session in which it was enrolled has proved it.
    const own = '{ viewer { sessions { nodes { isCurrent secondFactor } } user { passkeys { name } } } }';
    const { viewer } = await client.ok<any>(own);
    expect(viewer.sessions.nodes.find((one: any) => one.isCurrent).secondFactor).toBe('PASSKEY');
    const rename = call('renamePasskey', 'passkey { name }');
    expect((await client.ok<any>(rename, { i: { id: passkey.id, name: 'old laptop' } })).renamePasskey).toEqual({
      passkey: { name: 'old laptop' },
    });
    const other = await person();
    for (const document of [rename, call('deleteMyPasskey', 'user { id }')])
      expect(
        await other.client.codes(document, {
          i: { id: passkey.id, ...(document === rename ? { name: 'mine' } : { currentPassword: secret }) },
        }),
      ).toEqual(['NOT_FOUND']);
    const read = 'query($id: ID!) { node(id: $id) { ... on User { passkeys { name } } } }';
    expect((await other.client.run<any>(read, { id: idOf('User', user) })).data?.node?.passkeys ?? null).toBeNull();
    const basic = world.basic(user.username, secret);
    expect(await basic.codes(who)).toEqual(['UNAUTHENTICATED']);
  });

  it.each([
    ['of another origin', { origin: 'https://evil.example' }],
    ['of another domain', { rpId: 'evil.example' }],
    ['with a challenge of its own', { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
  ])('%s is not enrolled', async (_title, signing) => {
    const { client } = await person();
    const { beginPasskey: begun } = await client.ok<any>(beginPasskey, { i: { currentPassword: secret } });
    const response = newAuthenticator().create(begun.options, signing);
    expect(await client.codes(createPasskey, { i: { name: 'x', response } })).toEqual(['BAD_INPUT']);
  });

  it('is enrolled once, by the user who began, within five minutes', async () => {
    const [{ client }, other, third] = [await person(), await person(), await person()];
    const begun = async (own = client) =>
      (await own.ok<any>(beginPasskey, { i: { currentPassword: secret } })).beginPasskey.options;
    const authenticator = newAuthenticator();
    const response = authenticator.create(await begun());
    expect(await other.client.codes(createPasskey, { i: { name: 'x', response } })).toEqual(['BAD_INPUT']);
    // A dry run uses nothing.
    await client.ok(createPasskey, { i: { name: 'x', response, dryRun: true } });
    await client.ok(createPasskey, { i: { name: 'x', response } });
    expect(await client.codes(createPasskey, { i: { name: 'x', response } })).toEqual(['BAD_INPUT']);
    const again = authenticator.create(await begun());
    expect(await client.codes(createPasskey, { i: { name: 'x', response: again } })).toEqual(['CONFLICT']);
    const late = newAuthenticator().create(await begun(third.client));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * minute });
    expect(await third.client.codes(createPasskey, { i: { name: 'x', response: late } })).toEqual(['BAD_INPUT']);
    expect(await third.client.codes(createPasskey, { i: { name: 'x', response: { id: 1 } } })).toEqual(['BAD_INPUT']);
  });

  it('is a second factor after the password, without verifying the person, and counts once on all gateways', async () => {
    const { user, authenticator } = await enrolled();
    const pending = await password(user);
    const options = await optionsFor('second-factor', pending);
    expect([options.rpId, options.userVerification]).toEqual(['localhost', 'preferred']);
    expect(options.allowCredentials.map(({ id }: any) => id)).toEqual([authenticator.id.toString('base64url')]);
    const used = authenticator.get(options, { verified: false });
    const answers = await Promise.all([0, 1, 0, 1].map((gateway) => signIn(used, pending, gateway)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    const done = answers.find(({ status }) => status === 200)!;
    expect(done.cookies).toContain('gatehouse-second-factor=');
    const { viewer } = await clientOf(done).ok<any>(
      '{ viewer { sessions { nodes { isCurrent method secondFactor } } } }',
    );
    expect(viewer.sessions.nodes.find((one: any) => one.isCurrent)).toEqual({
      isCurrent: true,
      method: 'PASSWORD',
      secondFactor: 'PASSKEY',
    });
    // Neither a password nor a challenge of another user helps.
    const other = await enrolled();
    const theirs = other.authenticator.get(await optionsFor('second-factor', await password(user)));
    expect((await signIn(theirs, await password(user))).status).toBe(401);
    expect((await post('/auth/passkey', { for: 'second-factor' })).status).toBe(401);
  });

  it('is a whole sign-in if it verified the person; policies see it', async () => {
    const { user, authenticator } = await enrolled();
    const options = await optionsFor('sign-in');
    expect([options.userVerification, options.allowCredentials ?? []]).toEqual(['required', []]);
    expect((await signIn(authenticator.get(options, { verified: false }))).status).toBe(401);
    const used = authenticator.get(await optionsFor('sign-in', {}, 1));
    const done = await signIn(used);
    expect([done.status, done.body.user.name]).toEqual([200, user.username]);
    expect((await signIn(used, {}, 1)).status).toBe(401);
    const client = clientOf(done);
    const { viewer } = await client.ok<any>(
      '{ viewer { name credential sessions { nodes { isCurrent method secondFactor } } } }',
    );
    expect([viewer.name, viewer.credential]).toEqual([user.username, 'SESSION']);
    expect(viewer.sessions.nodes.find((one: any) => one.isCurrent)).toEqual({
      isCurrent: true,
      method: 'PASSKEY',
      secondFactor: 'PASSKEY',
    });
    const [event] = (await eventsOf(user, 'session.login')).slice(-1);
    expect(event!.details).toMatchObject({ method: 'PASSKEY', secondFactor: 'PASSKEY' });
    const configure = (own: object) =>
      world.root().codes(call('setPolicyConfiguration', 'policies { name }'), { i: { policies: own } });
    await world.root().ok(call('setPolicyConfiguration', 'policies { name }'), {
      i: {
        policies: { 'second-factor': { rules: [{ resource: 'API_TOKEN', actions: ['CREATE'], maxAgeMinutes: 5 }] } },
      },
    });
    await client.ok(call('createApiToken', 'apiToken { id }'), { i: { name: 'x', maxAge: 'P1D' } });
    expect(await configure({})).toEqual([]);
    // A user who is not allowed to sign in by password has no sign-in of the gateway's own.
    await world
      .root()
      .ok(call('setAuthMethods', 'user { id }'), { i: { id: idOf('User', user), methods: ['API_TOKEN'] } });
    expect(await client.codes(who)).toEqual(['UNAUTHENTICATED']);
    expect((await signIn(authenticator.get(await optionsFor('sign-in')))).status).toBe(401);
  });

  it.each([
    ['of another origin', { origin: 'https://evil.example' }],
    ['of another domain', { rpId: 'evil.example' }],
    ['of another user', { userHandle: 'c29tZW9uZQ' }],
    ['of a new passkey', { type: 'webauthn.create' }],
  ])('%s does not sign in', async (_title, signing) => {
    const { authenticator } = await enrolled();
    expect((await signIn(authenticator.get(await optionsFor('sign-in'), signing))).status).toBe(401);
    expect((await signIn(authenticator.get(await optionsFor('sign-in')))).status).toBe(200);
  });

  it('whose signature was changed, or whose challenge has expired or was for another purpose, does not sign in', async () => {
    const { user, client, authenticator } = await enrolled();
    const used = authenticator.get(await optionsFor('sign-in'));
    const signature = `${used.response['signature' as never] as string}`.replace(
      /^(.{20})./,
      (_all, start) => `${start}A`,
    );
    expect((await signIn({ ...used, response: { ...used.response, signature } })).status).toBe(401);
    const stepUp = await optionsFor('step-up', { ...client.headers, origin: world.urls[0]! });
    expect((await signIn(authenticator.get(stepUp))).status).toBe(401);
    const pending = await optionsFor('second-factor', await password(user));
    expect((await signIn(authenticator.get(pending))).status).toBe(401);
    const late = await optionsFor('sign-in');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * minute });
    expect((await signIn(authenticator.get(late))).status).toBe(401);
  });

  it('whose counter does not rise is refused, with an event; a passkey that does not count works', async () => {
    const { user, authenticator } = await enrolled();
    expect((await signIn(authenticator.get(await optionsFor('sign-in'), { counter: 7 }))).status).toBe(200);
    for (const counter of [7, 3, 0])
      expect((await signIn(authenticator.get(await optionsFor('sign-in'), { counter }))).status).toBe(401);
    const events = await eventsOf(user, 'session.login-failure');
    expect(
      events.map(({ details }) => [(details as any).cause, (details as any).stored, (details as any).received]),
    ).toEqual([
      ['PASSKEY_COUNTER', 7, 7],
      ['PASSKEY_COUNTER', 7, 3],
      ['PASSKEY_COUNTER', 7, 0],
    ]);
    expect((await signIn(authenticator.get(await optionsFor('sign-in'), { counter: 8 }))).status).toBe(200);
    const plain = await enrolled();
    for (let i = 0; i < 2; i += 1)
      expect((await signIn(plain.authenticator.get(await optionsFor('sign-in'), { counter: 0 }))).status).toBe(200);
  });

  it('steps up a session', async () => {
    const { user, client, authenticator } = await enrolled();
    const headers = { ...client.headers, origin: world.urls[0]! };
    const row = () => world.db.session.findFirstOrThrow({ where: { principalId: user.id } });
    await world.db.session.updateMany({
      where: { principalId: user.id },
      data: { secondFactor: null, secondFactorAt: null },
    });
    const options = await optionsFor('step-up', headers);
    const used = authenticator.get(options);
    const done = await post('/auth/step-up', { passkey: used }, headers);
    expect([done.status, done.body.secondFactorAt]).toEqual([200, (await row()).secondFactorAt!.toISOString()]);
    expect((await row()).secondFactor).toBe('PASSKEY');
    expect((await post('/auth/step-up', { passkey: used }, headers)).status).toBe(400);
    const other = await enrolled();
    const theirs = other.authenticator.get(await optionsFor('step-up', headers));
    expect((await post('/auth/step-up', { passkey: theirs }, headers)).status).toBe(400);
    expect((await eventsOf(user, 'session.step-up')).map(({ details }) => (details as any).by)).toEqual(['PASSKEY']);
    expect((await post('/auth/passkey', { for: 'step-up' })).status).toBe(401);
  });

  it('is removed by its user with the password, and by an administrator; its sessions end', async () => {
    const { user, client, passkey, authenticator } = await enrolled();
    const begun = clientOf(await signIn(authenticator.get(await optionsFor('sign-in'))));
    await begun.ok(who);
    const remove = call('deleteMyPasskey', 'user { passkeys { name } }');
    expect(await client.codes(remove, { i: { id: passkey.id } })).toEqual(['BAD_INPUT']);
    expect(await client.ok(remove, { i: { id: passkey.id, currentPassword: secret } })).toEqual({
      deleteMyPasskey: { user: { passkeys: [] } },
    });
    expect(await begun.codes(who)).toEqual(['UNAUTHENTICATED']);
    expect((await signIn(authenticator.get(await optionsFor('sign-in')))).status).toBe(401);
    expect((await signedIn(world, user.username, secret)).status).toBe(200);
    const other = await enrolled();
    const theirs = clientOf(await signIn(other.authenticator.get(await optionsFor('sign-in'))));
    await theirs.ok(who);
    await world.root().ok(call('removeSecondFactor', 'user { id }'), { i: { id: idOf('User', other.user) } });
    expect(await theirs.codes(who)).toEqual(['UNAUTHENTICATED']);
    expect((await signedIn(world, other.user.username, secret)).status).toBe(200);
    expect((await eventsOf(other.user, 'user.remove-passkey'))[0]).toMatchObject({ actorName: 'root' });
    await world.root().ok(call('deleteUser', 'deletedId'), { i: { id: idOf('User', other.user) } });
  });

  it('has challenges that are stored hashed, and bounded in number', async () => {
    const { client } = await person();
    for (let i = 0; i < 20; i += 1) await client.ok(beginPasskey, { i: { currentPassword: secret } });
    expect(await client.codes(beginPasskey, { i: { currentPassword: secret } })).toEqual(['LIMIT_EXCEEDED']);
    const { challenge } = await optionsFor('sign-in', from('192.0.2.60'));
    const rows = await world.db.$queryRaw<{ row: string }[]>`SELECT t::text AS row FROM "PasskeyChallenge" t`;
    expect(rows.filter(({ row }) => row.includes(challenge))).toEqual([]);
    await world.db.$executeRaw`INSERT INTO "PasskeyChallenge" (id, purpose, peer, "expiresAt")
      SELECT 'x' || n, 'SIGN_IN', '192.0.2.61', now() + interval '1 minute' FROM generate_series(1, 200) n`;
    const refused = await post('/auth/passkey', { for: 'sign-in' }, from('192.0.2.61'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '300']);
    await optionsFor('sign-in', from('192.0.2.62'));
    expect((await post('/auth/passkey', { for: 'sign-in' }, { origin: 'https://evil.example' })).status).toBe(403);
  });
});
