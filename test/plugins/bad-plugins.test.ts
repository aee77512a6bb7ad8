import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acceptFile, policiesOfFile } from '../../src/bootstrap/policies.ts';
import { readConfig } from '../../src/config.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { World } from '../support/world.ts';

const path = temporaryFolder('bad-plugins');
const contract = join(import.meta.dirname, '..', '..', 'src', 'policy', 'contract.ts');

/** The body of `evaluate` of each policy. */
const evaluations: Record<string, string> = {
  throws: `throw new Error('boom')`,
  'throws-nonsense': `throw Object.create(null)`,
  'returns-nothing': `return undefined`,
  'returns-nonsense': `return 'yes'`,
  'returns-a-promise': `return Promise.resolve({ effect: 'abstain' })`,
  'returns-a-promise-that-fails': `return Promise.reject(new Error('later'))`,
  'knows-no-effect': `return { effect: 'maybe' }`,
  'allows-as-a-guard': `return { effect: 'allow', reason: 'x' }`,
  'empty-or': `return { effect: 'deny', reason: 'x', unless: { OR: [] } }`,
  'empty-filter': `return { effect: 'deny', reason: 'x', unless: {} }`,
  negates: `return { effect: 'deny', reason: 'x', unless: { NOT: { tenantId: 'x' } } }`,
  'is-undefined': `return { effect: 'deny', reason: 'x', unless: { tenantId: undefined } }`,
  'names-a-secret': `return { effect: 'deny', reason: 'x', unless: { passwordHash: 'x' } }`,
  'breaks-when-read': `return new Proxy({}, { get() { throw new Error('trap'); } })`,
};
/** The body of `review` of each policy, which runs for mutations. */
const reviews: Record<string, string> = {
  'review-throws': `throw new Error('boom')`,
  'review-stalls': `return new Promise(() => undefined)`,
  'review-fails-too-late': `return new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 400))`,
  'review-returns-nothing': `return undefined`,
  'review-returns-nonsense': `return 7`,
  'review-allows': `return { effect: 'allow', reason: 'x' }`,
};

function write(name: string, resources: string[], evaluate: string, review?: string): void {
  writeFileSync(
    join(path, `${name}.ts`),
    `import { definePolicy, z } from ${JSON.stringify(contract)};
export default definePolicy({
  name: '${name}', description: 'Is bad when it is on.', resources: ${JSON.stringify(resources)} as never,
  config: z.strictObject({ on: z.boolean().default(false) }),
  create: ({ on }) => ({
    evaluate(): any { if (on) { ${evaluate} } return { effect: 'abstain' }; },
    ${review === undefined ? '' : `review(): any { if (on) { ${review} } return { effect: 'abstain' }; },`}
  }),
});
`,
  );
}

const configure = call('setPolicyConfiguration', 'policies { name }');
const query = '{ tenant(key: "main") { groups { totalCount } } }';
const mutation = call('createGroup', 'group { id }');

/** Collects garbage, so that only referenced memory remains. */
const collect = (): void => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
};

