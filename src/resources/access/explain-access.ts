import { isIP } from 'node:net';
import type { Credential } from '../../access/actor.ts';
import { entry, levelOf, type ResourceName, split } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import { isInstanceWide, tenantColumn } from '../../access/resource.ts';
import { badInput, notFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { CredentialKind } from '../../graphql/credential-kind.ts';
import { ActionEnum } from '../../graphql/guarded.ts';
import { decodeId, nodeTypes, readRow } from '../../graphql/node.ts';
import { onePermission, PermissionInput } from '../../graphql/permission-input.ts';
import { PolicyMode } from '../../graphql/policy-mode.ts';
import { reachOfPrincipals, type SubjectNode, subjectNodes } from '../../graphql/principals.ts';
import { ResourceNameEnum } from '../../graphql/resource-enum.ts';
import { visibleTenant } from '../../graphql/scopes.ts';
import type { Given } from '../../policy/circumstances.ts';
import { type ExplainedStep, type Explanation, explain } from '../../policy/explain.ts';
import type { LoadedPolicy } from '../../policy/load.ts';
import { inWords } from '../../policy/words.ts';
import { Subject } from '../subject-type.ts';
import { askedAbout } from './may-ask.ts';
import {
  AccessAnswer,
  AccessOrigin,
  CircumstanceEnum,
  circumstanceList,
  isPlugin,
  reachTold,
  seesSettings,
} from './types.ts';
import { assertNamespace } from './who-can.ts';

interface Explained extends Explanation {
  readonly tenantKey: string | null;
  readonly subject: SubjectNode | null;
}

const Step = builder.objectRef<ExplainedStep & { readonly of: Explained }>('AccessStep').implement({
  description: "One policy's part in a decision.",
  fields: (t) => ({
    policy: t.exposeString('policy', { description: 'Which: a part of the engine, or a policy by its name.' }),
    mode: t.field({ type: PolicyMode, description: 'What it may do.', resolve: ({ mode }) => mode }),
    effect: t.field({
      type: builder.enumType('AccessEffect', {
        description: 'What a policy answered.',
        values: {
          allow: { value: 'allow', description: 'It gives the permission, where its filter says.' },
          deny: { value: 'deny', description: 'It refuses all but what its filter leaves.' },
          abstain: { value: 'abstain', description: 'It has nothing to say.' },
          error: { value: 'error', description: 'It could not say, which refuses.' },
          depends: { value: 'depends', description: 'It depends on what the question does not give.' },
        },
      }),
      description: 'What it answered.',
      resolve: ({ effect, open }) => (open.size > 0 ? 'depends' : effect),
    }),
    reason: t.string({
      nullable: true,
      description: 'Why.',
      resolve: ({ reason, open }) => (open.size > 0 ? null : (reason ?? null)),
    }),
    filter: t.string({
      nullable: true,
      description: 'What it gives or leaves, in words; null: all or nothing, or a setting that takes POLICY:READ.',
      resolve: ({ policy, filter, open, of: { decision } }, _args, context) => {
        if (!filter || open.size > 0 || (isPlugin(context)(policy) && !seesSettings(context))) return null;
        return inWords(filter, { tenantId: decision.scope.tenantId, principalId: decision.request.actor.id });
      },
    }),
    cause: t.string({
      nullable: true,
      description: 'What went wrong, for an error. Takes POLICY:READ.',
      resolve: ({ cause }, _args, context) => (seesSettings(context) ? (cause ?? null) : null),
    }),
    dependsOn: t.field({
      type: [CircumstanceEnum],
      description: 'What it looked at and the question does not give.',
      resolve: ({ open }) => circumstanceList(open),
    }),
    shadow: t.boolean({
      description: 'Is it only watched, its answer not heeded?',
      resolve: ({ shadow }) => shadow === true,
    }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when it answers so; null: until something changes.',
      resolve: ({ until }) => until ?? null,
    }),
  }),
});

const Missing = builder.objectRef<Explained>('MissingPermission').implement({
  description: 'What would have to be given.',
  fields: (t) => ({
    resource: t.field({
      type: ResourceNameEnum,
      description: 'With what.',
      resolve: ({ decision }) => split(decision.permission)[0],
    }),
    action: t.field({
      type: ActionEnum,
      description: 'To do what.',
      resolve: ({ decision }) => split(decision.permission)[1],
    }),
    tenant: t.string({
      nullable: true,
      description: 'By a binding in the tenant of this key; null: by an instance binding.',
      resolve: (explained) => placeOf(explained).tenant,
    }),
    namespace: t.string({
      nullable: true,
      description: 'By a binding for this namespace, one above it or the whole tenant; null: for the whole tenant.',
      resolve: (explained) => placeOf(explained).namespace,
    }),
  }),
});

