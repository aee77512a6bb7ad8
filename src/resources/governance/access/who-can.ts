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
import { AccessAnswer, AccessOrigin, CircumstanceEnum, circumstanceList, reachTold, seesSettings } from './types.ts';
import { ableNow, ableThen, type FormerAble, type WhoAnswer } from './who-can-lists.ts';

interface AbleEdge extends Edge<SubjectNode>, Able {}
type AblePage = Page<SubjectNode> & Omit<WhoAnswer, 'shown'>;

const originsOfAble = ({ principal, explanation }: Able) => {
  const { permission, scope } = explanation.decision;
  return originsOf(principal, explanation.steps, permission, scope, explanation.row);
};

const FormerSubject = builder.objectRef<FormerAble>('FormerSubject').implement({
  description:
    'A user or service account who could do something in the tenant at a past instant, and has no access any more.',
  fields: (t) => ({
    id: t.id({
      description: 'The opaque id they had as an object, which may be gone.',
      resolve: ({ principal: { kind, id } }) => globalId(kind === 'USER' ? 'User' : 'ServiceAccount', id),
    }),
    name: t.string({
      description: 'As audit events named them when they got access, such as user:alice.',
      resolve: ({ name }, _args, context) => shownText(context, name),
    }),
    reach: t.string({
      description: 'Where, in words.',
      resolve: ({ explanation }, _args, context) => reachTold(context, explanation),
    }),
    origins: t.field({ type: [AccessOrigin], description: 'Every way in which it was given.', resolve: originsOfAble }),
  }),
});

const SubjectConnection = connectionType<SubjectNode>(
  'Subject',
  Subject as never,
  (t) => ({
    hiddenCount: t.int({
      description: 'How many more there are whom the viewer may not read, such as super admins.',
      resolve: (page) => (page as AblePage).hidden,
    }),
    formerSubjects: t.field({
      type: [FormerSubject],
      description: 'For an answer about the past: those who have no access any more. All of them, in no page.',
      resolve: (page) => [...(page as AblePage).former],
    }),
    policySet: t.string({
      nullable: true,
      description: 'For an answer about the past: the policies in force then. Takes POLICY:READ.',
      resolve: (page, _args, context) => (seesSettings(context) ? (page as AblePage).policySet : null),
    }),
  }),
  (t) => ({
    answer: t.field({
      type: AccessAnswer,
      description: 'Allowed, or depending.',
      resolve: (edge) => (edge as AbleEdge).explanation.answer,
    }),
    reach: t.string({
      description: 'Where, in words.',
      resolve: (edge, _args, context) => reachTold(context, (edge as AbleEdge).explanation),
    }),
    dependsOn: t.field({
      type: [CircumstanceEnum],
      description: 'What it depends on, besides.',
      resolve: (edge) => circumstanceList((edge as AbleEdge).explanation.dependsOn),
    }),
    origins: t.field({
      type: [AccessOrigin],
      description: 'Every way in which it is given.',
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
      'The users and service accounts who may do something in the tenant, after roles and policies: in a namespace, or somewhere. Disabled users can do nothing and are left out. Takes ROLE:READ and BINDING:READ as well, in all of the tenant. At a past instant, who held it then, rebuilt from the audit events: by roles, groups, access and super admins, whatever policies restricted; it takes AUDITLOG:READ besides, in all of the tenant.',
    access: { decides: 'TENANT_ACCESS:READ' },
    args: {
      permission: t.arg({ type: PermissionInput, required: true, description: 'To do what: one action.' }),
      namespace: t.arg.string({ description: 'In this namespace; left out: somewhere in the tenant.' }),
      at: t.arg({
        type: 'DateTime',
        description: 'At this past instant; left out: now. EXPIRED where events do not tell.',
      }),
      first: t.arg.int({ description: firstDescription }),
      after: t.arg.string({ description: 'Only what comes after this cursor.' }),
      last: t.arg.int({ description: lastDescription }),
      before: t.arg.string({ description: 'Only what comes before this cursor.' }),
    },
    resolve: async ({ id: tenantId }, { permission: asked, namespace, at, ...args }, context) => {
      const permission = onePermission(asked, ['permission']);
      if (!inTenants(permission))
        throw badInput(['permission'], `${permission} belongs to the instance, to no tenant.`);
      if (namespace != null) assertNamespace(namespace, permission, ['namespace']);
      const question = { tenantId, permission, namespace: namespace ?? undefined };
      return page(context, await (at == null ? ableNow(context, question) : ableThen(context, question, at)), args);
    },
  }),
);

/** @throws BAD_INPUT where it is no namespace, or the permission is not held in namespaces. */
export function assertNamespace(
  namespace: string,
  permission: Parameters<typeof split>[0],
  path: readonly (string | number)[],
): void {
  if (levelOf(...split(permission)) !== 'namespace') throw badInput(path, `${permission} is not held in namespaces.`);
  const checked = namespaceName.safeParse(namespace);
  if (!checked.success) throw badInput(path, checked.error.issues[0]!.message);
}

/** A page in the order of ids, which is that of creation. */
async function page(
  context: Context,
  { shown: able, ...rest }: WhoAnswer,
  { first, last, after, before }: PageArgs,
): Promise<AblePage> {
  if (first != null && last != null) throw badInput(['last'], 'Ask for first or for last, not for both.');
  const size = first ?? last ?? 20;
  const limit = context.limits.pageSize;
  if (size < 0 || size > limit) throw badInput([last != null ? 'last' : 'first'], `A page has 0 to ${limit} objects.`);
  const beyond = (cursor: string | null | undefined, path: string, side: 1 | -1) => {
    if (cursor == null) return () => true;
    const { id } = decodeCursor(cursor, 'id', 'String', path);
    return ({ principal }: Able) => compareBytes(principal.id, id) === side;
  };
  const within = able.filter(beyond(after, 'after', 1)).filter(beyond(before, 'before', -1));
  const shown = last != null ? within.slice(Math.max(within.length - size, 0)) : within.slice(0, size);
  const nodes = await subjectNodes(
    context.db,
    shown.map(({ principal }) => principal.id),
  );
  const edges: AbleEdge[] = shown
    // Who was deleted meanwhile is in no page.
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
