import { isIP } from 'node:net';
import type { Credential } from '../../../access/actor.ts';
import { entry, type ResourceName, split } from '../../../access/catalog.ts';
import type { Row } from '../../../access/grant.ts';
import { isInstanceWide, tenantColumn } from '../../../access/resource.ts';
import { secondFactors, sessionMethods } from '../../../auth/methods.ts';
import { badInput, notFound } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { CredentialKind } from '../../../graphql/credential-kind.ts';
import { decodeId, globalId, nodeTypes, readRow } from '../../../graphql/node.ts';
import { onePermission, PermissionInput } from '../../../graphql/permission-input.ts';
import { reachOfPrincipals, subjectNodes } from '../../../graphql/readable-principals.ts';
import { visibleTenant } from '../../../graphql/scopes.ts';
import { SecondFactorKindEnum, SessionMethod } from '../../../graphql/session-method.ts';
import type { Given } from '../../../policy/answer/circumstances.ts';
import { explain } from '../../../policy/answer/explain.ts';
import { engineWithoutPolicies } from '../../../policy/past/past-access.ts';
import { AccessExplanation, type Explained } from './explanation-type.ts';
import { askedAbout } from './may-ask.ts';
import { askedPast, askedPastPrincipal } from './past.ts';
import { assertNamespace } from './who-can.ts';

const CredentialInput = builder.inputType('ExplainCredentialInput', {
  description: 'Assumed credential.',
  fields: (t) => ({
    kind: t.field({ type: CredentialKind, required: true, description: 'Password, API token, workload or session.' }),
    method: t.field({ type: SessionMethod, description: 'How the person signed in to the session.' }),
    provider: t.string({
      description: 'Name of the provider by which the person signed in to the session; null for none.',
    }),
    issuer: t.string({ description: 'Issuer of the token of a workload.' }),
    tokenSubject: t.string({ description: 'Subject of the token of a workload.' }),
    createdAt: t.field({ type: 'DateTime', description: 'When the token was created, or the person signed in.' }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When the token or session expires; null if it never expires.',
    }),
    lastUsedAt: t.field({ type: 'DateTime', description: 'When the token or session was last used; null if never.' }),
    provedAt: t.field({ type: 'DateTime', description: 'When the person last proved who they are in the session.' }),
    secondFactor: t.field({
      type: SecondFactorKindEnum,
      description: 'The second factor that the person gave in the session; null for none.',
    }),
    secondFactorAt: t.field({ type: 'DateTime', description: 'When the person gave it; null if they did not.' }),
  }),
});

const Input = builder.inputType('ExplainAccessInput', {
  description: 'A question about access. Omitted facts are unknown, and the answer can depend on them.',
  fields: (t) => ({
    permission: t.field({ type: PermissionInput, required: true, description: 'Permission with exactly one action.' }),
    tenantKey: t.string({ description: 'Key of the tenant. Omit for the instance level.' }),
    subject: t.id({ description: 'ID of a user or service account. Defaults to the viewer.' }),
    namespaceName: t.string({ description: 'Full name of the namespace.' }),
    object: t.id({ description: 'ID of an object that the viewer can read.' }),
    membersOnly: t.boolean({
      description: 'True to ask only about the members of a group, which its owners can also change.',
    }),
    ip: t.string({ description: 'IP address of the request.' }),
    at: t.field({
      type: 'DateTime',
      description:
        'Past time. Access at that time is rebuilt from the audit events of the tenant, without policies. Defaults to now. Excludes object, clock, ip, reason and credential.',
    }),
    clock: t.field({ type: 'DateTime', description: 'Time that policies see. Defaults to now.' }),
    reason: t.string({ description: 'Reason of the request.' }),
    credential: t.field({ type: CredentialInput, description: 'Credential of the request.' }),
  }),
});
type Question = typeof Input.$inferInput;

builder.queryField('explainAccess', (t) =>
  t.field({
    type: AccessExplanation,
    description:
      'Explains an access decision, with the engine that makes it. For other subjects than the viewer, it also requires ROLE:READ and BINDING:READ in the whole tenant. With a past time, it requires all of these and AUDITLOG:READ, also for the viewer.',
    access: { decides: 'TENANT_ACCESS:READ' },
    args: { input: t.arg({ type: Input, required: true, description: 'The question.' }) },
    resolve: (_root, { input }, context) => answer(input, context),
  }),
);

