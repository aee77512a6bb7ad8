import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Permission } from '../../src/access/catalog.ts';
import { deriveKeys } from '../../src/auth/keys.ts';
import { newLinkToken } from '../../src/auth/link-token.ts';
import type { Group, Role, Tenant, User } from '../../src/db/generated/client.ts';
import { asSystem } from '../../src/policy/session/system.ts';
import { expireInvitations } from '../../src/resources/identity/invitation/service.ts';
import { sendDue } from '../../src/resources/identity/mail/outbox.ts';
import { deleteUser, setUserDisabled } from '../../src/resources/identity/user/service.ts';
import { until } from '../server/tools.ts';
import { Browser } from '../support/browser.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { MailServer } from '../support/mail-server.ts';
import { idOf, masterKey, password, World } from '../support/world.ts';
import { signedIn, statements } from './tools.ts';

const secret = 'a phrase that this person knows';
const day = 86_400_000;
const given: readonly Permission[] = [
  'INVITATION:CREATE',
  'INVITATION:READ',
  'INVITATION:DELETE',
  'TENANT_ACCESS:CREATE',
  'GROUP:UPDATE',
  'BINDING:CREATE',
  'FLOW:READ',
  'FLOW:UPDATE',
];

describe('an invitation', () => {
  let world: World;
  let main: Tenant;
  let editors: Group;
  let reader: Role;
  let writer: Role;
  let next = 0;
  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    main = await world.tenant('main');
    editors = await world.group(main, 'Editors');
    reader = await world.role(main, 'Flow reader', ['FLOW:READ']);
    writer = await world.role(main, 'Flow writer', ['FLOW:UPDATE']);
    await world.bind(main, { group: editors }, writer, 'company');
  });
  afterEach(() => void vi.useRealTimers());
  afterAll(() => world.close());

  const address = () => `guest${next++}@people.example`;
  /** A person who may invite, with exactly these permissions. */
  async function inviter(permissions = given): Promise<{ user: User; client: Client }> {
    const user = await world.user(`inviter${next++}`, [main], { password });
    await world.grant(main, user, permissions);
    return { user, client: world.basic(user.username) };
  }
  const create = call('createInvitation', 'link invitation { id }');
  const offer = () => ({
    tenantKey: 'main',
    groups: [idOf('Group', editors)],
    bindings: [{ role: idOf('Role', reader), namespaceName: 'company.data' }],
  });
  async function invited(client: Client, email = address(), more: object = {}) {
    const { createInvitation: made } = await client.ok<any>(create, { i: { ...offer(), email, ...more } });
    return { email, url: made.link as string, token: made.link.split('token=')[1] as string, id: made.invitation.id };
  }
  const post = (body: object, headers: Record<string, string> = {}, gateway = 0) =>
    fetch(`${world.urls[gateway]}/auth/accept`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const accept = async (token: string, username = `guest${next++}`, gateway = 0) => {
    const response = await post({ token, username, password: secret }, {}, gateway);
    return { username, status: response.status, body: (await response.json()) as any, response };
  };
  const codeOf = ({ body }: { body: any }): string => body.errors?.[0]?.extensions.code;
  const heldBy = async (username: string) => {
    const user = await world.db.user.findFirstOrThrow({
      where: { username },
      include: { principal: { include: { accesses: true, bindings: { include: { role: true } } } } },
    });
    const members = await world.db.groupMember.findMany({ where: { principalId: user.id }, include: { group: true } });
    return {
      tenants: user.principal.accesses.map(({ tenantId }) => tenantId),
      groups: members.map(({ group, membership }) => `${group.name} ${membership}`),
      roles: user.principal.bindings.map(({ role, namespace }) => `${role.name} in ${namespace}`),
    };
  };
  const gifts = () => ({ tenants: [main.id], groups: ['Editors MEMBER'], roles: ['Flow reader in company.data'] });
  const events = (where: object) => world.db.auditEvent.findMany({ where, orderBy: { ordinal: 'asc' } });

  it('creates a user with access, groups and roles, and signs them in', async () => {
    const { user, client } = await inviter();
    const { email, url, token } = await invited(client);
    expect(url).toBe(`${world.urls[0]!.replace('127.0.0.1', 'localhost')}/auth/accept?token=${token}`);
    const { username, status, body, response } = await accept(token);
    expect([status, body]).toEqual([
      200,
      { user: { name: username }, tenant: { key: 'main', name: 'main' }, expiresAt: expect.any(String) },
    ]);
    const cookie = response.headers.get('set-cookie')!.split(';')[0]!;
    const own = world.anonymous().as({ cookie, origin: world.urls[0]! });
    expect(await own.ok('{ viewer { name credential user { email authMethods } tenants { nodes { key } } } }')).toEqual(
      {
        viewer: {
          name: username,
          credential: 'SESSION',
          user: { email, authMethods: ['PASSWORD', 'API_TOKEN'] },
          tenants: { nodes: [{ key: 'main' }] },
        },
      },
    );
    expect(await heldBy(username)).toEqual(gifts());
    await world.basic(username, secret).ok('{ viewer { name } }');

    // Each change has an event of its own, of the new user, which names the inviter.
    const reason = `invited by user:${user.username}`;
    const all = await events({ requestId: response.headers.get('x-request-id')! });
    expect(all.map(({ action, actorName, reason: said }) => [action, actorName, said])).toEqual([
      ['user.create', 'system', reason],
      ['tenant-access.create', username, reason],
      ['group.add-member', username, reason],
      ['binding.create', username, reason],
      ['invitation.accept', username, reason],
      ['session.login', username, null],
    ]);
    expect((await events({ action: 'invitation.create', actorId: user.id }))[0]!.patch).toEqual([
      {
        op: 'replace',
        path: '',
        value: {
          email,
          groups: ['Editors'],
          bindings: ['Flow reader in company.data'],
          withDefaultRole: true,
          expiresAt: expect.any(String),
        },
      },
    ]);
  });

  it('is accepted once, also by concurrent requests on two gateways', async () => {
    const { client } = await inviter();
    const { token } = await invited(client);
    const answers = await Promise.all([0, 1, 0, 1].map((gateway) => accept(token, undefined, gateway)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404]);
    expect(await world.db.user.count({ where: { username: { in: answers.map(({ username }) => username) } } })).toBe(1);
    expect(codeOf(await accept(token))).toBe('NOT_FOUND');
  });

  it('is stored without its token, and a forged one costs no query', async () => {
    const { client } = await inviter();
    const { token } = await invited(client);
    const all = await world.db.$queryRaw<{ row: string }[]>`SELECT t::text AS row FROM "Invitation" t
      UNION ALL SELECT t::text FROM "AuditEvent" t UNION ALL SELECT t::text FROM "Decision" t`;
    expect(all.filter(({ row }) => row.includes(token.slice(0, 40)))).toEqual([]);
    const looks = async (given: string) => {
      const sent = await statements(async () => expect(codeOf(await accept(given))).toBe('NOT_FOUND'));
      return sent.filter((text) => text.includes('"Invitation"')).length;
    };
    expect(await looks(newLinkToken(deriveKeys('another master key of 32 characters')))).toBe(0);
    expect(await looks('x'.repeat(60))).toBe(0);
    expect(await looks(newLinkToken(deriveKeys(masterKey)))).toBe(1);
    // A link survives a new master key.
    const renewed = deriveKeys('another master key of 32 characters', [masterKey]);
    expect(await import('../../src/auth/link-token.ts').then(({ linkHash }) => linkHash(renewed, token))).toBe(
      (await world.db.invitation.findFirstOrThrow({ orderBy: { createdAt: 'desc' } })).hash,
    );
  });

  it('expires after seven days, and is deleted with an event', async () => {
    const { client } = await inviter();
    const { email, token, id } = await invited(client);
    const row = await world.db.invitation.findFirstOrThrow({ where: { email } });
    expect(row.expiresAt.getTime() - row.createdAt.getTime()).toBe(7 * day);
    vi.useFakeTimers({ toFake: ['Date'], now: row.expiresAt });
    expect(codeOf(await accept(token))).toBe('NOT_FOUND');
    await expireInvitations(world.app.store);
    vi.useRealTimers();
    expect(await world.db.invitation.count({ where: { email } })).toBe(0);
    expect((await events({ action: 'invitation.expire', resourceKey: email }))[0]).toMatchObject({
      tenantKey: 'main',
      actorName: 'system',
      reason: 'the invitation expired',
    });
    expect(await client.run(call('deleteInvitation', 'deletedId'), { i: { id } })).toMatchObject({
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
  });

  it('is one for each address and tenant, is listed, and no longer works once it is deleted', async () => {
    const { client } = await inviter();
    const { email, token, id } = await invited(client);
    expect(await client.codes(create, { i: { ...offer(), email: email.toUpperCase() } })).toEqual(['CONFLICT']);
    const list = `{ tenant(key: "main") { invitations(first: 100) { nodes {
      email mail expiresAt withDefaultRole bindings { namespaceName } invitedBy { id } viewerPermissions } } } }`;
    const found = (await client.ok<any>(list)).tenant.invitations.nodes.find((one: any) => one.email === email);
    expect(found).toMatchObject({
      mail: null,
      withDefaultRole: true,
      bindings: [{ namespaceName: 'company.data' }],
      viewerPermissions: ['CREATE', 'READ', 'DELETE'],
    });
    await client.ok(call('deleteInvitation', 'deletedId'), { i: { id } });
    expect(codeOf(await accept(token))).toBe('NOT_FOUND');
    const [event] = await events({ action: 'invitation.create', resourceKey: email });
    const again = await invited(client, email);
    const undo = (one: object) =>
      client.codes(call('undoChange', 'eventIds'), { i: { event: idOf('AuditEvent', one as never) } });
    expect(await undo(event!)).not.toEqual([]);
    const [, newer] = await events({ action: 'invitation.create', resourceKey: email });
    await world.root().ok(call('undoChange', 'eventIds'), { i: { event: idOf('AuditEvent', newer!) } });
    expect(codeOf(await accept(again.token))).toBe('NOT_FOUND');
  });

  it('is accepted by an existing user who is signed in, for themselves, and adds only what they lack', async () => {
    const { client } = await inviter();
    const user = await world.user(`known${next++}`, [main], { password: secret });
    await world.member(main, editors, user, 'OWNER');
    const { token } = await invited(client);
    expect((await post({ token })).status).toBe(401);
    // A token of an API is no person, and a cookie counts for an allowed page only.
    expect((await post({ token }, { authorization: `Bearer ${await world.token(user)}` })).status).toBe(401);
    const { cookie } = await signedIn(world, user.username, secret);
    expect((await post({ token }, { cookie })).status).toBe(401);
    expect((await post({ token }, { cookie, origin: 'https://evil.example' })).status).toBe(403);
    const response = await post({ token }, { cookie, origin: world.urls[0]! });
    expect([response.status, await response.json()]).toEqual([
      200,
      { user: { name: user.username }, tenant: { key: 'main', name: 'main' } },
    ]);
    expect(await heldBy(user.username)).toEqual({ ...gifts(), groups: ['Editors OWNER'] });
  });

  it('with the address of an existing user creates no second one', async () => {
    const { client } = await inviter();
    const user = await world.user(`known${next++}`);
    const { token } = await invited(client, user.email);
    expect(await accept(token)).toMatchObject({
      status: 409,
      body: { errors: [{ message: expect.stringContaining('Sign in, and open the link again') }] },
    });
    const other = await invited(client);
    expect(await accept(other.token, user.username)).toMatchObject({ status: 409 });
    expect(await accept(other.token, 'two words')).toMatchObject({ status: 400 });
    expect((await post({ token: other.token, username: 'fine', password: 'short' })).status).toBe(400);
    expect((await accept(other.token)).status).toBe(200);
  });

  describe('offers what its inviter can give', () => {
    const lacks: [string, Permission, object][] = [
      ['the access', 'TENANT_ACCESS:CREATE', {}],
      ['a membership', 'GROUP:UPDATE', {}],
      ['a binding', 'BINDING:CREATE', {}],
      ['what the group holds', 'FLOW:UPDATE', {}],
      ['what the role holds', 'FLOW:READ', {}],
    ];
    it.each(lacks)('when it is created: not without %s', async (_what, permission) => {
      const { client } = await inviter(given.filter((one) => one !== permission));
      const code = permission === 'GROUP:UPDATE' ? ['FORBIDDEN', 'NOT_FOUND'] : ['FORBIDDEN'];
      expect(code).toContain((await client.codes(create, { i: { ...offer(), email: address() } }))[0]);
    });

    const accepted = process.env['SOAK'] === '1' ? lacks : lacks.filter((_, i) => i === 0 || i === 3);
    it.each(accepted)('and when it is accepted: not without %s', async (_what, permission) => {
      const { user, client } = await inviter();
      const { email, token } = await invited(client);
      const place = { where: { principalId: user.id } };
      const { roleId } = await world.db.binding.findFirstOrThrow(place);
      const rest = given.filter((one) => one !== permission);
      await world.write((tx) => tx.role.update({ where: { id: roleId }, data: { permissions: [...rest] } }));
      await world.write((tx) => tx.accessState.updateMany({ data: { revision: { increment: 1 } } }));
      const refused = await accept(token);
      expect([refused.status, refused.body.errors[0].message]).toEqual([
        409,
        expect.stringContaining('can no longer give what it offers'),
      ]);
      expect(await world.db.user.count({ where: { username: refused.username } })).toBe(0);
      const [event] = await events({ resource: 'INVITATION', resourceKey: email, outcome: { not: 'SUCCESS' } });
      expect(event).toMatchObject({ tenantKey: 'main', action: 'invitation.create', outcome: 'DENIED' });
      // The rights come back, and the link still works.
      await world.write((tx) => tx.role.update({ where: { id: roleId }, data: { permissions: [...given] } }));
      await world.write((tx) => tx.accessState.updateMany({ data: { revision: { increment: 1 } } }));
      expect((await accept(token)).status).toBe(200);
    });

    it('not after the inviter is disabled or deleted', async () => {
      const one = await inviter();
      const [first, second] = [await invited(one.client), await invited(one.client)];
      await world.write((tx) => setUserDisabled(tx, asSystem('USER:UPDATE', 'test'), one.user.id, true));
      expect((await accept(first.token)).status).toBe(409);
      await world.write((tx) => deleteUser(tx, asSystem('USER:DELETE', 'test'), one.user.id));
      expect((await accept(second.token)).status).toBe(404);
      expect((await events({ action: 'invitation.delete', resourceKey: second.email })).length).toBe(1);
    });

    it('within the ceiling of the token that created it, and not with a token that expires', async () => {
      const { client } = await inviter();
      const mint = call('createApiToken', 'fullToken');
      const parts = (permissions: object[]) => [{ tenantKey: 'main', permissions }];
      const tokenOf = async (i: object) =>
        world.bearer((await client.ok<any>(mint, { i: { name: `t${next++}`, ...i } })).createApiToken.fullToken);
      expect(await (await tokenOf({ maxAge: 'PT1H' })).codes(create, { i: { ...offer(), email: address() } })).toEqual([
        'FORBIDDEN',
      ]);
      const narrow = await tokenOf({
        ceiling: parts([
          { resource: 'INVITATION', actions: ['CREATE'] },
          { resource: 'TENANT_ACCESS', actions: ['CREATE'] },
          { resource: 'BINDING', actions: ['CREATE'] },
          { resource: 'FLOW', actions: ['READ'] },
        ]),
      });
      const made = await invited(narrow, address(), { groups: [] });
      const row = await world.db.invitation.findFirstOrThrow({ where: { email: made.email } });
      expect(row.ceiling).not.toBeNull();
      // As if the offer could be changed: the ceiling still holds.
      await world.db.invitation.update({ where: { id: row.id }, data: { groupIds: [editors.id] } });
      expect((await accept(made.token)).status).toBe(409);
    });

    it('within the rights of both accounts of an impersonation', async () => {
      const { user } = await inviter();
      const actor = await world.user(`actor${next++}`, [main]);
      const { roleId } = await world.grant(main, actor, ['IMPERSONATE:READ', ...given]);
      const acting = (await world.as(actor)).as({ 'x-gatehouse-impersonate': user.username });
      const { token } = await invited(acting);
      await world.write((tx) => tx.role.update({ where: { id: roleId }, data: { permissions: ['IMPERSONATE:READ'] } }));
      await world.write((tx) => tx.accessState.updateMany({ data: { revision: { increment: 1 } } }));
      expect((await accept(token)).status).toBe(409);
    });
  });

  it('in a dry run changes nothing and shows no link', async () => {
    const { client } = await inviter();
    const email = address();
    const run = call('createInvitation', 'link changes { action }');
    const { createInvitation: planned } = await client.ok<any>(run, { i: { ...offer(), email, dryRun: true } });
    expect(planned).toEqual({ link: null, changes: [{ action: 'invitation.create' }] });
    expect(await world.db.invitation.count({ where: { email } })).toBe(0);
  });

  it('has a page without scripts, for a new person and for a user who is signed in', async () => {
    const { client } = await inviter();
    const { email, url } = await invited(client);
    const browser = new Browser();
    const page = await browser.visit(url);
    expect([page.status, page.headers.get('content-security-policy')]).toEqual([
      200,
      expect.stringContaining("default-src 'none'"),
    ]);
    for (const text of [
      '<strong>main</strong>',
      email,
      'name="username"',
      'autocomplete="new-password"',
      'action="/auth/accept"',
    ])
      expect(page.text).toContain(text);
    expect(page.text).not.toContain('<script');
    const [, token = ''] = /name="token" value="([^"]+)"/.exec(page.text)!;
    const target = url.split('?')[0]!;
    // A fault keeps the form; nothing of it is interpreted.
    const username = `page${next++}`;
    const short = await browser.submit(target, { token, username: '"><b>', password: 'short' });
    expect([short.status, short.text.includes('&quot;&gt;&lt;b&gt;'), short.text.includes('role="alert"')]).toEqual([
      400,
      true,
      true,
    ]);
    const done = await browser.submit(target, { token, username, password: secret }, /\/$/);
    expect(done.url).toMatch(/\/$/);
    expect(await heldBy(username)).toEqual(gifts());
    expect((await browser.visit(url)).status).toBe(404);

    const second = await invited(client);
    const own = await browser.visit(second.url);
    expect(own.text).toContain(`<button>Accept as ${username}</button>`);
    const accepted = await browser.submit(target, { token: second.token }, /\/$/);
    expect(accepted.url).toMatch(/\/$/);
    expect(await world.db.invitation.count({ where: { email: second.email } })).toBe(0);
  });

  it('is deleted with its tenant', async () => {
    const gone = await world.tenant('gone');
    const { createInvitation: made } = await world
      .root()
      .ok<any>(create, { i: { tenantKey: 'gone', email: address(), withDefaultRole: false } });
    await world.root().ok(call('deleteTenant', 'key'), { i: { id: idOf('Tenant', gone) } });
    expect(codeOf(await accept(made.link.split('token=')[1]))).toBe('NOT_FOUND');
  });
});