function placeOf({ decision, tenantKey, row }: Explained): { tenant: string | null; namespace: string | null } {
  const level = levelOf(...split(decision.permission));
  const namespace = level === 'namespace' ? (row?.['namespace'] as string | undefined) : undefined;
  return { tenant: level === 'instance' ? null : tenantKey, namespace: namespace || null };
}

const Review = builder.objectRef<LoadedPolicy>('AccessReview').implement({
  description: 'A policy that looks at the change itself.',
  fields: (t) => ({
    policy: t.exposeString('name', { description: 'Its name.' }),
    description: t.exposeString('description', { description: 'What it does.' }),
  }),
});

const AccessExplanation = builder.objectRef<Explained>('AccessExplanation').implement({
  description: 'What the engine answers to somebody, and how it came about.',
  fields: (t) => ({
    answer: t.field({ type: AccessAnswer, description: 'The answer.', resolve: ({ answer }) => answer }),
    subject: t.field({
      type: Subject,
      nullable: true,
      description: 'Whom it is about; null where the viewer may not read themselves.',
      resolve: ({ subject }) => subject as never,
    }),
    policy: t.string({
      nullable: true,
      description: 'Who refused, or could not say: roles where nothing gives it, else a policy.',
      resolve: ({ by }) => by?.policy ?? null,
    }),
    reason: t.string({ nullable: true, description: 'Why it is refused.', resolve: ({ by }) => by?.reason ?? null }),
    reach: t.string({
      nullable: true,
      description: 'What is within reach, in words; null where nothing is.',
      resolve: (explained, _args, context) =>
        explained.answer === 'ALLOWED' || explained.answer === 'DEPENDS' ? reachTold(context, explained) : null,
    }),
    dependsOn: t.field({
      type: [CircumstanceEnum],
      description: 'What decides and the question does not give.',
      resolve: ({ dependsOn }) => circumstanceList(dependsOn),
    }),
    origins: t.field({
      type: [AccessOrigin],
      description: 'Every way in which it is given, refused by a policy or not.',
      resolve: ({ origins }) => [...origins],
    }),
    steps: t.field({
      type: [Step],
      description: 'What each policy answered. Policies that say nothing are told to who has POLICY:READ.',
      resolve: (explained, _args, context) => {
        const all = explained.steps.map((step) => ({ ...step, of: explained }));
        if (seesSettings(context)) return all;
        const plugin = isPlugin(context);
        return all.filter(
          ({ policy, shadow, effect, open }) => !plugin(policy) || (!shadow && (effect !== 'abstain' || open.size > 0)),
        );
      },
    }),
    missing: t.field({
      type: Missing,
      nullable: true,
      description: 'What would have to be given; null unless it is refused because nothing gives it.',
      resolve: (explained) => (explained.answer === 'REFUSED' && explained.by?.policy === 'roles' ? explained : null),
    }),
    reviews: t.field({
      type: [Review],
      description: 'Policies that look at the change itself and may still refuse it.',
      resolve: ({ reviews }) => [...reviews],
    }),
  }),
});

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
    at: t.field({ type: 'DateTime', description: 'When. Default: now.' }),
    reason: t.string({ description: 'The reason that the request gives.' }),
    credential: t.field({ type: CredentialInput, description: 'By what they sign in.' }),
  }),
});
type Question = typeof Input.$inferInput;

builder.queryField('explainAccess', (t) =>
  t.field({
    type: AccessExplanation,
    description:
      'Explains what somebody may do, by the engine that would decide. About oneself always; about others it takes ROLE:READ and BINDING:READ as well, in all of the tenant.',
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

  const tenant = input.tenant == null ? undefined : await visibleTenant(context, input.tenant);
  if (input.tenant != null && !tenant) throw notFound('The tenant');
  const place = tenant ? { tenantId: tenant.id } : {};
  const principal = await askedAbout(context, input.subject, place, ['input', 'subject']);
  const row = await rowOf(input, resource, tenant?.id, context);
  const scope = { ...place, ...(input.membersOnly && { part: 'members' as const }) };
  const explanation = explain(context.engine, { principal, given, permission, scope, ...(row && { row }) });
  const nodes = await subjectNodes(
    context.db,
    [principal.id],
    reachOfPrincipals(context.session, tenant ? [place] : []),
  );
  return { ...explanation, tenantKey: tenant?.key ?? null, subject: nodes.get(principal.id) ?? null };
}

function givenBy({ ip, at, reason, credential }: Question): Given {
  if (ip != null && isIP(ip) === 0) throw badInput(['input', 'ip'], 'This is no address.');
  return {
    now: at ?? new Date(),
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
