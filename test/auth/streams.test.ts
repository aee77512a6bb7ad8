import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raiseRevision } from '../../src/access/revision.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

const events = 'subscription { auditEvents(tenantKey: "main") { cursor } }';

/** The codes and the time of the stream's end. Pending while the stream is open. */
interface Followed {
  readonly ending: Promise<{ codes: (string | undefined)[]; at: number }>;
}

describe('an open stream', () => {
  let world: World;
  let main: Tenant;
  let count = 0;
  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    main = await world.tenant('main');
  });
  afterAll(() => world.close());

  const reader = async (): Promise<User> => {
    const user = await world.user(`reader${count++}`, [main], { password: 'a phrase of the reader' });
    await world.grant(main, user, ['AUDITLOG:READ']);
    return user;
  };

  async function follow(client: Client, over: 'SSE' | 'WebSocket', query = events): Promise<Followed> {
    const begun = Promise.withResolvers<void>();
    const ending = Promise.withResolvers<Awaited<Followed['ending']>>();
    const end = (codes: (string | undefined)[]) => ending.resolve({ codes, at: Date.now() });
    if (over === 'SSE') {
      void (async () => {
        const codes: (string | undefined)[] = [];
        for await (const { data, errors } of client.sse(query, {}, new AbortController().signal)) {
          if (data) begun.resolve();
          for (const { extensions } of errors ?? []) codes.push(extensions.code);
        }
        end(codes);
      })();
    } else {
      client.socket().subscribe(
        { query },
        {
          next: () => begun.resolve(),
          error: (errors) =>
            end((errors as { extensions: { code: string } }[]).map(({ extensions }) => extensions?.code)),
          complete: () => end([]),
        },
      );
    }
    await begun.promise;
    return { ending: ending.promise };
  }

  const root = () => world.root();
  const ways: [string, (user: User, token: string) => Promise<unknown>, string][] = [
    [
      'its token is revoked',
      async (user) => {
        const row = await world.db.apiToken.findFirstOrThrow({ where: { principalId: user.id } });
        return root().ok(`mutation { revokeApiToken(input: { id: "${idOf('ApiToken', row)}" }) { apiToken { id } } }`);
      },
      'UNAUTHENTICATED',
    ],
    [
      'its user is disabled',
      (user) =>
        root().ok(
          `mutation { setUserDisabled(input: { id: "${idOf('User', user)}", disabled: true }) { user { id } } }`,
        ),
      'UNAUTHENTICATED',
    ],
    [
      'its user is no longer allowed to use tokens',
      (user) =>
        root().ok(
          `mutation { setAuthMethods(input: { id: "${idOf('User', user)}", methods: [PASSWORD] }) { user { id } } }`,
        ),
      'UNAUTHENTICATED',
    ],
    [
      'its user is deleted',
      (user) => root().ok(`mutation { deleteUser(input: { id: "${idOf('User', user)}" }) { deletedId } }`),
      'UNAUTHENTICATED',
    ],
  ];

  for (const over of ['SSE', 'WebSocket'] as const) {
    it.each(ways)(`over ${over} ends within two seconds on every gateway when %s`, async (_way, end, code) => {
      const user = await reader();
      const token = await world.token(user);
      // The change is made on the first gateway, and one stream is connected to the second.
      const endings = [await follow(world.bearer(token, 0), over), await follow(world.bearer(token, 1), over)];
      await end(user, token);
      const changed = Date.now();
      for (const { ending } of endings) {
        const { codes, at } = await ending;
        expect(codes).toEqual([code]);
        expect(at - changed).toBeLessThan(2_000);
      }
    });

    it(`over ${over} ends when its token expires`, async () => {
      const user = await reader();
      const { createApiToken } = await world
        .basic(user.username, 'a phrase of the reader')
        .ok(
          'mutation { createApiToken(input: { name: "short", maxAge: "PT2S" }) { fullToken apiToken { expiresAt } } }',
        );
      const { ending } = await follow(world.bearer(createApiToken.fullToken), over);
      const { codes, at } = await ending;
      expect(codes).toEqual(['UNAUTHENTICATED']);
      const late = at - new Date(createApiToken.apiToken.expiresAt).getTime();
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThan(2_000);
    });

    it(`over ${over} ends when its password changes`, async () => {
      const user = await reader();
      const { ending } = await follow(world.basic(user.username, 'a phrase of the reader'), over);
      await root().ok(
        `mutation { setUserPassword(input: { id: "${idOf('User', user)}", password: "a new phrase of theirs" }) { user { id } } }`,
      );
      const changed = Date.now();
      const { codes, at } = await ending;
      expect(codes).toEqual(['UNAUTHENTICATED']);
      expect(at - changed).toBeLessThan(2_000);
    });
  }

  it.each(['SSE', 'WebSocket'] as const)(
    'of all tenants over %s ends within two seconds when its user is no longer a super admin, without an event',
    async (over) => {
      const user = await world.user(`admin${count++}`, [], { superAdmin: true });
      const { ending } = await follow(await world.as(user, 1), over, 'subscription { auditEvents { cursor } }');
      await world.write(async (tx) => {
        await tx.user.update({ where: { id: user.id }, data: { superAdmin: false } });
        raiseRevision(tx);
      });
      const changed = Date.now();
      const { codes, at } = await ending;
      expect(codes).toEqual(['FORBIDDEN']);
      expect(at - changed).toBeLessThan(2_000);
    },
  );

  it('stays open otherwise', async () => {
    const user = await reader();
    const bystander = await follow(await world.as(await reader()), 'SSE');
    await root().ok(
      `mutation { setUserDisabled(input: { id: "${idOf('User', user)}", disabled: true }) { user { id } } }`,
    );
    const over = await Promise.race([
      bystander.ending,
      new Promise((resolve) => setTimeout(() => resolve('goes on'), 2_500)),
    ]);
    expect(over).toBe('goes on');
  });
});
