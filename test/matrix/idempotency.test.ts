import { type GraphQLObjectType, type GraphQLOutputType, getNamedType, isLeafType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Permission } from '../../src/access/catalog.ts';
import { deriveKeys } from '../../src/auth/keys.ts';
import { nodeTypes } from '../../src/graphql/node.ts';
import { plainTypes } from '../../src/graphql/replay.ts';
import { open } from '../../src/lib/envelope.ts';
import { schema } from '../../src/schema.ts';
import type { Client } from '../support/client.ts';
import { flowSource } from '../support/flows.ts';
import { idOf, masterKey, password } from '../support/world.ts';
import { actors, mayExpect } from './expected.ts';
import { mutations } from './mutations.ts';
import { Stage } from './stage.ts';

const fields = schema.getMutationType()!.getFields();
const inputOf = (field: string) => getNamedType(fields[field]!.args[0]!.type) as unknown as GraphQLObjectType;
const takesKey = (field: string) => 'idempotencyKey' in inputOf(field).getFields();
const nodes = new Set(nodeTypes().map(({ typename }) => typename));

/** Everything that a payload answers, objects by what needs no permission of its own. */
function selection(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  if (nodes.has(named.name) || !isObjectType(named)) return '{ __typename id }';
  const inner = Object.values(named.getFields()).filter(
    ({ name, type: of, args }) =>
      args.length === 0 &&
      !['changes', 'hiddenChanges', 'impact'].includes(name) &&
      // A member or a file is told by its scalars.
      (isLeafType(getNamedType(of)) || !['GroupMember', 'NamespaceFile'].includes(named.name)),
  );
  return `{ ${inner.map((field) => `${field.name} ${selection(field.type)}`).join(' ')} }`;
}
const documentOf = (field: string) =>
  `mutation($i: ${inputOf(field).name}!) { ${field}(input: $i) ${selection(fields[field]!.type)} }`;

interface Case {
  readonly field: string;
  readonly permission: string;
  readonly make: (stage: Stage) => Promise<{ client: Client; input: Record<string, unknown> }>;
}

const byPassword = new Set(['setUserPassword']);
const cases: Case[] = Object.entries(mutations).flatMap(([permission, byField]) =>
  Object.entries(byField).map(([field, make]) => ({
    field,
    permission,
    async make(stage: Stage) {
      const actor = actors.find((one) => mayExpect(permission, one))!;
      const client = await stage.actor(actor, permission as Permission, [], byPassword.has(field));
      return { client, input: (await make(stage)).variables['i'] as Record<string, unknown> };
    },
  })),
);
const elsewhere: Record<string, (stage: Stage) => Promise<{ client: Client; input: Record<string, unknown> }>> = {
  changeMyPassword: async (stage) => {
    const user = await stage.world.user(stage.name('own'), [], { password });
    return {
      client: stage.world.basic(user.username),
      input: { currentPassword: password, newPassword: `${password} of ${user.id}` },
    };
  },
  setSuperAdmin: async (stage) => ({
    client: stage.world.root(),
    input: { subject: idOf('User', await stage.world.user(stage.name('super'))), superAdmin: true },
  }),
  applyDescription: async (stage) => ({
    client: stage.world.root(),
    input: { tenant: 'a', description: { groups: [{ name: stage.name('Described') }] } },
  }),
  validateFlow: async (stage) => ({
    client: await stage.actor('tenant binding', 'FLOW:READ'),
    input: { tenant: 'a', source: flowSource('company.x', stage.name('valid')) },
  }),
  useBlueprint: async (stage) => {
    const client = await stage.actor('tenant binding', 'BLUEPRINT:READ', ['FLOW:CREATE']);
    const [first] = (await client.ok('{ tenant(key: "a") { blueprints(first: 1) { nodes { id } } } }')).tenant
      .blueprints.nodes;
    return { client, input: { tenant: 'a', blueprint: first.id, namespace: 'company.x', flowId: stage.name('used') } };
  },
  updateMySettings: async (stage) => ({
    client: await stage.actor('tenant binding', 'FLOW:READ'),
    input: { settings: { pageSize: 7, language: stage.name('l').slice(0, 2) === 'l-' ? 'en' : 'de' } },
  }),
};
for (const [field, make] of Object.entries(elsewhere)) cases.push({ field, permission: 'its own', make });

// Written whoever asks and whatever comes of it: uses of tokens and rights, records of decisions.
const besides = new Set(['ApiToken', 'Decision', 'PermissionUse', 'SignInFailure', '_prisma_migrations']);

