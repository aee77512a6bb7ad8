import type { Permission } from '../../src/access/catalog.ts';
import { idOf } from '../support/world.ts';
import { cells } from './cells.ts';
import type { Stage } from './stage.ts';
import { connection, data, nested, node, type Reading } from './ways.ts';

const person = (stage: Stage) => idOf('User', stage.person);
const account = (stage: Stage) => idOf('ServiceAccount', stage.account);
const group = (stage: Stage) => idOf('Group', stage.group);
const role = (stage: Stage) => idOf('Role', stage.emptyRole);
const namespace = (stage: Stage) => idOf('Namespace', stage.namespace);
const binding = (stage: Stage) => idOf('Binding', stage.binding);
const groupBinding = (stage: Stage) => idOf('Binding', stage.groupBinding);
const event = (stage: Stage) => idOf('AuditEvent', stage.event);
const token = (stage: Stage) => idOf('ApiToken', { id: stage.tokenId });
const memberSubjects = '{ tenant(key: "a") { groups { nodes { members { nodes { subject { id } } } } } } }';
const membersOf = (d: any) => d?.tenant?.groups?.nodes.flatMap((g: any) => g.members?.nodes ?? []) ?? [];

/** The link of an object to its tenant or namespace. Readable with the object: `besides`. */
const link = (
  typename: string,
  id: (stage: Stage) => string,
  field: string,
  besides: readonly Permission[],
): Reading => ({
  way: 'nested',
  besides,
  sees: async (client, stage) => {
    const query = `query($id: ID!) { node(id: $id) { ... on ${typename} { ${field} { id } } } }`;
    const linked = (await data(client, query, { id: id(stage) }))?.node?.[field]?.id;
    return linked !== undefined && linked === (field === 'tenant' ? idOf('Tenant', stage.a) : namespace(stage));
  },
});
const linked: readonly [string, (stage: Stage) => string, Permission][] = [
  ['Flow', (stage) => idOf('Flow', stage.flow), 'FLOW:READ'],
  ['Trigger', (stage) => idOf('Trigger', stage.trigger), 'TRIGGER:READ'],
  ['Execution', (stage) => idOf('Execution', stage.executions.execution), 'EXECUTION:READ'],
  ['Secret', (stage) => idOf('Secret', stage.secret), 'SECRET:READ'],
  ['KeyValue', (stage) => idOf('KeyValue', stage.keyValue), 'KVSTORE:READ'],
  ['Binding', binding, 'BINDING:READ'],
];

/** Queries about the access of others: they require all of these in the tenant. */
const answers = (besides: readonly Permission[]): Reading[] => [
  nested(
    besides,
    '{ tenant(key: "a") { whoCan(first: 100, permission: { resource: TENANT, actions: [READ] }) { nodes { id } } } }',
    (d, s) => d?.tenant?.whoCan?.nodes.some((n: any) => n.id === person(s)),
  ),
  {
    way: 'nested',
    besides,
    sees: async (client, stage) =>
      (
        await data(client, 'query($s: ID!) { tenant(key: "a") { effectivePermissions(subject: $s) { resource } } }', {
          s: person(stage),
        })
      )?.tenant?.effectivePermissions?.some((one: any) => one.resource === 'TENANT') ?? false,
  },
  {
    way: 'get',
    besides,
    sees: async (client, stage) =>
      (
        await data(client, 'query($i: ExplainAccessInput!) { explainAccess(input: $i) { answer subject { id } } }', {
          i: { permission: { resource: 'TENANT', actions: ['READ'] }, tenantKey: 'a', subject: person(stage) },
        })
      )?.explainAccess?.subject?.id === person(stage),
  },
];

