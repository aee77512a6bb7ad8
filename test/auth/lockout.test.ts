import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beginAttempt, lockout, recordFailure, sweepFailures } from '../../src/auth/lockout.ts';
import type { User } from '../../src/db/generated/client.ts';
import type { Store } from '../../src/db/transaction.ts';
import { Program } from '../server/tools.ts';
import { idOf, World } from '../support/world.ts';
import { from, seen, who } from './tools.ts';

const secret = 'a phrase that is hard to guess';
const refused = ['UNAUTHENTICATED'];

const countFailure = async (store: Store, account: string, address: string, requestId: string, now: Date) =>
  recordFailure(store, account, address, requestId, await beginAttempt(store, account, address, now), now);

describe('failed sign-ins', () => {
  let world: World;
  let count = 0;
  beforeAll(async () => {
    world = await World.create({ config: { trustedProxies: ['127.0.0.1', '::1'] } });
  });
  afterAll(() => world.close());

  const person = async (): Promise<{ user: User; name: string }> => {
    const name = `person${count++}`;
    return { user: await world.user(name, [], { password: secret }), name };
  };
  const fail = (name: string, address: string, times: number) =>
    Promise.all(Array.from({ length: times }, (_, i) => world.basic(name, `wrong ${i}`).as(from(address)).codes(who)));
  const at = (name: string, address: string, given = secret) => world.basic(name, given).as(from(address));
  const eventsOf = async (name: string) =>
    (await world.db.auditEvent.findMany({ where: { resourceKey: name }, orderBy: { seq: 'asc' } })).filter(({ type }) =>
      ['LOGIN_FAILURE', 'ACCOUNT_LOCKED'].includes(type),
    );

  it('lock the account for that address at the tenth, and for no other address or account', async () => {
    const { user, name } = await person();
    const token = world.bearer(await world.token(user)).as(from('192.0.2.1'));
    await fail(name, '192.0.2.1', 9);
    await at(name, '192.0.2.1').ok(who);
    // A success resets the count.
    await fail(name, '192.0.2.1', 9);
    await at(name, '192.0.2.1').ok(who);
    await fail(name, '192.0.2.1', 10);
    // The lock also applies to a cached sign-in.
    expect(await at(name, '192.0.2.1').codes(who)).toEqual(refused);
    await at(name, '192.0.2.2').ok(who);
    await at('root', '192.0.2.1', 'a long enough passphrase').ok(who);
    await token.ok(who);
    expect(await at(name.toUpperCase(), '192.0.2.1').codes(who)).toEqual(refused);
  });

  it('count together by name and by e-mail address, under the name', async () => {
    const { user, name } = await person();
    await fail(user.email, '192.0.2.50', 5);
    await fail(name, '192.0.2.50', 5);
    for (const given of [name, user.email]) expect(await at(given, '192.0.2.50').codes(who)).toEqual(refused);
    expect((await eventsOf(name)).map(({ type }) => type)).toContain('ACCOUNT_LOCKED');
    expect(await eventsOf(user.email)).toEqual([]);
    expect(await world.db.signInFailure.count({ where: { account: user.email } })).toBe(0);
    await at(user.email, '192.0.2.51').ok(who);
  });

  it('return how long the lock lasts, also for a name without an account', async () => {
    const { name } = await person();
    const waits = async (account: string, address: string) => {
      const { status, headers, errors } = await at(account, address).run(who);
      expect([status, errors[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
      return headers.get('retry-after');
    };
    // More names per address than are counted separately.
    for (let i = 0; i < 25; i += 1) await fail(`filler${i}`, '192.0.2.77', 1);
    const waiting: Record<string, (string | null)[]> = {};
    for (const account of [name, 'unknown-name']) {
      await fail(account, '192.0.2.77', 8);
      const wrong = world.basic(account, 'wrong').as(from('192.0.2.77'));
      const ninth = (await wrong.run(who)).headers.get('retry-after');
      const tenth = (await wrong.run(who)).headers.get('retry-after');
      waiting[account] = [ninth, tenth, await waits(account, '192.0.2.77')].map(
        (wait) => wait && `${wait.length} digits`,
      );
    }
    expect(Object.values(waiting)).toEqual([
      [null, '4 digits', '4 digits'],
      [null, '4 digits', '4 digits'],
    ]);
  });

  it('count within five minutes, and lock for thirty', async () => {
    const { store } = world.app;
    const begin = new Date('2031-01-01T00:00:00Z').getTime();
    const failAt = (account: string, milliseconds: number) =>
      countFailure(store, account, '198.51.100.1', 'test', new Date(begin + milliseconds));
    const lockOf = async (account: string) =>
      (
        await world.db.signInFailure.findUniqueOrThrow({
          where: { account_address: { account, address: '198.51.100.1' } },
        })
      ).lockedUntil;

    for (let i = 0; i < 9; i += 1) expect(await failAt('edge', i)).toBe(false);
    // Five minutes after the first failure, it leaves the window: this is the ninth within it.
    expect(await failAt('edge', lockout.windowMs)).toBe(false);
    expect(await lockOf('edge')).toBeNull();

    for (let i = 0; i < 9; i += 1) expect(await failAt('inside', i)).toBe(false);
    expect(await failAt('inside', lockout.windowMs - 1)).toBe(true);
    const until = begin + lockout.windowMs - 1 + lockout.lockMs;
    expect((await lockOf('inside'))?.getTime()).toBe(until);
    // Failures during a lock neither prolong it nor count towards the next.
    for (let i = 0; i < 12; i += 1) expect(await failAt('inside', lockout.windowMs + i)).toBe(true);
    expect((await lockOf('inside'))?.getTime()).toBe(until);
    expect(await failAt('inside', until - begin - 1)).toBe(true);
    expect(await failAt('inside', until - begin)).toBe(false);
    await world.db.signInFailure.deleteMany({ where: { address: '198.51.100.1' } });
  });

  it('count once each, also concurrently on two gateways', async () => {
    const { store } = world.app;
    const now = new Date();
    const locked = await Promise.all(
      Array.from({ length: 10 }, () => countFailure(store, 'together', '198.51.100.9', 'test', now)),
    );
    expect(locked.filter(Boolean)).toHaveLength(1);
  });

  it('count before the password is verified, however many arrive at once', async () => {
    const now = new Date();
    const begun = await Promise.all(
      Array.from({ length: 95 }, () => beginAttempt(world.app.store, 'many', '198.51.100.8', now)),
    );
    expect(begun.filter(({ isLocked }) => !isLocked)).toHaveLength(lockout.failures);
    const { name } = await person();
    // The correct password is the last of thirty concurrent attempts.
    const guesses = Array.from({ length: 29 }, (_, i) => at(name, '192.0.2.40', `guess ${i}`).codes(who));
    expect(await at(name, '192.0.2.40').codes(who)).toEqual(refused);
    expect((await Promise.all(guesses)).flat()).toEqual(Array(29).fill(refused[0]));
  });

  it('of unknown names are merged into one row and one event a minute, after the first of the minute', async () => {
    const before = await world.db.auditEvent.count({ where: { type: 'LOGIN_FAILURE' } });
    const names = Array.from({ length: 70 }, (_, i) => `random${i}`);
    await Promise.all(names.map((name) => at(name, '192.0.2.41').codes(who)));
    expect(await world.db.signInFailure.count({ where: { address: '192.0.2.41' } })).toBeLessThanOrEqual(42);
    expect((await world.db.auditEvent.count({ where: { type: 'LOGIN_FAILURE' } })) - before).toBeLessThanOrEqual(43);
    await sweepFailures(world.app.store, new Date(Date.now() + 60_000));
    const events = await world.db.auditEvent.findMany({ where: { type: 'LOGIN_FAILURE', ip: '192.0.2.41' } });
    const counted = events.reduce((sum, { details }) => sum + (details as { count: number }).count, 0);
    expect(counted).toBe(70);
  });

  it('can be unlocked by unlockUser and by the command line', async () => {
    const { user, name } = await person();
    const { connection } = world;
    const locked = async () =>
      (await world.root().ok(`{ node(id: "${idOf('User', user)}") { ... on User { locked } } }`)).node.locked;
    for (const way of ['mutation', 'command']) {
      await fail(name, '192.0.2.3', 10);
      await fail(name, '192.0.2.4', 10);
      expect(await locked()).toBe(true);
      if (way === 'mutation') {
        await world.root().ok(`mutation { unlockUser(input: { id: "${idOf('User', user)}" }) { user { locked } } }`);
      } else {
        const url = `postgresql://${connection.user}:${encodeURIComponent(connection.password)}@localhost/${connection.database}?host=${encodeURIComponent(connection.host)}`;
        const program = new Program(['src/main.ts', 'user', 'unlock', name.toUpperCase()], {
          DATABASE_URL: url,
          GATEHOUSE_MASTER_KEY: 'test master key, the same on every gateway',
        });
        expect([(await program.ended).code, program.error]).toEqual([0, '']);
        expect(program.out).toContain(`${name} is not locked.`);
      }
      expect(await locked()).toBe(false);
      await at(name, '192.0.2.3').ok(who);
      await at(name, '192.0.2.4').ok(who);
    }
    const unlocks = await world.db.auditEvent.findMany({ where: { resourceId: user.id, action: 'user.unlock' } });
    expect(unlocks.map(({ details }) => (details as { addresses: string[] }).addresses.sort())).toEqual([
      ['192.0.2.3', '192.0.2.4'],
      ['192.0.2.3', '192.0.2.4'],
    ]);
  });

  it('are recorded once a minute per account and address, with a complete count', async () => {
    const { name } = await person();
    const now = Date.now();
    // Waits until the attempts cannot cross the end of a minute, which would record two events.
    if (now % 60_000 > 55_000) await new Promise((resolve) => setTimeout(resolve, 60_100 - (now % 60_000)));
    await fail(name, '192.0.2.5', 1);
    expect(
      (await eventsOf(name)).map(({ type, details, ip }) => [type, (details as { count: number }).count, ip]),
    ).toEqual([['LOGIN_FAILURE', 1, '192.0.2.5']]);
    await fail(name, '192.0.2.5', 12);
    await fail(name, '192.0.2.6', 3);
    const types = async () => (await eventsOf(name)).map(({ type }) => type);
    expect(await types()).toEqual(['LOGIN_FAILURE', 'ACCOUNT_LOCKED', 'LOGIN_FAILURE']);
    // The minute has not ended yet.
    await sweepFailures(world.app.store);
    expect(await types()).toHaveLength(3);
    const later = new Date(Date.now() + 61_000);
    await Promise.all([sweepFailures(world.app.store, later), sweepFailures(world.app.store, later)]);
    const failures = (await eventsOf(name)).filter(({ type }) => type === 'LOGIN_FAILURE');
    expect(failures).toHaveLength(4);
    const sum = (address: string) =>
      failures
        .filter(({ ip }) => ip === address)
        .reduce((total, { details }) => total + (details as { count: number }).count, 0);
    expect([sum('192.0.2.5'), sum('192.0.2.6')]).toEqual([13, 3]);
    // The caller did not authenticate: the account is the object of the event, not its actor.
    for (const { actorKind, actorId, outcome } of failures)
      expect([actorKind, actorId, outcome]).toEqual(['ANONYMOUS', '', 'DENIED']);
    const dayLater = new Date(Date.now() + 90_000_000);
    await sweepFailures(world.app.store, dayLater);
    expect(await world.db.signInFailure.count({ where: { account: name } })).toBe(0);
  });

  it('look alike and take equally long for an unknown name, a wrong password, a locked or disabled account or no password', async () => {
    const [wrong, locked, disabled, bare] = [await person(), await person(), await person(), await world.user('bare')];
    const byAddress = await person();
    await world.db.user.update({ where: { id: disabled.user.id }, data: { disabled: true } });
    const addresses = Array.from({ length: 40 }, (_, i) => `203.0.113.${i + 1}`);
    const until = new Date(Date.now() + lockout.lockMs);
    await world.db.signInFailure.createMany({
      data: addresses.map((address) => ({
        account: locked.name,
        address,
        recent: [],
        lockedUntil: until,
        updatedAt: new Date(),
      })),
    });
    const kinds: Record<string, (address: string) => ReturnType<typeof at>> = {
      unknown: (address) => at('unknown-here', address),
      'unknown address': (address) => at('unknown-here@people.example', address),
      'wrong by address': (address) => at(byAddress.user.email, address, 'not the password'),
      wrong: (address) => at(wrong.name, address, 'not the password'),
      locked: (address) => at(locked.name, address),
      disabled: (address) => at(disabled.name, address),
      bare: (address) => at(bare.username, address, ''),
    };
    const times: Record<string, number[]> = {};
    const looks = new Set<string>();
    for (const address of addresses) {
      for (const [kind, client] of Object.entries(kinds)) {
        const started = performance.now();
        const look = await seen(client(address));
        times[kind] = [...(times[kind] ?? []), performance.now() - started];
        looks.add(look);
      }
    }
    expect(looks.size).toBe(1);
    const medians = Object.values(times).map((list) => list.sort((a, b) => a - b)[list.length >> 1]!);
    expect(Math.max(...medians) / Math.min(...medians), JSON.stringify(medians)).toBeLessThan(1.25);
  });
});
