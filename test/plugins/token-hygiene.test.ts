import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import plugin from '../../plugins/token-hygiene.ts';
import type { Credential } from '../../src/access/actor.ts';
import { catalog } from '../../src/access/catalog.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { accepts, now, prepared } from '../../src/policy/testing.ts';
import { World } from '../support/world.ts';

const day = 86_400_000;
const ago = (days: number) => new Date(now.getTime() - days * day);
const inDays = (days: number) => ago(-days);
const token = (age: number, more: Partial<Credential> = {}): Credential => ({
  kind: 'api-token',
  createdAt: ago(age),
  expiresAt: null,
  lastUsedAt: null,
  ...more,
});

describe('token-hygiene', () => {
  it('covers every resource', () => {
    expect([...plugin.resources].sort()).toEqual(Object.keys(catalog).sort());
  });

  it('refuses from the exact instant, and states until when a token is valid', async () => {
    const { verdict } = await prepared(plugin, { users: { maxAgeDays: 30, unusedDays: 10 } });
    const asked = (credential: Credential) => verdict({ credential });
    expect(asked(token(30, { lastUsedAt: ago(1) }))).toMatchObject({
      effect: 'deny',
      reason: 'the API token is older than 30 days; create a new one',
    });
    expect(asked(token(29, { lastUsedAt: ago(1) }))).toEqual({ effect: 'abstain', until: inDays(1) });
    expect(asked(token(15, { lastUsedAt: ago(2) }))).toEqual({ effect: 'abstain', until: inDays(8) });
    expect(asked(token(15, { lastUsedAt: ago(10) }))).toMatchObject({
      effect: 'deny',
      reason: 'the API token was not used for 10 days; create a new one',
    });
    // Never used, so the time counts from its creation.
    expect(asked(token(10))).toMatchObject({ effect: 'deny' });
    expect(asked(token(9))).toEqual({ effect: 'abstain', until: inDays(1) });
  });

  it('has rules for each kind of owner; while impersonating, the owner of the token counts', async () => {
    const { verdict } = await prepared(plugin, { serviceAccounts: { mustExpire: true } });
    const refused = { effect: 'deny', reason: 'the API token never expires; create one with a maxAge' };
    expect(verdict({ kind: 'SERVICE_ACCOUNT', credential: token(1) })).toMatchObject(refused);
    expect(verdict({ kind: 'SERVICE_ACCOUNT', credential: token(1, { expiresAt: inDays(1) }) })).toEqual({
      effect: 'abstain',
    });
    expect(verdict({ kind: 'USER', credential: token(1) })).toEqual({ effect: 'abstain' });
    expect(verdict({ kind: 'USER', credential: token(1, { ownerKind: 'SERVICE_ACCOUNT' }) })).toMatchObject(refused);
  });

  it('refuses the creation of such a token', async () => {
    const { review } = await prepared(plugin, {
      users: { mustExpire: true, maxAgeDays: 30 },
      serviceAccounts: { maxAgeDays: 10 },
    });
    const made = (ownerKind: string, expiresAt: Date | null, maxExpiresAt: Date | null = null) =>
      review({ resource: 'API_TOKEN', action: 'CREATE' }, null, {
        ownerKind,
        createdAt: now,
        expiresAt,
        maxExpiresAt,
      });
    expect(await made('USER', null)).toBe('an API token must expire; set maxAge');
    expect(await made('USER', inDays(30))).toBe('abstain');
    expect(await made('USER', inDays(31))).toContain('can live at most 30 days');
    expect(await made('USER', inDays(1), inDays(365))).toContain('can live at most 30 days');
    expect(await made('SERVICE_ACCOUNT', null)).toBe('abstain');
    expect(await made('SERVICE_ACCOUNT', inDays(11))).toContain('can live at most 10 days');
    // Existing tokens can still be revoked, and other resources have no age.
    expect(await review({ resource: 'API_TOKEN', action: 'DELETE' }, { ownerKind: 'USER' }, null)).toBe('abstain');
    expect(await review({ resource: 'GROUP', action: 'CREATE' }, null, { id: 'g' })).toBe('abstain');
  });

  it('does not affect passwords, or anything without a setting', async () => {
    const strict = await prepared(plugin, { users: { maxAgeDays: 1, mustExpire: true, unusedDays: 1 } });
    expect(strict.verdict({ credential: { kind: 'basic', createdAt: ago(99) } })).toEqual({ effect: 'abstain' });
    const { verdict } = await prepared(plugin, {});
    expect(verdict({ credential: token(9_999) })).toEqual({ effect: 'abstain' });
  });

  it('rejects invalid settings', () => {
    for (const bad of [
      { users: { maxAgeDays: 0 } },
      { users: { maxAgeDays: -1 } },
      { users: { maxAgeDays: '30' } },
      { serviceAccounts: { unusedDays: 0 } },
      { maxAgeDays: 30 },
      { users: { maxAge: 30 } },
    ])
      expect(accepts(plugin, bad)).toBe(false);
  });

  describe('on two gateways', () => {
    let world: World;
    let tenant: Tenant;
    let user: User;
    beforeAll(async () => {
      world = await World.create({
        gateways: 2,
        config: {
          policies: { 'token-hygiene': { enabled: true, shadow: false, users: { unusedDays: 30, mustExpire: false } } },
        },
      });
      tenant = await world.tenant('main');
    });
    afterEach(() => void vi.useRealTimers());
    afterAll(() => world.close());

    const at = (time: number | Date) => vi.useFakeTimers({ toFake: ['Date'], now: time });
    const groups = '{ tenant(key: "main") { groups { totalCount } } }';
    const who = '{ viewer { name } }';
    const usedAt = async () =>
      (await world.db.apiToken.findFirstOrThrow({ where: { principalId: user.id } })).lastUsedAt?.getTime();
    let count = 0;
    const newUser = async () => {
      user = await world.user(`user${count++}`, [tenant]);
      await world.grant(tenant, user, ['GROUP:READ', 'AUDITLOG:READ']);
      await world.grant(null, user, ['USER:READ']);
      const text = await world.token(user);
      return [world.bearer(text, 0), world.bearer(text, 1)] as const;
    };

    it('keeps refusing a stale token on every gateway, however often and for whatever it is used', async () => {
      const clients = await newUser();
      const start = Date.now();
      await clients[0].ok(groups);
      const used = await usedAt();
      expect(used).toBeGreaterThanOrEqual(start);
      for (const days of [30, 30.001, 31, 45, 90]) {
        at(used! + days * day);
        for (const client of [...clients, ...clients]) {
          expect((await client.run<any>(groups)).data).toEqual({ tenant: null });
          const { errors } = await client.run('{ users { totalCount } }');
          expect(errors[0]).toMatchObject({
            message: 'USER:READ is refused: the API token was not used for 30 days; create a new one.',
            extensions: { code: 'FORBIDDEN', policy: 'token-hygiene' },
          });
          // Asking for one's own identity requires no permission and does not count as use.
          expect(await client.codes(who)).toEqual([]);
        }
        expect(await usedAt()).toBe(used);
      }
    });

    it('keeps a token fresh on one gateway if it is used on the other', async () => {
      const clients = await newUser();
      for (const client of clients) await client.ok(groups);
      let used = (await usedAt())!;
      for (let round = 0; round < 4; round += 1) {
        at(used + 29 * day);
        await clients[0].ok(groups);
        used = (await usedAt())!;
      }
      // The other gateway last saw it 116 days ago.
      await clients[1].ok(groups);
      at(used + 29 * day);
      await clients[1].ok(who);
      expect(await usedAt()).toBe(used + 29 * day);
    });

    it('control: without the policy, the same use refreshes it', async () => {
      const free = await World.create();
      try {
        user = await free.user('free', [await free.tenant('main')]);
        const client = await free.as(user);
        await client.ok(who);
        const last = async () =>
          (await free.db.apiToken.findFirstOrThrow({ where: { principalId: user.id } })).lastUsedAt!.getTime();
        const used = await last();
        at(used + 90 * day);
        await client.ok(who);
        expect(await last()).toBe(used + 90 * day);
      } finally {
        await free.close();
      }
    });

    it('counts an active stream as use, and ends one that was idle for too long', async () => {
      const [, client] = await newUser();
      const end = new AbortController();
      const items: any[] = [];
      const following = (async () => {
        for await (const item of client.sse(
          'subscription { auditEvents(tenantKey: "main") { cursor } }',
          {},
          end.signal,
        ))
          items.push(item);
      })();
      await vi.waitFor(() => expect(items.length).toBeGreaterThan(0), 5_000);
      const start = Date.now();
      for (const days of [20, 40]) {
        const before = items.length;
        at(start + days * day);
        await world.group(tenant, `after ${days}`);
        await vi.waitFor(() => expect(items.length).toBeGreaterThan(before), 5_000);
      }
      expect(await usedAt()).toBeGreaterThanOrEqual(start + 40 * day);
      at(start + 71 * day);
      await world.group(tenant, 'too late');
      await Promise.race([following, new Promise((done) => setTimeout(done, 5_000))]);
      end.abort();
      expect(items.at(-1).errors[0].extensions).toMatchObject({ code: 'FORBIDDEN', policy: 'token-hygiene' });
    });
  });

  describe('the creation of tokens', () => {
    let world: World;
    beforeAll(async () => {
      world = await World.create({
        config: { policies: { 'token-hygiene': { enabled: true, shadow: false, users: { mustExpire: true } } } },
      });
    });
    afterAll(() => world.close());

    it('is refused without an expiry, also for a replacement', async () => {
      const create = (more: object) =>
        world.root().run<any>('mutation($i: CreateApiTokenInput!) { createApiToken(input: $i) { apiToken { id } } }', {
          i: { name: 'ci', ...more },
        });
      expect((await create({})).errors[0]).toMatchObject({
        message: 'API_TOKEN:CREATE is refused: an API token must expire; set maxAge.',
        extensions: { code: 'FORBIDDEN', policy: 'token-hygiene' },
      });
      const { data } = await create({ maxAge: 'P30D' });
      const rotate = (id: string) =>
        world.root().codes('mutation($id: ID!) { rotateApiToken(input: { id: $id }) { fullToken } }', { id });
      expect(await rotate(data.createApiToken.apiToken.id)).toEqual([]);
      const root = await world.db.user.findFirstOrThrow();
      await world.token(root);
      const old = await world.db.apiToken.findFirstOrThrow({ where: { expiresAt: null } });
      expect(await rotate(Buffer.from(`ApiToken:${old.id}`).toString('base64'))).toEqual(['FORBIDDEN']);
      expect(await world.db.apiToken.count({ where: { expiresAt: null } })).toBe(1);
    });
  });
});
