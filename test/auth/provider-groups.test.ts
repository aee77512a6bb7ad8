import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group, Tenant } from '../../src/db/generated/client.ts';
import { removeAbsentProviders } from '../../src/resources/identity/single-sign-on/absent.ts';
import { refreshGroups } from '../../src/resources/identity/single-sign-on/refresh.ts';
import { Browser } from '../support/browser.ts';
import { OddProviders } from '../support/odd-provider.ts';
import { provider, signInWith } from '../support/providers.ts';
import { World } from '../support/world.ts';
import { everything, who } from './tools.ts';

const minute = 60_000;

describe('groups of a provider, after the sign-in', () => {
  let world: World;
  let providers: OddProviders;
  let main: Tenant;
  let data: Group;
  let logged: string[];
  const names = ['live', 'strict', 'rare'];
  beforeAll(async () => {
    providers = await OddProviders.start();
    const groups = [{ claim: ['groups'], value: 'data', tenant: 'main', group: 'Data' }];
    const settings = names.map((name) =>
      provider(name, providers.issuer(name), {
        createUsers: true,
        groups,
        strict: name === 'strict',
        ...(name !== 'rare' && { refreshMinutes: 10 }),
      }),
    );
    world = await World.create({ config: { signIn: signInWith(settings) } });
    main = await world.tenant('main');
    data = await world.group(main, 'Data');
    await world.group(main, 'Own');
    logged = [];
  });
  afterAll(async () => {
    await world.close();
    await providers.close();
  });

  const gate = () => world.urls[0]!;
  let next = 0;
  async function signIn(name: string, more: object = {}) {
    const odd = providers.of(name);
    odd.refresh ??= new Map();
    const browser = new Browser();
    const username = `person${next++}`;
    const { headers } = await browser.request(`${gate()}/auth/oidc/${name}?next=/auth/providers`);
    const asked = new URL(headers.get('location')!).searchParams;
    const now = Math.floor(Date.now() / 1_000);
    const own = { iss: providers.issuer(name), sub: username, aud: 'gatehouse', nonce: asked.get('nonce')!, iat: now };
    odd.codes.set(username, { ...own, exp: now + 60, preferred_username: username, groups: ['data'], ...more });
    const query = new URLSearchParams({ code: username, state: asked.get('state')!, iss: providers.issuer(name) });
    const { status } = await browser.request(`${gate()}/auth/oidc/${name}/callback?${query}`);
    expect(status).toBe(303);
    const user = await world.db.user.findFirstOrThrow({ where: { username } });
    const session = await world.db.session.findFirstOrThrow({ where: { principalId: user.id } });
    const client = world.anonymous().as({ cookie: `gatehouse=${browser.cookie('gatehouse')}`, origin: gate() });
    /** Changes what the provider says from now on. */
    const says = (claims: object) => {
      for (const [token, known] of odd.refresh!)
        if (known.sub === username) odd.refresh!.set(token, { ...known, ...claims });
    };
    return { user, username, session, client, says };
  }
  const groupsOf = async ({ id }: { id: string }) =>
    (await world.db.groupMember.findMany({ where: { principalId: id }, include: { group: true } }))
      .map(({ group }) => group.name)
      .sort();
  const round = async (minutes: number) => {
    const { services } = world.app;
    const log = { error: (_message: string, more?: object) => void logged.push(JSON.stringify(more)) };
    await refreshGroups({ ...services, freshness: world.app.freshness, log }, new Date(Date.now() + minutes * minute));
  };
  const causesOf = async (username: string) =>
    (await world.db.auditEvent.findMany({ where: { action: 'session.logout', resourceKey: `user:${username}` } })).map(
      ({ details }) => (details as any).cause,
    );

  it('are compared while the session lasts, by refresh tokens, which are stored encrypted', async () => {
    const { user, says, client, session } = await signIn('live');
    expect(await groupsOf(user)).toEqual(['Data']);
    says({ groups: [] });
    await round(9);
    expect(await groupsOf(user)).toEqual(['Data']);
    await round(11);
    expect(await groupsOf(user)).toEqual([]);
    await client.ok(who);
    const removed = await world.db.auditEvent.findFirstOrThrow({
      where: { action: 'group.remove-member', resourceId: data.id },
    });
    expect(removed).toMatchObject({
      actorName: 'system',
      reason: 'groups of the provider live',
      details: { provider: 'live' },
    });
    // Each token works once: the next one was kept.
    says({ groups: ['data'] });
    await round(22);
    expect(await groupsOf(user)).toEqual(['Data']);
    expect(
      (await world.db.session.findUniqueOrThrow({ where: { id: session.id } })).groupsAt!.getTime(),
    ).toBeGreaterThan(Date.now() + 21 * minute);
    expect(await everything(world)).not.toContain(`refresh ${user.username}`);
    // A missing claim is no empty list.
    says({ groups: undefined });
    await round(33);
    expect(await groupsOf(user)).toEqual(['Data']);
  });

  it('end the session of a person whom the provider no longer knows, or whose groups it must send', async () => {
    const gone = await signIn('live');
    const odd = providers.of('live');
    for (const token of [...odd.refresh!.keys()]) if (token.includes(gone.username)) odd.refresh!.delete(token);
    const other = await signIn('live');
    await round(11);
    expect([await gone.client.codes(who), await causesOf(gone.username)]).toEqual([
      ['UNAUTHENTICATED'],
      ['PROVIDER_REFUSED'],
    ]);
    await other.client.ok(who);
    const strict = await signIn('strict');
    strict.says({ groups: undefined });
    await round(11);
    expect([await strict.client.codes(who), await causesOf(strict.username)]).toEqual([
      ['UNAUTHENTICATED'],
      ['PROVIDER_GROUPS'],
    ]);
  });

  it('stay while the provider does not answer, or speaks of another person, and are compared in the next round', async () => {
    const { user, says, client } = await signIn('live');
    const odd = providers.of('live');
    odd.tokenStatus = [503, { error: 'temporarily_unavailable' }];
    says({ groups: [] });
    logged.length = 0;
    await round(11);
    expect(await groupsOf(user)).toEqual(['Data']);
    expect(logged.length).toBeGreaterThan(0);
    await client.ok(who);
    odd.tokenStatus = undefined;
    says({ sub: 'another' });
    await round(11);
    expect(await groupsOf(user)).toEqual(['Data']);
    expect(logged.join()).not.toContain('refresh person');
  });

  it('are compared at sign-ins only without the setting', async () => {
    const { user, says, session } = await signIn('rare');
    expect([session.sealedRefreshToken, session.groupsAt]).toEqual([null, null]);
    says({ groups: [] });
    await round(60);
    expect(await groupsOf(user)).toEqual(['Data']);
  });

  it('are taken away with the provider at the next start, and others stay', async () => {
    const { user } = await signIn('rare');
    const own = await world.db.group.findFirstOrThrow({ where: { name: 'Own' } });
    await world.member(main, own, user);
    const before = await world.db.groupMember.count();
    const present = new Map(names.map((name) => [name, undefined]));
    await removeAbsentProviders(world.app.store, present, { info: () => undefined });
    expect(await world.db.groupMember.count()).toBe(before);
    present.delete('rare');
    const lines: unknown[] = [];
    await removeAbsentProviders(world.app.store, present, { info: (...line: unknown[]) => void lines.push(line) });
    expect(await groupsOf(user)).toEqual(['Own']);
    expect(lines).toEqual([[expect.stringContaining('not in the settings'), { provider: 'rare', members: 2 }]]);
    const events = await world.db.auditEvent.findMany({
      where: { action: 'group.remove-member', reason: 'groups of the provider rare' },
    });
    expect(events.length).toBe(2);
    // The access that came with them goes too, unless the user has other groups.
    expect(await world.db.tenantAccess.count({ where: { principalId: user.id } })).toBe(1);
    expect(await world.db.tenantAccess.count({ where: { managedBy: 'rare' } })).toBe(1);
  });
});
