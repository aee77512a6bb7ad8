import { isIP } from 'node:net';
import type { Credential } from '../../../access/actor.ts';
import { entry, type ResourceName, split } from '../../../access/catalog.ts';
import type { Row } from '../../../access/grant.ts';
import { isInstanceWide, tenantColumn } from '../../../access/resource.ts';
import { badInput, notFound } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { CredentialKind } from '../../../graphql/credential-kind.ts';
import { decodeId, globalId, nodeTypes, readRow } from '../../../graphql/node.ts';
import { onePermission, PermissionInput } from '../../../graphql/permission-input.ts';
import { reachOfPrincipals, subjectNodes } from '../../../graphql/readable-principals.ts';
import { visibleTenant } from '../../../graphql/scopes.ts';
import type { Given } from '../../../policy/answer/circumstances.ts';
import { explain } from '../../../policy/answer/explain.ts';
import { heldOnly } from '../../../policy/past/past.ts';
import { AccessExplanation, type Explained } from './explanation-type.ts';
import { askedAbout } from './may-ask.ts';
import { askedPast, askedPastPrincipal } from './past.ts';
import { assertNamespace } from './who-can.ts';

const CredentialInput = builder.inputType('ExplainCredentialInput', {
  description: 'By what they would sign in.',
  fields: (t) => ({
    kind: t.field({ type: CredentialKind, required: true, description: 'By password or by API token.' }),
    createdAt: t.field({ type: 'DateTime', description: 'When the token was made.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'Until when the token is valid; null: for ever.' }),
    lastUsedAt: t.field({ type: 'DateTime', description: 'When the token was last used; null: never.' }),
  }),
});

const Input = builder.inputType('ExplainAccessInput', {
  description: 'A question about access. What it does not give is not known, and the answer may depend on it.',
  fields: (t) => ({
    permission: t.field({ type: PermissionInput, required: true, description: 'To do what: one action.' }),
    tenant: t.string({ description: 'Key of the tenant; left out: at the instance level.' }),
    subject: t.id({ description: 'Id of a user or service account. Default: the viewer.' }),
    namespace: t.string({ description: 'In this namespace.' }),
    object: t.id({ description: 'With this object, which the viewer must be able to read.' }),
    membersOnly: t.boolean({ description: "Only a change of a group's members, which its owner may make." }),
    ip: t.string({ description: 'The address of the request.' }),
    at: t.field({
      type: 'DateTime',
      description:
        'At this past instant: what was held then, rebuilt from the audit events of the tenant, without policies. Default: now. It excludes object, clock, ip, reason and credential.',
    }),
    clock: t.field({ type: 'DateTime', description: 'The time that policies see. Default: now.' }),
    reason: t.string({ description: 'The reason that the request gives.' }),
    credential: t.field({ type: CredentialInput, description: 'By what they sign in.' }),
  }),
});
type Question = typeof Input.$inferInput;

builder.queryField('explainAccess', (t) =>
  t.field({
    type: AccessExplanation,
    description:
      'Explains what somebody may do, by the engine that would decide. About oneself always; about others it takes ROLE:READ and BINDING:READ as well, in all of the tenant. At a past instant it takes all of these and AUDITLOG:READ, about oneself too.',
    access: { decides: 'TENANT_ACCESS:READ' },
    args: { input: t.arg({ type: Input, required: true, description: 'The question.' }) },
    resolve: (_root, { input }, context) => answer(input, context),
  }),
);

async function answer(input: Question, context: Context): Promise<Explained> {
  const permission = onePermission(input.permission, ['input', 'permission']);
  const [resource, action] = split(permission);
  if (input.tenant != null && entry(resource).level === 'instance')
    throw badInput(['input', 'tenant'], `${permission} belongs to the instance: leave out the tenant.`);
  if (input.namespace != null) {
    if (input.tenant == null) throw badInput(['input', 'tenant'], 'A namespace is in a tenant: say in which.');
    if (input.object != null) throw badInput(['input', 'object'], 'Ask about a namespace or about an object.');
    assertNamespace(input.namespace, permission, ['input', 'namespace']);
  }
  if (input.membersOnly && permission !== 'GROUP:UPDATE')
    throw badInput(['input', 'membersOnly'], `It is for GROUP:UPDATE, not for ${resource}:${action}.`);
  const given = givenBy(input);
  if (input.at != null) assertPast(input);

  const tenant = input.tenant == null ? undefined : await visibleTenant(context, input.tenant);
  if (input.tenant != null && !tenant) throw notFound('The tenant');
  const place = tenant ? { tenantId: tenant.id } : {};
  const { session } = context;
  const [engine, principal] =
    input.at == null
      ? [context.engine, await askedAbout(context, input.subject, place, ['input', 'subject'])]
      : [heldOnly, await askedThen(input.at, input.subject, tenant!.id, context)];
  const row = await rowOf(input, resource, tenant?.id, context);
  const scope = { ...place, ...(input.membersOnly && { part: 'members' as const }) };
  // Who impersonates asks about the two of them.
  const actor = principal === session.principal && session.identity.impersonator && session.actorFor(tenant?.id);
  const explanation = explain(engine, {
    principal,
    given,
    permission,
    scope,
    ...(row && { row }),
    ...(actor && { actor }),
  });
  const nodes = await subjectNodes(
    context.db,
    [principal.id],
    reachOfPrincipals(context.session, tenant ? [place] : []),
  );
  return { ...explanation, tenantKey: tenant?.key ?? null, subject: nodes.get(principal.id) ?? null };
}

/** Policies of a past day are not kept, and neither are objects: what only they look at is not asked about then. */
function assertPast(input: Question): void {
  if (input.tenant == null) throw badInput(['input', 'tenant'], 'A past instant belongs to a tenant: name the tenant.');
  for (const name of ['object', 'clock', 'ip', 'reason', 'credential'] as const)
    if (input[name] != null)
      throw badInput(['input', name], `At a past instant no policy is asked: leave out ${name}, or leave out at.`);
}

/** The subject, or the viewer, as of a past instant. */
async function askedThen(at: Date, subject: Question['subject'], tenantId: string, context: Context) {
  const past = await askedPast(context, tenantId, at, ['input', 'at']);
  const { kind, id } = context.session.principal;
  const own = () => globalId(kind === 'USER' ? 'User' : 'ServiceAccount', id);
  return askedPastPrincipal(context, past, tenantId, at, subject ?? own(), ['input']);
}

function givenBy({ ip, at, clock, reason, credential }: Question): Given {
  if (ip != null && isIP(ip) === 0) throw badInput(['input', 'ip'], 'This is no address.');
  return {
    now: at ?? clock ?? new Date(),
    ...(ip != null && { ip }),
    ...(reason != null && { reason }),
    ...(credential && { credential: credentialOf(credential) }),
  };
}

/** Null is known: a token without an end. What is left out is not. */
function credentialOf({ kind, createdAt, ...dates }: typeof CredentialInput.$inferInput): Credential {
  if (kind === 'PASSWORD') return { kind: 'basic' };
  const known = Object.entries({ createdAt: createdAt ?? undefined, ...dates }).filter(
    ([, date]) => date !== undefined,
  );
  return { kind: 'api-token', ...Object.fromEntries(known) };
}

/** What is known of the row. @throws NOT_FOUND for an object that the viewer may not read, or of another tenant. */
async function rowOf(
  { namespace, object }: Question,
  resource: ResourceName,
  tenantId: string | undefined,
  context: Context,
): Promise<Row | undefined> {
  if (namespace != null) return { tenantId: tenantId!, namespace };
  if (object == null) return undefined;
  const types = nodeTypes().filter((type) => type.resource === resource);
  const path = ['input', 'object'];
  if (types.length === 0) throw badInput(path, `${resource} has no objects to ask about.`);
  const { typename, id } = decodeId(
    String(object),
    types.map((type) => type.typename),
    path,
  );
  const row = await readRow(context, types.find((type) => type.typename === typename)!, id);
  const home = row && !isInstanceWide(resource) ? (row[tenantColumn(resource)] ?? undefined) : undefined;
  if (!row || home !== tenantId) throw notFound('The object');
  return row;
}
