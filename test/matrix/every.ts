import { type GraphQLObjectType, type GraphQLOutputType, getNamedType, isLeafType, isObjectType } from 'graphql';
import type { Permission } from '../../src/access/catalog.ts';
import { partOf } from '../../src/graphql/mutation/replay.ts';
import { nodeTypes } from '../../src/graphql/node.ts';
import { schema } from '../../src/schema.ts';
import { signedIn } from '../auth/tools.ts';
import { Authenticator } from '../support/authenticator.ts';
import type { Client } from '../support/client.ts';
import { flowSource } from '../support/flows.ts';
import { idOf, password } from '../support/world.ts';
import { enrolled, passkeyOf } from './cells/second-factor.ts';
import { actors, mayExpect } from './expected.ts';
import { mutations } from './mutations.ts';
import { byPassword, type Stage } from './stage.ts';

export const fields = schema.getMutationType()!.getFields();
const inputOf = (field: string) => getNamedType(fields[field]!.args[0]!.type) as unknown as GraphQLObjectType;
export const inputTypeOf = (field: string): string => inputOf(field).name;
/** The others are reported by engines and have no audit event. */
export const takesKey = (field: string) => 'idempotencyKey' in inputOf(field).getFields();
const nodes = new Set(nodeTypes().map(({ typename }) => typename));

/** Selects everything in a payload, objects by fields without a permission of their own. */
function selection(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  if (nodes.has(named.name) || !isObjectType(named)) return '{ __typename id }';
  // A part of an object, such as a member of a group, is read with it.
  if (partOf(named.name)) return '{ __typename }';
  const inner = Object.values(named.getFields()).filter(
    ({ name, args, extensions }) =>
      args.length === 0 && extensions['access'] === undefined && !['changes', 'hiddenChanges', 'impact'].includes(name),
  );
  return `{ ${inner.map((field) => `${field.name} ${selection(field.type)}`).join(' ')} }`;
}
export const documentOf = (field: string) =>
  `mutation($i: ${inputOf(field).name}!) { ${field}(input: $i) ${selection(fields[field]!.type)} }`;

/** A mutation of the schema, with an actor who is allowed to perform it. */
export interface Case {
  readonly field: string;
  readonly permission: string;
  readonly make: (stage: Stage) => Promise<{ client: Client; input: Record<string, unknown> }>;
}

export const cases: Case[] = Object.entries(mutations).flatMap(([permission, byField]) =>
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
  beginSecondFactor: async (stage) => {
    const user = await stage.world.user(stage.name('own'), [], { password });
    return { client: stage.world.basic(user.username), input: { currentPassword: password } };
  },
  confirmSecondFactor: (stage) => withFactor(stage, false),
  createRecoveryCodes: (stage) => withFactor(stage, true),
  removeMySecondFactor: (stage) => withFactor(stage, true),
  beginPasskey: async (stage) => {
    const user = await stage.world.user(stage.name('own'), [], { password });
    return { client: stage.world.basic(user.username), input: { currentPassword: password } };
  },
  createPasskey: async ({ world, name }) => {
    const user = await world.user(name('own'), [], { password });
    const { client } = await signedIn(world, user.username, password);
    const begin = 'mutation($i: BeginPasskeyInput!) { beginPasskey(input: $i) { options } }';
    const { options } = (await client.ok<any>(begin, { i: { currentPassword: password } })).beginPasskey;
    const response = new Authenticator(world.app.services.links.origin!).create(options);
    return { client, input: { name: name('Key'), response } };
  },
  renamePasskey: async (stage) => {
    const { client, id } = await withPasskey(stage);
    return { client, input: { id, name: stage.name('Renamed') } };
  },
  deleteMyPasskey: async (stage) => {
    const { client, id } = await withPasskey(stage);
    return { client, input: { id, currentPassword: password } };
  },
  setSuperAdmin: async (stage) => ({
    client: stage.world.root(),
    input: { subject: idOf('User', await stage.world.user(stage.name('super'))), superAdmin: true },
  }),
  applyDescription: async (stage) => ({
    client: stage.world.root(),
    input: { tenantKey: 'a', description: { groups: [{ name: stage.name('Described') }] } },
  }),
  validateFlow: async (stage) => ({
    client: await stage.actor('tenant binding', 'FLOW:READ'),
    input: { tenantKey: 'a', source: flowSource('company.x', stage.name('valid')) },
  }),
  useBlueprint: async (stage) => {
    const client = await stage.actor('tenant binding', 'BLUEPRINT:READ', ['FLOW:CREATE']);
    const [first] = (await client.ok('{ tenant(key: "a") { blueprints(first: 1) { nodes { id } } } }')).tenant
      .blueprints.nodes;
    return {
      client,
      input: { tenantKey: 'a', blueprint: first.id, namespaceName: 'company.x', flowId: stage.name('used') },
    };
  },
  updateMySettings: async (stage) => ({
    client: await stage.actor('tenant binding', 'FLOW:READ'),
    input: { settings: { pageSize: 7, language: stage.name('l').slice(0, 2) === 'l-' ? 'en' : 'de' } },
  }),
};
/** A person in a session, with a passkey. */
async function withPasskey({ world, name }: Stage) {
  const user = await world.user(name('own'), [], { password });
  const { client } = await signedIn(world, user.username, password);
  const key = await passkeyOf(world, user.id);
  return { client, id: idOf('Passkey', key) };
}
/** A person in a session, with a second factor and a code of it. */
async function withFactor({ world, name }: Stage, isConfirmed: boolean) {
  const user = await world.user(name('own'), [], { password });
  const { client } = await signedIn(world, user.username, password);
  const code = await enrolled(world, user.id, isConfirmed);
  return { client, input: { code: code() } };
}
for (const [field, make] of Object.entries(elsewhere)) cases.push({ field, permission: 'its own', make });

// Written for every actor and result: uses of tokens and permissions, decisions with their evidence.
const besides = new Set([
  'AccessContent',
  'ApiToken',
  'Decision',
  'PermissionUse',
  'SignInFailure',
  '_prisma_migrations',
]);

/** A fingerprint of the tables: each row has the number of the transaction that wrote it. */
export async function everything({ world: { db } }: Stage): Promise<string> {
  const rows = await db.$queryRaw<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`;
  const parts = rows
    .filter(({ name }) => !besides.has(name))
    .map(
      ({ name }) =>
        `SELECT '${name} ' || count(*) || ' ' || coalesce(sum(xmin::text::bigint), 0) AS state FROM "${name}"`,
    );
  return JSON.stringify(await db.$queryRawUnsafe(parts.join(' UNION ALL ')));
}
