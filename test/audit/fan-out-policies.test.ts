import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { append, envelope } from '../../src/audit/record.ts';
import type { Tenant } from '../../src/db/generated/client.ts';
import { Socket } from '../server/raw-socket.ts';
import { until } from '../server/tools.ts';
import { temporaryFolder } from '../support/folder.ts';
import { World } from '../support/world.ts';

const contract = join(import.meta.dirname, '..', '..', 'src', 'policy', 'contract.ts');
const query = 'subscription { auditEvents(tenantKey: "main") { event { seq namespaceName } } }';

/** A policy that closes one namespace at an instant, with or without `until`, and one to callers with a password. */
const plugin = `
import { abstain, allOf, definePolicy, deny, outside, z } from '${contract}';
export default definePolicy({
  name: 'closing',
  description: 'Closes namespaces of the log.',
  resources: ['AUDITLOG'],
  reads: ['now', 'credential', 'id'],
  config: z.strictObject({ at: z.string(), returnsUntil: z.boolean() }),
  create: ({ at, returnsUntil }) => ({
    evaluate({ actor, env }) {
      const closed = [];
      const end = new Date(at);
      if (env.now >= end) closed.push('timed');
      if (actor.credential.kind === 'basic') closed.push('for-tokens');
      if (actor.name === 'left-out') closed.push('personal');
      const until = returnsUntil && env.now < end ? { until: end } : {};
      return { ...(closed.length === 0 ? abstain() : deny('closed', allOf(closed.map((name) => outside(name))))), ...until };
    },
  }),
});
`;

describe.each([
  ['that returns until', true],
  ['that reads the clock without returning until', false],
])('subscribers of one feed, under a policy %s', (_what, returnsUntil) => {
  let world: World;
  let main: Tenant;
  const closes = { at: 0 };
  beforeAll(async () => {
    const folder = temporaryFolder('closing');
    writeFileSync(join(folder, 'closing.ts'), plugin);
    closes.at = Date.now() + 7_000;
    const settings = { enabled: true, shadow: false, at: new Date(closes.at).toISOString(), returnsUntil };
    world = await World.create({ config: { policyFolders: [folder], policies: { closing: settings } } });
    main = await world.tenant('main');
  });
  afterAll(() => world.close());

  const happen = (namespaces: readonly string[]) =>
    world.write(async (tx) => {
      for (const namespace of namespaces)
        append(tx, {
          ...envelope({ kind: 'SYSTEM', id: '', name: 'test', requestId: 'test' }),
          tenantId: main.id,
          tenantKey: main.key,
          type: 'UPDATE',
          action: 'flow.update',
          outcome: 'SUCCESS',
          resource: 'FLOW',
          resourceId: '',
          resourceKey: '',
          namespace,
          patchText: '',
        });
    });

  it('each receive the events that their own circumstances allow at that moment', async () => {
    const role = await world.role(main, 'Reader', ['AUDITLOG:READ']);
    const secret = 'a long enough phrase of theirs';
    const people = await Promise.all(
      ['some', 'left-out'].map(async (name) => {
        const user = await world.user(name, [main], { password: secret });
        await world.bind(main, { principal: user }, role);
        return user;
      }),
    );
    const all = ['free', 'timed', 'for-tokens', 'personal'];
    const expected: [string, string[]][] = [];
    for (const { username, id } of people) {
      const mine = all.filter((name) => name !== 'personal' || username !== 'left-out');
      expected.push([`Bearer ${await world.token({ id })}`, mine]);
      expected.push([world.basic(username, secret).headers['authorization']!, mine.filter((n) => n !== 'for-tokens')]);
    }
    const followed = await Promise.all(
      expected.flatMap(([authorization, wanted]) =>
        // Two streams for each caller, so that a wrongly shared decision shows.
        [0, 1].map(async () => {
          const on = await new Socket(world.urls[0]!).init({ authorization });
          on.subscribe('1', query);
          await until('the bookmark', () => on.of('1').length > 0);
          return { on, wanted };
        }),
      ),
    );
    const seen = ({ on }: (typeof followed)[0]) =>
      on.of('1').flatMap(({ payload }) => payload.data.auditEvents.event?.namespaceName || []);
    expect(Date.now()).toBeLessThan(closes.at);
    await happen(all);
    await until('all of them', () => followed.every((one) => seen(one).length === one.wanted.length));
    for (const one of followed) expect(seen(one)).toEqual(one.wanted);
    await new Promise((resolve) => setTimeout(resolve, closes.at + 20 - Date.now()));
    await happen([...all, 'free']);
    await until('the rest', () => followed.every((one) => seen(one).length === 2 * one.wanted.length));
    for (const one of followed)
      expect(seen(one)).toEqual([...one.wanted, ...one.wanted.filter((name) => name !== 'timed'), 'free']);
    for (const { on } of followed) on.end();
  });
});
