import { levelOf, split } from '../../../access/catalog.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { firstDescription, lastDescription } from '../../../graphql/connection/connection.ts';
import { connectionType, type Edge, type Page } from '../../../graphql/connection/connection-type.ts';
import { decodeCursor, encodeCursor } from '../../../graphql/connection/cursor.ts';
import type { Context } from '../../../graphql/context.ts';
import { globalId } from '../../../graphql/node.ts';
import { onePermission, PermissionInput } from '../../../graphql/permission-input.ts';
import { shownText } from '../../../graphql/personal.ts';
import { type SubjectNode, subjectNodes } from '../../../graphql/readable-principals.ts';
import { compareBytes } from '../../../lib/text.ts';
import { originsOf } from '../../../policy/answer/explain.ts';
import type { Able } from '../../../policy/answer/who-can.ts';
import { Subject } from '../../identity/subject-type.ts';
import { namespaceName } from '../../orchestration/namespace/service.ts';
import { inTenants } from './effective.ts';
import { AccessAnswer, AccessOrigin, CircumstanceEnum, circumstanceList, reachText, seesSettings } from './types.ts';
import { ableNow, ableThen, type FormerAble, type WhoAnswer } from './who-can-lists.ts';

interface AbleEdge extends Edge<SubjectNode>, Able {}
type AblePage = Page<SubjectNode> & Omit<WhoAnswer, 'shown'>;

const originsOfAble = ({ principal, explanation }: Able) => {
  const { permission, scope } = explanation.decision;
  return originsOf(principal, explanation.steps, permission, scope, explanation.row);
};

const FormerSubject = builder.objectRef<FormerAble>('FormerSubject').implement({
  description:
    'A user or service account that had the permission at a past time and no longer has access to the tenant.',
  fields: (t) => ({
    id: t.id({
      description: 'Opaque ID of the object, which can be deleted.',
      resolve: ({ principal: { kind, id } }) => globalId(kind === 'USER' ? 'User' : 'ServiceAccount', id),
    }),
    name: t.string({
      description: 'Name in audit events when access was granted, such as user:alice.',
      resolve: ({ name }, _args, context) => shownText(context, name),
    }),
    reach: t.string({
      description: 'Scope of the permission, as text.',
      resolve: ({ explanation }, _args, context) => reachText(context, explanation),
    }),
    origins: t.field({ type: [AccessOrigin], description: 'All grants of the permission.', resolve: originsOfAble }),
  }),
});

const SubjectConnection = connectionType<SubjectNode>(
  'Subject',
  Subject as never,
  (t) => ({
    hiddenCount: t.int({
      description: 'Number of further subjects that the viewer cannot read, such as super admins.',
      resolve: (page) => (page as AblePage).hidden,
    }),
    formerSubjects: t.field({
      type: [FormerSubject],
      description: 'For a past time: all subjects that no longer have access. Not paginated.',
      resolve: (page) => [...(page as AblePage).former],
    }),
    policySet: t.string({
      nullable: true,
      description: 'For a past time: the policies in force at that time. Requires POLICY:READ.',
      resolve: (page, _args, context) => (seesSettings(context) ? (page as AblePage).policySet : null),
    }),
  }),
  (t) => ({
    answer: t.field({
      type: AccessAnswer,
      description: 'ALLOWED or DEPENDS.',
      resolve: (edge) => (edge as AbleEdge).explanation.answer,
    }),
    reach: t.string({
      description: 'Scope of the permission, as text.',
      resolve: (edge, _args, context) => reachText(context, (edge as AbleEdge).explanation),
    }),
    dependsOn: t.field({
      type: [CircumstanceEnum],
      description: 'Facts on which it also depends.',
      resolve: (edge) => circumstanceList((edge as AbleEdge).explanation.dependsOn),
    }),
    origins: t.field({
      type: [AccessOrigin],
      description: 'All grants of the permission.',
      resolve: (edge) => originsOfAble(edge as AbleEdge),
    }),
  }),
);

interface PageArgs {
  readonly first?: number | null | undefined;
  readonly last?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly before?: string | null | undefined;
}

