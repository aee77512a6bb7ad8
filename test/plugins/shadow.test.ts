import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

interface Case {
  readonly settings: object;
  /**
   * Performs an operation that the policy refuses with these settings. @returns the refusing policy, or the error code.
   */
  act(client: Client, world: World): Promise<string | undefined>;
  /** The name of the operation in its audit event. */
  readonly action: string;
}

const run = async (client: Client, mutation: string, variables: object = {}): Promise<string | undefined> => {
  const { data, errors } = await client.run<any>(mutation, variables as never);
  const item = Object.values<any>(data ?? {})[0]?.results?.[0]?.error;
  const [error] = errors;
  return (error?.extensions['policy'] ?? error?.extensions.code ?? item?.details?.policy) as string | undefined;
};
const createNamespace = (name: string) => (client: Client) =>
  run(client, `mutation { createNamespace(input: { tenantKey: "main", name: "${name}" }) { namespace { id } } }`);
let count = 0;
const createGroup = (client: Client) =>
  run(client, `mutation { createGroup(input: { tenantKey: "main", name: "g${count++}" }) { group { id } } }`);
const days = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const threeDaysOff = days[(new Date().getUTCDay() + 3) % 7];

/** One case for every policy in `plugins/`. */
const cases: Readonly<Record<string, Case>> = {
  cedar: {
    settings: { policies: '@id("none") forbid (principal, action in Gatehouse::Action::"GROUP", resource);' },
    act: createGroup,
    action: 'group.create',
  },
  'change-window': {
    settings: {
      rules: [
        {
          namespaces: ['later'],
          timeZone: 'UTC',
          windows: [{ days: [threeDaysOff], from: '00:00', to: '24:00' }],
        },
      ],
    },
    act: createNamespace('later.x'),
    action: 'namespace.create',
  },
  'flow-rules': {
    settings: { rules: [{ labels: [{ key: 'never' }] }] },
    act: (client) =>
      run(client, 'mutation($s: String!) { saveFlow(input: { tenantKey: "main", source: $s }) { flow { id } } }', {
        s: `id: f${count++}\nnamespace: rules\ntasks: [{ id: one, type: io.example.Log }]\n`,
      }),
    action: 'flow.create',
  },
  'frozen-namespaces': {
    settings: { frozen: ['frozen'] },
    act: createNamespace('frozen.x'),
    action: 'namespace.create',
  },
  naming: {
    settings: { rules: [{ resource: 'GROUP', pattern: '[A-Z].*', hint: 'a name with a capital' }] },
    act: createGroup,
    action: 'group.create',
  },
  network: { settings: { rules: [{ allow: ['192.0.2.1'] }] }, act: createGroup, action: 'group.create' },
  quotas: { settings: { rules: [{ resource: 'GROUP', atMost: 0 }] }, act: createGroup, action: 'group.create' },
  'require-reason': { settings: { rules: [{ resource: 'GROUP' }] }, act: createGroup, action: 'group.create' },
  'second-factor': { settings: { rules: [{ resource: 'GROUP' }] }, act: createGroup, action: 'group.create' },
  'separate-duties': {
    settings: { duties: ['roles'] },
    async act(client, world) {
      await run(
        client,
        `mutation { createRole(input: { tenantKey: "main", name: "own", permissions: [] }) { role { id } } }`,
      );
      const role = await world.db.role.findFirstOrThrow({ where: { name: 'own' } });
      const user = await world.db.user.findFirstOrThrow({ where: { username: 'ann' } });
      return run(
        client,
        `mutation($b: [BindingInput!]!) { createBindings(input: { tenantKey: "main", bindings: $b }) { results { error { details } } } }`,
        { b: [{ subject: idOf('User', user), role: idOf('Role', role) }] },
      );
    },
    action: 'binding.create',
  },
  'token-hygiene': { settings: { users: { mustExpire: true } }, act: createGroup, action: 'group.create' },
};

const folder = join(import.meta.dirname, '..', '..', 'plugins');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'));

/** A gateway in which ann administers the tenant, signed in by a token that does not expire. */
async function gateway(policies: Record<string, object>): Promise<{ world: World; client: Client }> {
  const world = await World.create({ config: { policies: policies as never } });
  const main = await world.tenant('main');
  const ann = await world.user('ann', [main]);
  await world.bind(main, { principal: ann }, await world.managed(main, 'Admin'));
  return { world, client: await world.as(ann) };
}

describe('a policy in shadow mode', () => {
  let world: World;
  let client: Client;
  beforeAll(async () => {
    const all = Object.entries(cases).map(([name, { settings }]) => [
      name,
      { enabled: true, shadow: true, ...settings },
    ]);
    ({ world, client } = await gateway(Object.fromEntries(all)));
  });
  afterAll(() => world.close());

  it('is tested for every policy', () => {
    // Masking refuses nothing. Its own test shows that it masks nothing in shadow mode.
    expect([...Object.keys(cases), 'mask-personal-data'].sort()).toEqual(names.sort());
  });

  it.each(Object.keys(cases))(
    '%s refuses nothing, and the audit event contains what it would have refused',
    async (name) => {
      const { act, action } = cases[name]!;
      expect(await act(client, world)).toBeUndefined();
      const event = await world.db.auditEvent.findFirstOrThrow({
        where: { action, outcome: 'SUCCESS', actorName: 'ann' },
        orderBy: { ordinal: 'desc' },
      });
      const { notes } = event.details as { notes: string[] };
      expect(notes.filter((note) => note.startsWith(`${name} (shadow mode) would have refused: `))).toHaveLength(1);
    },
  );

  it('shows its settings and its mode', async () => {
    for (const { name, settings } of world.app.policies.engine.set.policies)
      expect(JSON.parse(JSON.stringify(settings)), name).toEqual(settings);
  });

  it('notes nothing about allowed operations', async () => {
    await createNamespace('open')(client);
    const event = await world.db.auditEvent.findFirstOrThrow({ where: { resourceKey: 'open' } });
    const { notes } = event.details as { notes: string[] };
    expect(notes.filter((note) => /^(frozen-namespaces|change-window|naming|quotas) /.test(note))).toEqual([]);
  });

  it.each(Object.keys(cases))('control: %s in force refuses the same', async (name) => {
    const { settings, act } = cases[name]!;
    const own = await gateway({ [name]: { enabled: true, shadow: false, ...settings } });
    try {
      expect(await act(own.client, own.world)).toBe(name);
    } finally {
      await own.world.close();
    }
  });
});