describe('a gateway with bad plugins', () => {
  let world: World;
  let main: Tenant;
  let next = 0;

  beforeAll(async () => {
    for (const [name, body] of Object.entries(evaluations)) write(name, ['GROUP', 'AUDITLOG'], body);
    for (const [name, body] of Object.entries(reviews)) write(name, ['GROUP', 'AUDITLOG'], '', body);
    write('breaks-configuring', ['POLICY'], `throw new Error('boom')`);
    write('breaks-reviewing-configuring', ['POLICY'], '', `throw new Error('boom')`);
    world = await World.create({ limits: { reviewMs: 150 }, app: () => ({ pluginFolder: path }) });
    main = await world.tenant('main');
  }, 60_000);
  afterAll(async () => {
    await world.close();
    rmSync(path, { recursive: true });
  });

  const put = (policies: object) => world.root().run<any>(configure, { i: { policies } });
  const off = async () => expect((await put({})).errors).toEqual([]);

  /** Returns the first item of a subscription, or its error. */
  async function subscribe(client: Client): Promise<string[]> {
    const stop = new AbortController();
    try {
      for await (const { errors = [] } of client.sse(
        'subscription { auditEvents(tenantKey: "main") { cursor } }',
        {},
        stop.signal,
      ))
        return errors.map(({ extensions }) => extensions.code);
    } finally {
      stop.abort();
    }
    return ['nothing'];
  }
  async function ask(client: Client) {
    const change = await client.run<any>(mutation, { i: { tenantKey: 'main', name: `g${next++}` } });
    return {
      query: await client.codes(query),
      mutation: change.errors.map(({ extensions }) => [extensions.code, extensions['policy']]),
      subscription: await subscribe(client),
    };
  }
  const newUser = async (): Promise<[User, Client]> => {
    const user = await world.user(`user-${next++}`, [main]);
    await world.grant(main, user, ['GROUP:READ', 'GROUP:CREATE', 'AUDITLOG:READ']);
    return [user, await world.as(user)];
  };
  const served = { query: [], mutation: [], subscription: [] };

  /** Returns the recorded errors of a user: events by permission, and decisions. */
  async function recorded(user: User) {
    const events = await world.db.auditEvent.findMany({ where: { actorId: user.id, outcome: 'ERROR' } });
    const decisions = await world.db.decision.findMany({ where: { principalId: user.id, effect: 'error' } });
    return {
      events: events.map(({ resource, type, policy }) => `${resource}:${type} ${policy}`).sort(),
      decisions: decisions.map(({ permission, policy }) => `${permission} ${policy}`).sort(),
    };
  }

  it('control: serves everything while they are disabled', async () => {
    const [user, client] = await newUser();
    expect(await ask(client)).toEqual(served);
    expect(await recorded(user)).toEqual({ events: [], decisions: [] });
  });

  it.each(Object.keys(evaluations))(
    'that %s: query, mutation and subscription return POLICY_ERROR, which is recorded',
    async (policy) => {
      const [user, client] = await newUser();
      expect((await put({ [policy]: { on: true } })).errors).toEqual([]);
      const groups = await world.db.group.count();
      try {
        expect(await ask(client)).toEqual({
          query: ['POLICY_ERROR'],
          mutation: [['POLICY_ERROR', policy]],
          subscription: ['POLICY_ERROR'],
        });
      } finally {
        await off();
      }
      const all = ['AUDITLOG:READ', 'GROUP:CREATE', 'GROUP:READ'].map((permission) => `${permission} ${policy}`);
      expect(await recorded(user)).toEqual({ events: all, decisions: all });
      expect(await world.db.group.count()).toBe(groups);
      expect(await ask(client)).toEqual(served);
    },
  );

  it.each(Object.keys(reviews))(
    'whose %s: the mutation returns POLICY_ERROR, which is recorded, and other requests are served',
    async (policy) => {
      const [user, client] = await newUser();
      expect((await put({ [policy]: { on: true } })).errors).toEqual([]);
      const groups = await world.db.group.count();
      const begun = performance.now();
      try {
        expect(await ask(client)).toEqual({ query: [], mutation: [['POLICY_ERROR', policy]], subscription: [] });
      } finally {
        await off();
      }
      // A stalled review is abandoned after its time limit.
      expect(performance.now() - begun).toBeLessThan(3_000);
      expect(await recorded(user)).toEqual({
        events: [`GROUP:CREATE ${policy}`],
        decisions: [`GROUP:CREATE ${policy}`],
      });
      expect(await world.db.group.count()).toBe(groups);
      expect(await ask(client)).toEqual(served);
    },
  );

  it('ends an open stream when a policy that decides about it fails', async () => {
    const [, client] = await newUser();
    const stop = new AbortController();
    const stream = client.sse<any>('subscription { auditEvents(tenantKey: "main") { cursor } }', {}, stop.signal);
    expect((await stream.next()).value?.errors).toBeUndefined();
    expect((await put({ throws: { on: true } })).errors).toEqual([]);
    const codes: string[] = [];
    for await (const { errors = [] } of stream) codes.push(...errors.map(({ extensions }) => extensions.code));
    expect(codes).toEqual(['POLICY_ERROR']);
    await off();
  });

  it('notes each in shadow mode and refuses nothing', async () => {
    const [, client] = await newUser();
    const all = [...Object.keys(evaluations), ...Object.keys(reviews)];
    const settings = Object.fromEntries(all.map((name) => [name, { on: true, shadow: true }]));
    expect((await put(settings)).errors).toEqual([]);
    expect(await ask(client)).toEqual(served);
    const { details } = await world.db.auditEvent.findFirstOrThrow({
      where: { action: 'group.create', outcome: 'SUCCESS' },
      orderBy: { ordinal: 'desc' },
    });
    for (const name of all) expect((details as { notes: string[] }).notes.join()).toContain(`${name} (shadow mode)`);
    await off();
  });

  it('rejects a policy that would break the configuration mutation; only the host can force and remove it', async () => {
    const { errors } = await put({ 'breaks-configuring': { on: true } });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_INPUT']);
    expect(errors[0]!.message).toContain('could not change them back');
    const reviewed = await put({ 'breaks-reviewing-configuring': { on: true } });
    expect(reviewed.errors[0]!.message).toContain('could not change them back');
    const host = async (policies: object) => {
      const own = { ...readConfig({}), policies: policies as never };
      const options = { reason: 'test', mayLose: true };
      await acceptFile(world.app.store, own, await policiesOfFile(world.app.store, own, path), options);
      await world.app.freshness.confirm();
      await world.app.policies.engine.following;
    };
    const locked = async (policy: string) => {
      const answer = await put({});
      expect(answer.errors.map(({ extensions }) => [extensions.code, extensions['policy']])).toEqual([
        ['POLICY_ERROR', policy],
      ]);
      const [, client] = await newUser();
      expect(await ask(client)).toEqual(served);
    };
    await host({ 'breaks-reviewing-configuring': { enabled: true, shadow: false, on: true } });
    await locked('breaks-reviewing-configuring');
    await host({ 'breaks-configuring': { enabled: true, shadow: false, on: true } });
    await locked('breaks-configuring');
    await host({});
    await off();
  });

  it('keeps running and leaks no memory', async () => {
    const [, client] = await newUser();
    await put({ 'returns-a-promise-that-fails': { on: true }, 'review-fails-too-late': { on: true } });
    const round = async (count: number) => {
      for (let i = 0; i < count; i += 25) await Promise.all(Array.from({ length: 25 }, () => client.codes(query)));
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await round(500);
    const after = await round(1_500);
    console.log(
      `heap after 500 and 2,000 refused by an error: ${Math.round(before / 2 ** 20)} and ${Math.round(after / 2 ** 20)} MiB`,
    );
    expect(after - before).toBeLessThan(10 * 2 ** 20);
    await off();
    // Late failures of reviews have occurred by now.
    await sleep(500);
    expect(await ask(client)).toEqual(served);
    expect(await world.root().codes('{ viewer { __typename } }')).toEqual([]);
  });
});