builder.prismaObjectField('Tenant', 'whoCan', (t) =>
  t.field({
    type: SubjectConnection,
    nullable: true,
    description:
      'Users and service accounts with a permission in the tenant, after roles and policies: in a namespace, or anywhere. Disabled users have no permissions and are omitted. Also requires ROLE:READ and BINDING:READ in the whole tenant. With a past time, it returns the subjects with the permission at that time, rebuilt from audit events by roles, groups, access and super admins, without policies; it then also requires AUDITLOG:READ in the whole tenant.',
    access: { decides: 'TENANT_ACCESS:READ' },
    args: {
      permission: t.arg({ type: PermissionInput, required: true, description: 'Permission with exactly one action.' }),
      namespaceName: t.arg.string({ description: 'Full name of the namespace. Omit for anywhere in the tenant.' }),
      at: t.arg({
        type: 'DateTime',
        description: 'Past time. Defaults to now. EXPIRED if the audit events of that time are no longer kept.',
      }),
      first: t.arg.int({ description: firstDescription }),
      after: t.arg.string({ description: 'Only objects after this cursor.' }),
      last: t.arg.int({ description: lastDescription }),
      before: t.arg.string({ description: 'Only objects before this cursor.' }),
    },
    resolve: async ({ id: tenantId }, { permission: asked, namespaceName: name, at, ...args }, context) => {
      const permission = onePermission(asked, ['permission']);
      if (!inTenants(permission))
        throw badInput(['permission'], `${permission} belongs to the instance, not to a tenant.`);
      if (name != null) assertNamespace(name, permission, ['namespaceName']);
      const question = { tenantId, permission, namespace: name ?? undefined };
      return page(context, await (at == null ? ableNow(context, question) : ableThen(context, question, at)), args);
    },
  }),
);

/** @throws BAD_INPUT for an invalid namespace or a permission at another level. */
export function assertNamespace(
  namespace: string,
  permission: Parameters<typeof split>[0],
  path: readonly (string | number)[],
): void {
  if (levelOf(...split(permission)) !== 'namespace')
    throw badInput(path, `${permission} does not apply to namespaces. Omit namespaceName.`);
  const checked = namespaceName.safeParse(namespace);
  if (!checked.success) throw badInput(path, checked.error.issues[0]!.message);
}

/** A page in the order of IDs, which is that of creation. */
async function page(
  context: Context,
  { shown: able, ...rest }: WhoAnswer,
  { first, last, after, before }: PageArgs,
): Promise<AblePage> {
  if (first != null && last != null) throw badInput(['last'], 'Set either first or last.');
  const size = first ?? last ?? 20;
  const limit = context.limits.pageSize;
  if (size < 0 || size > limit)
    throw badInput([last != null ? 'last' : 'first'], `A page can have 0 to ${limit} objects.`);
  const beyond = (cursor: string | null | undefined, path: string, side: 1 | -1) => {
    if (cursor == null) return () => true;
    const { id } = decodeCursor(cursor, 'id', { type: 'String', nullable: false }, path);
    return ({ principal }: Able) => compareBytes(principal.id, id) === side;
  };
  const within = able.filter(beyond(after, 'after', 1)).filter(beyond(before, 'before', -1));
  const shown = last != null ? within.slice(Math.max(within.length - size, 0)) : within.slice(0, size);
  const nodes = await subjectNodes(
    context.db,
    shown.map(({ principal }) => principal.id),
  );
  const edges: AbleEdge[] = shown
    // Subjects that were deleted meanwhile are omitted.
    .filter(({ principal }) => nodes.has(principal.id))
    .map((one) => ({ ...one, cursor: cursorOf(one), node: nodes.get(one.principal.id)! }));
  const more = within.length > shown.length;
  return {
    edges,
    hasNextPage: last != null ? before != null : more,
    hasPreviousPage: last != null ? more : after != null,
    count: () => Promise.resolve(able.length),
    ...rest,
  };
}

const cursorOf = ({ principal: { id } }: Able): string => encodeCursor('id', id, id);