describe('an invitation by mail', () => {
  let server: MailServer;
  let world: World;
  beforeAll(async () => {
    server = await MailServer.start();
    const mail = { url: server.url, from: 'Gatehouse <gate@company.example>' };
    const signIn = {
      publicUrl: 'http://gate.example',
      breakGlass: true,
      requireSecondFactor: false,
      providers: [],
      workloadIssuers: [],
      providerMs: 5_000,
    };
    world = await World.create({ gateways: 2, config: { mail, signIn } });
    await world.tenant('main');
  });
  afterAll(async () => {
    await world.close();
    await server.close();
  });
  const create = call('createInvitation', 'link invitation { mail }');
  const invite = (email: string, more: object = {}) =>
    world.root().ok<any>(create, { i: { tenantKey: 'main', email, withDefaultRole: false, ...more } });
  const mailOf = async (email: string) => {
    const { id } = await world.db.invitation.findFirstOrThrow({ where: { email } });
    return world.db.mail.findFirstOrThrow({ where: { id } });
  };

  it('is sent after the commit, once, and the link is shown to no one', async () => {
    const email = 'ann@people.example';
    const { createInvitation: made } = await invite(email);
    expect(made).toEqual({ link: null, invitation: { mail: 'QUEUED' } });
    await until('the mail arrives', () => server.linkTo(email) !== undefined, 3_000);
    expect(server.mails[0]).toMatchObject({
      from: 'gate@company.example',
      text: expect.stringContaining('Subject: Invitation to main'),
    });
    const link = server.linkTo(email)!;
    expect(link).toMatch(/^http:\/\/gate\.example\/auth\/accept\?token=/);
    await until('the state is written', async () => (await mailOf(email)).sentAt !== null);
    expect(await mailOf(email)).toMatchObject({ sealed: null, nextAt: null, attempts: 1, fault: null });
    const response = await fetch(`${world.urls[1]}/auth/accept`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: link.split('token=')[1], username: 'ann', password: secret }),
    });
    expect(response.status).toBe(200);
    expect(server.mails.length).toBe(1);
  });

  it('is not sent if the transaction is rolled back or is a dry run', async () => {
    const count = server.mails.length;
    await world
      .root()
      .codes(create, { i: { tenantKey: 'main', email: 'x@people.example', withDefaultRole: false, dryRun: true } });
    const many = { bindings: [{ role: idOf('Role', { id: 'missing' }) }] };
    expect(await world.root().codes(create, { i: { tenantKey: 'main', email: 'y@people.example', ...many } })).toEqual([
      'NOT_FOUND',
    ]);
    expect(await world.db.mail.count({ where: { sentAt: null } })).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.mails.length).toBe(count);
  });

  it('is sent again after a failure that may pass, and given up after one that does not', async () => {
    const [email, other] = ['busy@people.example', 'unknown@people.example'];
    server.refusals.push(451);
    await invite(email);
    await until('the first attempt fails', async () => (await mailOf(email)).fault !== null);
    const failed = await mailOf(email);
    expect(failed).toMatchObject({ attempts: 1, sentAt: null, fault: expect.stringContaining('451') });
    expect(failed.sealed).not.toContain('token');
    const { store, services } = world.app;
    const { createSend } = await import('../../src/resources/identity/mail/smtp.ts');
    const send = createSend({ url: server.url, from: 'gate@company.example' });
    const log = { error: () => undefined };
    await sendDue(store, services.keys, send, log, new Date(failed.nextAt!.getTime() - 1));
    expect(server.linkTo(email)).toBeUndefined();
    await Promise.all([1, 2].map(() => sendDue(store, services.keys, send, log, failed.nextAt!)));
    expect(server.mails.filter(({ to }) => to === email).length).toBe(1);

    server.refusals.push(550);
    await invite(other);
    await until('it is given up', async () => (await mailOf(other)).nextAt === null);
    expect(await mailOf(other)).toMatchObject({ attempts: 1, sealed: null, sentAt: null });
    const list = '{ tenant(key: "main") { invitations(first: 10) { nodes { email mail } } } }';
    expect((await world.root().ok<any>(list)).tenant.invitations.nodes).toEqual([
      { email, mail: 'SENT' },
      { email: other, mail: 'FAILED' },
    ]);
    expect(world.log.join('')).toContain('a mail could not be sent');
    world.log.length = 0;
  });

  it('is withdrawn with its invitation', async () => {
    const email = 'late@people.example';
    server.refusals.push(451);
    await invite(email);
    await until('the first attempt fails', async () => (await mailOf(email)).fault !== null);
    const { id } = await world.db.invitation.findFirstOrThrow({ where: { email } });
    await world.root().ok(call('deleteInvitation', 'deletedId'), { i: { id: idOf('Invitation', { id }) } });
    expect(await world.db.mail.count({ where: { id } })).toBe(0);
  });
});