async function answer(input: Question, context: Context): Promise<Explained> {
  const permission = onePermission(input.permission, ['input', 'permission']);
  const [resource, action] = split(permission);
  if (input.tenantKey != null && entry(resource).level === 'instance')
    throw badInput(['input', 'tenantKey'], `${permission} belongs to the instance. Omit tenantKey.`);
  if (input.namespaceName != null) {
    if (input.tenantKey == null)
      throw badInput(['input', 'tenantKey'], 'A namespace requires a tenant. Set tenantKey.');
    if (input.object != null) throw badInput(['input', 'object'], 'Set either namespaceName or object.');
    assertNamespace(input.namespaceName, permission, ['input', 'namespaceName']);
  }
  if (input.membersOnly && permission !== 'GROUP:UPDATE')
    throw badInput(['input', 'membersOnly'], `membersOnly requires GROUP:UPDATE, not ${resource}:${action}.`);
  const given = givenBy(input);
  if (input.at != null) assertPast(input);

  const tenant = input.tenantKey == null ? undefined : await visibleTenant(context, input.tenantKey);
  if (input.tenantKey != null && !tenant) throw notFound('The tenant');
  const place = tenant ? { tenantId: tenant.id } : {};
  const { session } = context;
  const [engine, principal] =
    input.at == null
      ? [context.engine, await askedAbout(context, input.subject, place, ['input', 'subject'])]
      : [engineWithoutPolicies, await askedThen(input.at, input.subject, tenant!.id, context)];
  const row = await rowOf(input, resource, tenant?.id, context);
  const scope = { ...place, ...(input.membersOnly && { part: 'members' as const }) };
  // While impersonating, the question is about both actors.
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

/** Policies and objects of the past are not kept, so facts that only they use are refused. */
function assertPast(input: Question): void {
  if (input.tenantKey == null) throw badInput(['input', 'tenantKey'], 'A past time requires a tenant. Set tenantKey.');
  for (const name of ['object', 'clock', 'ip', 'reason', 'credential'] as const)
    if (input[name] != null)
      throw badInput(['input', name], `Policies are not evaluated for a past time. Omit either ${name} or at.`);
}

/** The subject, or the viewer, at a past time. */
async function askedThen(at: Date, subject: Question['subject'], tenantId: string, context: Context) {
  const past = await askedPast(context, tenantId, at, ['input', 'at']);
  const { kind, id } = context.session.principal;
  const own = () => globalId(kind === 'USER' ? 'User' : 'ServiceAccount', id);
  return askedPastPrincipal(context, past, tenantId, at, subject ?? own(), ['input']);
}

function givenBy({ ip, at, clock, reason, credential }: Question): Given {
  if (ip != null && isIP(ip) === 0) throw badInput(['input', 'ip'], 'Not an IP address.');
  return {
    now: at ?? clock ?? new Date(),
    ...(ip != null && { ip }),
    ...(reason != null && { reason }),
    ...(credential && { credential: credentialOf(credential) }),
  };
}

/** Null is a known value (a token that never expires), an omitted one is unknown. */
function credentialOf(given: typeof CredentialInput.$inferInput): Credential {
  const { kind, createdAt, method, provider, provedAt, secondFactor, secondFactorAt, ...more } = given;
  const { issuer, tokenSubject: subject, ...dates } = more;
  if (kind !== 'SESSION' && (provedAt != null || secondFactor != null || secondFactorAt != null))
    throw badInput(['input', 'credential'], 'Only a session has a proof and a second factor. Omit them.');
  if (kind !== 'WORKLOAD' && (issuer != null || subject != null))
    throw badInput(['input', 'credential'], 'Only a workload has an issuer and a tokenSubject. Omit them.');
  if (kind !== 'SESSION' && (method != null || provider != null))
    throw badInput(['input', 'credential'], 'Only a session has a method and a provider. Omit them.');
  const isOwn = method === 'PASSWORD' || method === 'PASSKEY' || (method == null && provider === null);
  if (isOwn && provider != null)
    throw badInput(['input', 'credential', 'provider'], 'Only single sign-on has a provider. Omit it.');
  if (kind === 'PASSWORD') return { kind: 'basic' };
  const known = Object.entries({ createdAt: createdAt ?? undefined, ...dates }).filter(
    ([, date]) => date !== undefined,
  );
  if (kind === 'SESSION') {
    return {
      kind: 'session',
      ...(method != null && { method: sessionMethods[method] }),
      ...(provider != null && { method: 'oidc' as const, provider }),
      ...(isOwn && { provider: null }),
      ...(provedAt != null && { provedAt }),
      ...(secondFactor !== undefined && { secondFactor: secondFactor && secondFactors[secondFactor] }),
      ...(secondFactorAt !== undefined && { secondFactorAt }),
      ...Object.fromEntries(known),
    };
  }
  if (kind === 'WORKLOAD')
    return {
      kind: 'workload',
      ...(issuer != null && { issuer }),
      ...(subject != null && { subject }),
      ...Object.fromEntries(known),
    };
  return { kind: 'api-token', ...Object.fromEntries(known) };
}

/** The known columns of the row. @throws NOT_FOUND for an object of another tenant or that the viewer cannot read. */
async function rowOf(
  { namespaceName, object }: Question,
  resource: ResourceName,
  tenantId: string | undefined,
  context: Context,
): Promise<Row | undefined> {
  if (namespaceName != null) return { tenantId: tenantId!, namespace: namespaceName };
  if (object == null) return undefined;
  const types = nodeTypes().filter((type) => type.resource === resource);
  const path = ['input', 'object'];
  if (types.length === 0)
    throw badInput(path, `${resource} permissions do not apply to single objects. Omit the object.`);
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