describe('a mutation that is sent twice with one idempotencyKey', () => {
  let stage: Stage;
  let tables: string[];
  beforeAll(async () => {
    stage = await Stage.create();
    const rows = await stage.world.db.$queryRaw<{ name: string }[]>`
      SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`;
    tables = rows.map(({ name }) => name).filter((name) => !besides.has(name));
  });
  afterAll(() => stage.world.close());

  /** What stands in every table, in one text. */
  async function everything(): Promise<string> {
    const parts = tables.map(
      (name) =>
        `SELECT '${name}' AS name, md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) AS hash FROM "${name}" t`,
    );
    return JSON.stringify(await stage.world.db.$queryRawUnsafe(parts.join(' UNION ALL ')));
  }
  const events = () => stage.world.db.auditEvent.count({ where: { outcome: 'SUCCESS' } });

  it('is every one of the schema, but those of engines that may be repeated anyway', () => {
    const tried = new Set(cases.map(({ field }) => field));
    const telemetry = 'heartbeat claimTriggers reportTriggers claimCommands reportExecutions reportLogs reportMetrics';
    expect(
      Object.keys(fields)
        .filter((field) => !takesKey(field))
        .sort(),
    ).toEqual(telemetry.split(' ').sort());
    expect(Object.keys(fields).filter((field) => takesKey(field) && !tried.has(field))).toEqual([]);
  });

  it('is kept by ids, but for types that are known to hold no row', () => {
    const plain = Object.entries(fields)
      .filter(([field]) => takesKey(field))
      .flatMap(([, { type }]) => [...plainTypes(type)].slice(1).map(({ name }) => name));
    expect([...new Set(plain)].sort()).toEqual([
      'BindingResult',
      'DeleteExecutionResult',
      'DeletedBindingResult',
      'ImportedFlow',
      'ItemError',
      'Policy',
      'SourceIssue',
      'TriggerResult',
    ]);
  });

  it.each(cases.filter(({ field }) => takesKey(field)))('$permission by $field', async ({ field, make }) => {
    const { client, input } = await make(stage);
    const key = stage.name('key');
    const document = documentOf(field);
    const send = (content: object) => client.run<any>(document, { i: { ...content, idempotencyKey: key } });
    const first = await send(input);
    expect(first.errors).toEqual([]);
    const [before, told] = [await everything(), await events()];

    const changedPassword = field === 'changeMyPassword';
    const again = changedPassword
      ? await stage.world
          .basic(await nameOf(stage, first), String(input['newPassword']))
          .run<any>(document, { i: { ...input, idempotencyKey: key } })
      : await send({ ...input, ...(field !== 'validateFlow' && { reason: 'said otherwise' }) });
    expect(again.errors).toEqual([]);
    const known = first.data[field].fullToken as string | undefined;
    if (known !== undefined) {
      expect(known).toMatch(/^gth_/);
      first.data[field].fullToken = null;
    }
    // Who gives access need not be one who reads users: told who it was once, they know.
    if (field === 'grantTenantAccess') first.data[field].user = null;
    expect(again.data).toEqual(first.data);
    expect(await events()).toBe(told);
    expect(await everything()).toBe(before);

    // Neither what was asked nor what is shown once can be read out of what is kept, not even by who has the key.
    const row = await stage.world.db.idempotencyKey.findFirstOrThrow({ where: { key } });
    const owner = [row.principalId, row.impersonatorId, row.key];
    const kept = open(deriveKeys(masterKey).idempotency[0]!, row.answer, owner).toString();
    for (const secret of [known, input['password'], input['currentPassword'], input['newPassword'], input['value']])
      if (typeof secret === 'string' && secret.length > 4) expect(kept + JSON.stringify(row)).not.toContain(secret);
    expect(kept).not.toMatch(/argon2|passwordHash|"sealed"|gth_[0-9A-Za-z]{36}/);

    const { input: other } = await make(stage);
    if (JSON.stringify(other) === JSON.stringify(input) || changedPassword) return;
    const otherwise = await send(other);
    expect(otherwise.errors.map(({ extensions }) => extensions.code)).toEqual(['CONFLICT']);
    expect(await events()).toBeGreaterThanOrEqual(told);
  });
});

const nameOf = async (stage: Stage, { data }: { data: any }): Promise<string> => {
  const id = Buffer.from(data.changeMyPassword.user.id, 'base64').toString().split(':')[1]!;
  return (await stage.world.db.user.findUniqueOrThrow({ where: { id } })).username;
};
