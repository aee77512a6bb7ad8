import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role, Tenant, User } from '../../src/db/generated/client.ts';
import type { Client } from '../support/client.ts';
import { idOf, password, World } from '../support/world.ts';

const soak = process.env['SOAK'] === '1';
const answersWanted = soak ? 20_000 : 300;

/** Nested lists with guarded objects, computed permissions and the viewer: fields that resolve concurrently. */
const shapes = [
  '{ tenant(key: "main") { name bindings(first: 20) { nodes { role { name } subject { id } viewerPermissions } } } }',
  '{ tenant(key: "main") { groups { nodes { viewerPermissions bindings { nodes { role { name } viewerPermissions } } members { nodes { subject { id } } } } } } }',
  '{ tenant(key: "main") { viewerPermissions roles { nodes { viewerPermissions bindings { nodes { subject { id } viewerPermissions } } } } } viewer { name subject { id } user { id } } }',
  '{ tenant(key: "main") { flows { nodes { viewerPermissions triggers { nodes { id viewerPermissions } } } } namespaces { nodes { viewerPermissions bindings { nodes { viewerPermissions } } } } } }',
];
const bind = `mutation($subject: ID!, $role: ID!) { createBindings(input: { tenantKey: "main", bindings: [{ subject: $subject, role: $role }] }) {
  results { error { code } binding { id role { name } subject { id } viewerPermissions } } } }`;
const unbind =
  'mutation($id: ID!) { deleteBindings(input: { tenantKey: "main", ids: [$id] }) { results { deletedId } } }';

describe('changes of access during a query', () => {
  let world: World;
  let main: Tenant;
  let reader: User;
  let other: User;
  let role: Role;
  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    main = await world.tenant('main');
    reader = await world.user('reader', [main], { password });
    other = await world.user('other', [main]);
    role = await world.role(main, 'Light', ['FLOW:READ']);
    await world.bind(main, { principal: reader }, await world.managed(main, 'Admin'));
    await world.member(main, await world.group(main, 'Team'), other);
    await world.namespace(main, 'company.team');
    await world.flow(
      main,
      'id: daily\nnamespace: company.team\ntasks:\n  - id: say\n    type: io.kestra.plugin.core.log.Log\n    message: hello\ntriggers:\n  - id: morning\n    type: io.kestra.plugin.core.trigger.Schedule\n    cron: "0 6 * * *"\n',
    );
  });
  afterAll(() => world.close());

  /** The answer without the binding that is created and deleted. */
  const constant = (data: unknown): string =>
    JSON.stringify(data, (_key, value) =>
      Array.isArray(value) ? value.filter((one) => one?.subject?.id !== idOf('User', other)) : value,
    );

  it('leave no partial answer to any nested shape, on both gateways, by password and by token', async () => {
    const token = await world.token(reader);
    const clients = [0, 1].flatMap((gateway) => [
      world.bearer(token, gateway),
      world.basic('reader', undefined, gateway),
    ]);
    // The expected answer of each shape, without changes.
    const expected = await Promise.all(shapes.map(async (shape) => constant(await clients[0]!.ok(shape))));
    let answers = 0;
    let changes = 0;
    const wrong: unknown[] = [];
    const read = async (client: Client) => {
      for (let i = 0; answers < answersWanted; i += 1, answers += 1) {
        const shape = shapes[i % shapes.length]!;
        const { status, data, errors } = await client.run(shape);
        if (errors.length > 0 || constant(data) !== expected[i % shapes.length])
          wrong.push([status, ...errors.map(({ path, extensions: { code } }) => `${path} ${code}`)]);
      }
    };
    const change = async (administrator: Client) => {
      while (answers < answersWanted) {
        const { data, errors } = await administrator.run<any>(bind, {
          subject: idOf('User', other),
          role: idOf('Role', role),
        });
        const made = data?.createBindings.results[0].binding;
        if (errors.length > 0 || made.role.name !== 'Light' || made.subject.id !== idOf('User', other))
          wrong.push(['the payload of the change', ...errors.map(({ path, message }) => `${path} ${message}`)]);
        if (made) await administrator.ok(unbind, { id: made.id });
        else await world.db.binding.deleteMany({ where: { roleId: role.id } });
        changes += 1;
      }
    };
    await Promise.all([...clients.map(read), change(world.root())]);
    expect(wrong).toEqual([]);
    expect(changes).toBeGreaterThan(10);
  });

  it('refuse a query whose credential is revoked while it runs, instead of answering with half of its permissions', async () => {
    const short = await world.user('short', [main]);
    await world.bind(main, { principal: short }, await world.managed(main, 'Admin'));
    const client = await world.as(short, 1);
    const row = await world.db.apiToken.findFirstOrThrow({ where: { principalId: short.id } });
    const codes = new Set<string>();
    const answers = Array.from({ length: 40 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i * 10));
      for (const code of await client.codes(shapes[i % shapes.length]!)) codes.add(code);
    });
    await world.root().ok(`mutation { revokeApiToken(input: { id: "${idOf('ApiToken', row)}" }) { apiToken { id } } }`);
    await Promise.all(answers);
    expect([...codes]).toEqual(['UNAUTHENTICATED']);
    expect(await client.codes('{ viewer { name } }')).toEqual(['UNAUTHENTICATED']);
  });

  it("apply to the caller's own later fields", async () => {
    const { createBindings } = await world
      .root()
      .ok(bind, { subject: idOf('User', other), role: idOf('Role', await world.managed(main, 'Admin')) });
    const client = await world.as(other);
    const { deleteBindings } = await client.ok(
      `mutation($id: ID!) { deleteBindings(input: { tenantKey: "main", ids: [$id] }) { results { deletedId error { code } } } }`,
      { id: createBindings.results[0].binding.id },
    );
    expect(deleteBindings.results).toEqual([{ deletedId: createBindings.results[0].binding.id, error: null }]);
    expect(await client.codes(shapes[0]!)).toEqual(['FORBIDDEN']);
  });
});