/** Every way to read each resource. A resource with a table must be here or in `cells`: a test asserts it. */
export const reads: Record<string, readonly Reading[]> = {
  ...Object.assign({}, ...cells.map((part) => part.reads)),
  TENANT: [
    {
      way: 'list',
      sees: async (client) =>
        (await data(client, '{ tenants { nodes { key } } }'))?.tenants?.nodes.some((n: any) => n.key === 'a') ?? false,
    },
    {
      way: 'count',
      sees: async (client) =>
        (await data(client, '{ tenants(where: { key: "a" }) { totalCount } }'))?.tenants?.totalCount === 1,
    },
    { way: 'get', sees: async (client) => (await data(client, '{ tenant(key: "a") { key } }'))?.tenant?.key === 'a' },
    node((stage) => idOf('Tenant', stage.a)),
    {
      way: 'nested',
      sees: async (client) =>
        (await data(client, '{ viewer { tenants { nodes { key } } } }'))?.viewer?.tenants?.nodes.some(
          (n: any) => n.key === 'a',
        ) ?? false,
    },
    link('Flow', (stage) => idOf('Flow', stage.flow), 'tenant', ['FLOW:READ']),
    link('Group', group, 'tenant', ['GROUP:READ']),
    link('Role', role, 'tenant', ['ROLE:READ']),
    link('AuditEvent', event, 'tenant', ['AUDITLOG:READ']),
  ],
  USER: [
    {
      way: 'list',
      sees: async (client, stage) =>
        (await data(client, '{ users(first: 100) { nodes { id } } }'))?.users?.nodes.some(
          (n: any) => n.id === person(stage),
        ) ?? false,
    },
    node(person),
    {
      way: 'count',
      // Everyone counts themselves.
      sees: async (client) => ((await data(client, '{ users { totalCount } }'))?.users?.totalCount ?? 0) > 1,
    },
    nested(['TENANT_ACCESS:READ'], '{ tenant(key: "a") { users(first: 100) { nodes { id superAdmin } } } }', (d, s) =>
      d?.tenant?.users?.nodes.some((n: any) => n.id === person(s) && n.superAdmin === false),
    ),
  ],
  TENANT_ACCESS: [
    {
      way: 'list',
      sees: async (client, stage) =>
        (await data(client, '{ tenant(key: "a") { users(first: 100) { nodes { id } } } }'))?.tenant?.users?.nodes.some(
          (n: any) => n.id === person(stage),
        ) ?? false,
    },
    node(person),
    {
      way: 'count',
      sees: async (client) =>
        ((await data(client, '{ tenant(key: "a") { users { totalCount } } }'))?.tenant?.users?.totalCount ?? 0) > 1,
    },
    nested(['GROUP:READ'], memberSubjects, (d, s) => membersOf(d).some((m: any) => m.subject?.id === person(s))),
    ...answers(['ROLE:READ', 'BINDING:READ']),
  ],
  SERVICE_ACCOUNT: [
    ...connection('serviceAccounts', account),
    node(account),
    nested(['GROUP:READ'], memberSubjects, (d, s) => membersOf(d).some((m: any) => m.subject?.id === account(s))),
  ],
  API_TOKEN: [
    ...connection('apiTokens', token),
    node(token),
    nested(
      ['SERVICE_ACCOUNT:READ'],
      '{ tenant(key: "a") { serviceAccounts { nodes { apiTokens { nodes { id } } } } } }',
      (d, s) =>
        d?.tenant?.serviceAccounts?.nodes.some((n: any) => n.apiTokens?.nodes.some((t: any) => t.id === token(s))),
    ),
  ],
  GROUP: [
    ...connection('groups', group),
    node(group),
    nested(
      ['SERVICE_ACCOUNT:READ'],
      '{ tenant(key: "a") { serviceAccounts { nodes { groups { nodes { id } } } } } }',
      (d, s) => d?.tenant?.serviceAccounts?.nodes.some((n: any) => n.groups?.nodes.some((g: any) => g.id === group(s))),
    ),
  ],
  ROLE: [
    ...connection('roles', role),
    node(role),
    nested(['BINDING:READ'], '{ tenant(key: "a") { bindings(first: 100) { nodes { role { id } } } } }', (d, s) =>
      d?.tenant?.bindings?.nodes.some((n: any) => n.role?.id === role(s)),
    ),
    ...answers(['TENANT_ACCESS:READ', 'BINDING:READ']),
  ],
  BINDING: [
    ...connection('bindings', binding),
    node(binding),
    nested(
      ['GROUP:READ'],
      'query($group: ID!) { node(id: $group) { ... on Group { bindings { nodes { id } } } } }',
      (d, s) => d?.node?.bindings?.nodes.some((n: any) => n.id === groupBinding(s)),
    ),
    nested(
      [],
      '{ tenant(key: "a") { bindings(first: 100, where: { reaching: "company.x.deep" }) { nodes { id } } } }',
      (d, s) => d?.tenant?.bindings?.nodes.some((n: any) => n.id === binding(s)),
    ),
  ],
  NAMESPACE: [
    ...connection('namespaces', namespace),
    node(namespace),
    {
      way: 'get',
      sees: async (client, stage) =>
        (await data(client, '{ tenant(key: "a") { namespace(name: "company.x") { id } } }'))?.tenant?.namespace?.id ===
        namespace(stage),
    },
    nested([], '{ tenant(key: "a") { namespace(name: "company") { children { nodes { id } } } } }', (d, s) =>
      d?.tenant?.namespace?.children?.nodes.some((n: any) => n.id === namespace(s)),
    ),
    ...linked.map(([typename, id, permission]) => link(typename, id, 'namespace', [permission])),
  ],
  SECRET: [
    node((stage) => idOf('Secret', stage.secret)),
    nested(
      ['NAMESPACE:READ'],
      '{ tenant(key: "a") { namespace(name: "company.x") { secrets { nodes { id } totalCount } } } }',
      (d, s) => d?.tenant?.namespace?.secrets?.nodes.some((n: any) => n.id === idOf('Secret', s.secret)),
    ),
    nested(
      ['NAMESPACE:READ'],
      '{ tenant(key: "a") { namespace(name: "company.x") { inheritedSecrets { key } } } }',
      (d, s) => d?.tenant?.namespace?.inheritedSecrets?.some((n: any) => n.key === s.secret.key) ?? false,
    ),
    nested(
      ['NAMESPACE:READ'],
      '{ tenant(key: "a") { namespace(name: "company.x") { externalSecrets { key } } } }',
      (d) => d?.tenant?.namespace?.externalSecrets?.some((n: any) => n.key === 'IN_VAULT') ?? false,
    ),
  ],
  AUDITLOG: [
    {
      way: 'list',
      sees: async (client, stage) =>
        (
          await data(
            client,
            '{ tenant(key: "a") { auditEvents(first: 100, where: { namespaceName: "company.x" }) { nodes { id } } } }',
          )
        )?.tenant?.auditEvents?.nodes.some((n: any) => n.id === event(stage)) ?? false,
    },
    {
      way: 'count',
      sees: async (client) =>
        ((await data(client, '{ tenant(key: "a") { auditEvents { totalCount } } }'))?.tenant?.auditEvents?.totalCount ??
          0) > 0,
    },
    node(event),
    nested(
      ['NAMESPACE:READ'],
      '{ tenant(key: "a") { namespace(name: "company.x") { auditEvents { nodes { id } } } } }',
      (d, s) => d?.tenant?.namespace?.auditEvents?.nodes.some((n: any) => n.id === event(s)),
    ),
    {
      way: 'subscription',
      sees: async (client) => {
        const end = new AbortController();
        for await (const { data: item } of client.sse<any>(
          'subscription { auditEvents(tenantKey: "a") { cursor } }',
          {},
          end.signal,
        )) {
          end.abort();
          return Boolean(item?.auditEvents?.cursor);
        }
        return false;
      },
    },
  ],
  POLICY: [
    { way: 'list', sees: async (client) => ((await data(client, '{ policies { name } }'))?.policies?.length ?? 0) > 0 },
  ],
  IMPERSONATE: [
    {
      way: 'get',
      sees: async (client) =>
        (await data(client.as({ 'x-gatehouse-impersonate': 'person' }), '{ viewer { name impersonatedBy } }'))?.viewer
          ?.name === 'person',
    },
  ],
};
