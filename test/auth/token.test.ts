import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { isToken, newToken, tokenPattern } from '../../src/auth/token.ts';
import type { User } from '../../src/db/generated/client.ts';
import { idOf, World } from '../support/world.ts';
import { everything, statements, who } from './tools.ts';

const refused = ['UNAUTHENTICATED'];
const create =
  'mutation($i: CreateApiTokenInput!) { createApiToken(input: $i) { fullToken apiToken { id prefix expiresAt } } }';

describe('API tokens', () => {
  let world: World;
  let count = 0;
  beforeAll(async () => {
    world = await World.create();
  });
  afterEach(() => void vi.useRealTimers());
  afterAll(() => world.close());

  const person = (): Promise<User> => world.user(`person${count++}`, [], { password: 'a phrase of this person' });
  /** Fakes only the clock of dates: timers and the database run on real time. */
  const at = (time: number | Date) => vi.useFakeTimers({ toFake: ['Date'], now: time });
  const rowOf = (user: User) => world.db.apiToken.findFirstOrThrow({ where: { principalId: user.id } });
  const mint = async (user: User, input: object) => {
    const { createApiToken } = await world
      .basic(user.username, 'a phrase of this person')
      .ok(create, { i: { name: 'ci', ...input } });
    return { token: createApiToken.fullToken as string, client: world.bearer(createApiToken.fullToken) };
  };

  it('have 178 random bits and a checksum', () => {
    const tokens = Array.from({ length: 2_000 }, newToken);
    expect(new Set(tokens).size).toBe(2_000);
    for (const token of tokens) {
      expect(token).toMatch(/^gth_[0-9A-Za-z]{36}$/);
      expect(isToken(token)).toBe(true);
      expect(tokenPattern.exec(`Authorization: Bearer ${token}, more`)?.[0]).toBe(token);
    }
  });

  it("are limited in number for an account's own ones, not for those that others create for it", async () => {
    const user = await person();
    await mint(user, {});
    const { id } = await rowOf(user);
    const of = { principalId: user.id, name: 'other', prefix: 'gth_', createdAt: new Date() };
    const rows = Array.from({ length: 99 }, (_, i) => ({ ...of, id: `${user.id}${i}`, hash: `${user.id}${i}` }));
    await world.db.apiToken.createMany({ data: rows });
    const client = world.basic(user.username, 'a phrase of this person');
    const { errors } = await client.run(create, { i: { name: 'one more' } });
    expect(errors.map(({ extensions, message }) => [extensions.code, message])).toEqual([
      ['LIMIT_EXCEEDED', 'You have 100 valid tokens, which is the limit. Revoke tokens that you do not use.'],
    ]);
    await world.root().ok(create, { i: { name: 'by an administrator', owner: idOf('User', user) } });
    await world.db.apiToken.updateMany({
      where: { id: { in: [id, rows[0]!.id, rows[1]!.id] } },
      data: { expiresAt: new Date(0) },
    });
    await client.ok(create, { i: { name: 'one more' } });
  });

  it('are rejected without a look-up if mistyped', async () => {
    const user = await person();
    const token = await world.token(user);
    const typos = [
      token.slice(0, -1) + (token.endsWith('a') ? 'b' : 'a'),
      token.slice(0, 8) + token[9] + token[8] + token.slice(10),
      token.toLowerCase(),
      `${token}x`,
      token.slice(0, -1),
      token.replace('gth_', 'ghp_'),
      '',
    ].filter((typo) => typo !== token && !isToken(typo));
    expect(typos.length).toBeGreaterThan(5);
    const looks = (texts: string[]) =>
      texts.filter((text) => !/AccessState|AuditHead|pg_notify/.test(text) || /ApiToken/.test(text));
    for (const typo of typos)
      expect(looks(await statements(async () => expect(await world.bearer(typo).codes(who)).toEqual(refused)))).toEqual(
        [],
      );
    // The control: a well-formed token is looked up.
    expect(looks(await statements(() => world.bearer(newToken()).codes(who)))).toEqual([
      expect.stringContaining('"ApiToken"'),
    ]);
    expect((await world.bearer(token).ok(who)).viewer.name).toBe(user.username);
  });

  it('expire at the instant of their expiry', async () => {
    const user = await person();
    const { client } = await mint(user, { maxAge: 'PT1H' });
    const { expiresAt } = await rowOf(user);
    const end = expiresAt!.getTime();
    at(end - 1);
    await client.ok(who);
    at(end);
    expect(await client.codes(who)).toEqual(refused);
    at(end + 1);
    expect(await client.codes(who)).toEqual(refused);
  });

  it('never expire without an age', async () => {
    const { client } = await mint(await person(), {});
    at(Date.now() + 50 * 365 * 86_400_000);
    await client.ok(who);
  });

  it('end when they are revoked, and when their owner is disabled, deleted or not allowed to use them', async () => {
    const root = world.root();
    const ways: Record<string, (user: User) => Promise<unknown>> = {
      revoked: async (user) =>
        root.ok(
          `mutation { revokeApiToken(input: { id: "${idOf('ApiToken', await rowOf(user))}" }) { apiToken { id } } }`,
        ),
      disabled: (user) =>
        root.ok(`mutation { setUserDisabled(input: { id: "${idOf('User', user)}", disabled: true }) { user { id } } }`),
      methods: (user) =>
        root.ok(
          `mutation { setAuthMethods(input: { id: "${idOf('User', user)}", methods: [PASSWORD] }) { user { id } } }`,
        ),
      deleted: (user) => root.ok(`mutation { deleteUser(input: { id: "${idOf('User', user)}" }) { deletedId } }`),
    };
    for (const [way, end] of Object.entries(ways)) {
      const user = await person();
      const { client } = await mint(user, {});
      await client.ok(who);
      await end(user);
      expect([way, await client.codes(who)]).toEqual([way, refused]);
    }
  });

  it('are revoked immediately, also if the clock of the revoking gateway is ahead', async () => {
    const user = await person();
    const { client } = await mint(user, {});
    await world.db.apiToken.updateMany({
      where: { principalId: user.id },
      data: { revokedAt: new Date(Date.now() + 60_000) },
    });
    expect(await client.codes(who)).toEqual(refused);
  });

  it('are extended by every use if their life is short, and refused if no use could extend them', async () => {
    const user = await person();
    const client = world.basic(user.username, 'a phrase of this person');
    const equal = { name: 'e', maxAge: 'PT1H', extended: true, maxLifetime: 'PT1H' };
    const { errors } = await client.run(create, { i: equal });
    expect(errors.map(({ extensions, message }) => [extensions.code, message])).toEqual([
      ['BAD_INPUT', 'maxLifetime must exceed maxAge.'],
    ]);
    // Its life is two years, without a maxLifetime.
    const long = await mint(await person(), { maxAge: 'P730D', extended: true });
    expect(long.token).toBeTruthy();
    const { client: short } = await mint(user, { maxAge: 'PT30S', extended: true });
    const start = Date.now();
    for (const seconds of [20, 40, 60, 80]) {
      at(start + seconds * 1_000);
      expect(await short.codes(who)).toEqual([]);
      await vi.waitFor(async () => {
        const { expiresAt } = await rowOf(user);
        expect(expiresAt!.getTime() - start).toBeGreaterThanOrEqual((seconds + 30) * 1_000 - 1);
      });
    }
  });

  it('are extended by use: never past maxExpiresAt, never backwards, and never after their expiry', async () => {
    const user = await person();
    const { client } = await mint(user, { maxAge: 'PT1H', extended: true, maxLifetime: 'PT2H' });
    const created = (await rowOf(user)).createdAt.getTime();
    const minutes = (count: number) => created + count * 60_000;
    const expiry = async () => ((await rowOf(user)).expiresAt!.getTime() - created) / 60_000;
    const use = async (minute: number) => {
      at(minutes(minute));
      await client.ok(who);
    };
    expect(await expiry()).toBe(60);
    await use(30);
    expect(await expiry()).toBe(90);
    await use(80);
    expect(await expiry()).toBe(120);
    await use(110);
    expect(await expiry()).toBe(120);
    at(minutes(120));
    expect(await client.codes(who)).toEqual(refused);
    // The clock goes back, as on another gateway: an expired token stays expired.
    expect(await expiry()).toBe(120);
    at(minutes(119));
    await client.ok(who);
    expect(await expiry()).toBe(120);

    const other = await person();
    const short = await mint(other, { maxAge: 'PT1H', extended: true });
    const end = (await rowOf(other)).expiresAt!.getTime();
    at(end);
    expect(await short.client.codes(who)).toEqual(refused);
    expect((await rowOf(other)).expiresAt!.getTime()).toBe(end);
    // A use does not shorten an expiry that an administrator set further ahead.
    const third = await person();
    vi.useRealTimers();
    const far = await mint(third, { maxAge: 'PT1H', extended: true });
    const set = new Date(Date.now() + 10 * 3_600_000);
    await world.db.apiToken.updateMany({ where: { principalId: third.id }, data: { expiresAt: set } });
    await far.client.ok(who);
    expect((await rowOf(third)).expiresAt!.getTime()).toBe(set.getTime());
  });

  it('record their last use once a minute, also for concurrent uses', async () => {
    const user = await person();
    const { client } = await mint(user, {});
    await world.db.$executeRaw`CREATE SEQUENCE writes`;
    await world.db.$executeRaw`CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM nextval('writes'); RETURN NULL; END $$`;
    await world.db.$executeRaw`CREATE TRIGGER count_write AFTER UPDATE ON "ApiToken"
      FOR EACH ROW EXECUTE FUNCTION count_write()`;
    const written = async () =>
      Number((await world.db.$queryRaw<{ n: bigint }[]>`SELECT nextval('writes') AS n`)[0]!.n);
    const writes = async (work: () => Promise<unknown>) => {
      const before = await written();
      const updates = (await statements(work)).filter((text) => /UPDATE "ApiToken"/.test(text));
      return { written: (await written()) - before - 1, tried: updates.length > 0 };
    };
    const minted = Date.now();
    at(minted + 1_000);
    const many = () => Promise.all(Array.from({ length: 30 }, () => client.ok(who)));
    expect(await writes(many)).toEqual({ written: 1, tried: true });
    const { lastUsedAt } = await rowOf(user);
    at(minted + 60_000);
    expect(await writes(many)).toEqual({ written: 0, tried: false });
    at(lastUsedAt!.getTime() + 60_000);
    expect(await writes(many)).toEqual({ written: 1, tried: true });
    expect((await rowOf(user)).lastUsedAt?.getTime()).toBe(lastUsedAt!.getTime() + 60_000);
  });

  it('and passwords are in no table, event, error or log line', async () => {
    const spying = await World.create();
    try {
      const canary = 'the canary that must never sing';
      const user = await spying.user('canary', [], { password: canary });
      const basic = spying.basic('canary', canary);
      const { createApiToken } = await basic.ok(create, { i: { name: 'ci', reason: 'canary run' } });
      const token = createApiToken.fullToken as string;
      expect(isToken(token)).toBe(true);
      expect(token.startsWith(createApiToken.apiToken.prefix)).toBe(true);
      const client = spying.bearer(token);
      await client.ok(who);
      const next = `${canary}, nor this one`;
      const change =
        'mutation($c: String!, $n: String!) { changeMyPassword(input: { currentPassword: $c, newPassword: $n }) { user { username } } }';
      await basic.ok(change, { c: canary, n: next });
      const { rotateApiToken } = await client.ok(
        `mutation { rotateApiToken(input: { id: "${createApiToken.apiToken.id}" }) { fullToken } }`,
      );
      await spying
        .root()
        .ok(
          'mutation($p: String!) { createUser(input: { username: "c2", email: "c2@x.example", password: $p }) { user { id } } }',
          { p: next },
        );

      const answers: string[] = [];
      const ask = async (from: typeof client, query: string, variables: object) =>
        answers.push(JSON.stringify((await from.run(query, variables as never)).errors));
      await ask(basic, who, {});
      await ask(client, '{ viewr }', {});
      await ask(spying.basic('canary', next), change, { c: canary, n: 'short' });
      await ask(
        spying.root(),
        'mutation($p: String!) { createUser(input: { username: "c2", email: "c2@x.example", password: $p }) { user { id } } }',
        { p: next },
      );
      await spying
        .root()
        .ok(`mutation { revokeApiToken(input: { id: "${createApiToken.apiToken.id}" }) { apiToken { id } } }`);
      await ask(client, who, {});
      const stored = await everything(spying);
      // Errors in the middle of the sign-in, where the secrets are in memory.
      await spying.db.$executeRaw`ALTER TABLE "ApiToken" RENAME TO "Gone"`;
      await spying.db.$executeRaw`ALTER TABLE "SignInFailure" RENAME TO "Lost"`;
      await ask(spying.bearer(rotateApiToken.fullToken), who, {});
      await ask(spying.basic('canary', `${next}!`), who, {});
      expect(answers.filter((text) => text.includes('INTERNAL'))).toHaveLength(2);
      expect(spying.log).toHaveLength(2);

      const secrets = [canary, next, token, rotateApiToken.fullToken, token.slice(12)];
      const places = { stored, answers: answers.join('\n'), log: spying.log.join('\n') };
      for (const [place, text] of Object.entries(places))
        for (const secret of secrets) {
          expect([place, text.includes(secret)]).toEqual([place, false]);
          expect([place, text.includes(Buffer.from(`canary:${secret}`).toString('base64'))]).toEqual([place, false]);
        }
      // The control: the dump covers everything, the hash included.
      const { passwordHash } = await spying.db.user.findUniqueOrThrow({ where: { id: user.id } });
      expect(stored).toContain(passwordHash);
      expect(stored).toContain('canary run');
    } finally {
      await spying.close();
    }
  });

  it('show what they were used for, to their owner and to those who may read the audit log of all', async () => {
    const main = await world.tenant('used');
    const [owner, other] = [await person(), await person()];
    await world.access(main, owner);
    await world.grant(main, owner, ['GROUP:CREATE', 'GROUP:READ']);
    const { client } = await mint(owner, {});
    const group = (name: string) =>
      client.run('mutation($i: CreateGroupInput!) { createGroup(input: $i) { group { id } } }', {
        i: { tenantKey: 'used', name },
      });
    await group('One');
    await group('Two');
    await client.run('{ tenant(key: "used") { roles { nodes { id } } } }');
    const uses =
      'query($id: ID!) { node(id: $id) { ... on ApiToken { recentUses(days: 7) { resource action count } } } }';
    const id = { id: idOf('ApiToken', await rowOf(owner)) };
    const own = await world.basic(owner.username, 'a phrase of this person').ok<any>(uses, id);
    expect(own.node.recentUses).toEqual([
      { resource: 'ROLE', action: 'READ', count: 1 },
      { resource: 'GROUP', action: 'CREATE', count: 2 },
    ]);
    expect((await world.root().ok<any>(uses, id)).node.recentUses).toEqual(own.node.recentUses);
    // Permission to read tokens does not show what they do.
    const account = await world.account(main, 'ci');
    const token = await world.token({ id: account.id, tenantId: main.id });
    await world.bearer(token).ok('{ viewer { name } }');
    const row = await world.db.apiToken.findFirstOrThrow({ where: { principalId: account.id } });
    await world.access(main, other);
    await world.grant(main, other, ['API_TOKEN:READ', 'SERVICE_ACCOUNT:READ']);
    const reader = world.basic(other.username, 'a phrase of this person');
    const of = { id: idOf('ApiToken', row) };
    expect(await reader.codes(uses, of)).toEqual(['FORBIDDEN']);
    expect(await world.root().codes(uses.replace('7', '0'), of)).toEqual(['BAD_INPUT']);
  });
});
