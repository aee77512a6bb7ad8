import { ancestorsOf, within } from '../../../access/where.ts';
import type { Binding, Group, Namespace, Role, ServiceAccount, Tenant, User } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, refOf } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { guardedOne, viewerPermissions } from '../../../graphql/guarded.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { eachItem, itemErrorField, type Refused } from '../../../graphql/mutation/items.ts';
import { inTenantOrInstance } from '../../../graphql/mutation/target.ts';
import { decodeId, globalId, registerNode } from '../../../graphql/node.ts';
import { tenantScopes } from '../../../graphql/scopes.ts';
import { optionalTenantFields } from '../../../graphql/tenant-fields.ts';
import { namespaceName } from '../../orchestration/namespace/service.ts';
import type { SubjectRef } from '../subject.ts';
import { decodeSubject, readSubject, Subject, subjectOfPrincipal } from '../subject-type.ts';
import { createBinding, deleteBinding } from './service.ts';

const BindingRef = builder.prismaNode('Binding', {
  description:
    'Grants a role to a subject, in a namespace and all below it, or in the whole tenant. Immutable: delete it and create another.',
  id: { field: 'id' },
  fields: (t) => ({
    namespaceName: t.string({
      nullable: true,
      description: 'Namespace, including all below it; null for the whole tenant.',
      resolve: ({ namespace }) => namespace || null,
    }),
    ...optionalTenantFields<Binding>(t, 'null for an instance binding'),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    role: guardedOne<Binding, Role>(t, {
      type: refOf('Role'),
      description: 'The role.',
      permission: 'ROLE:READ',
      scope: ({ tenantId }) => ({ tenantId: tenantId ?? undefined }),
      model: 'Role',
      id: ({ roleId }) => roleId,
    }),
    subject: t.field({
      type: Subject,
      nullable: true,
      description: 'The subject; null if the viewer cannot read it.',
      resolve: async ({ principalId, groupId, tenantId }, _args, context) =>
        (await readSubject(context, await subjectOf(context, { principalId, groupId }), tenantId)) as never,
    }),
    viewerPermissions: viewerPermissions<Binding>(t, 'BINDING', ({ tenantId }) => ({
      tenantId: tenantId ?? undefined,
    })),
  }),
});
registerNode({ typename: 'Binding', resource: 'BINDING' });

const subjectOf = (
  context: Context,
  { principalId, groupId }: { principalId: string | null; groupId: string | null },
): Promise<SubjectRef> =>
  groupId !== null ? Promise.resolve({ typename: 'Group', id: groupId }) : subjectOfPrincipal(context, principalId!);

const SubjectKindEnum = builder.enumType('SubjectKind', {
  description: 'Kind of a subject of bindings.',
  values: {
    USER: { description: 'A user.' },
    SERVICE_ACCOUNT: { description: 'A service account.' },
    GROUP: { description: 'A group.' },
  },
});
const ofKind = (kind: 'USER' | 'SERVICE_ACCOUNT' | 'GROUP'): Condition =>
  kind === 'GROUP' ? { groupId: { not: null } } : { principal: { kind } };

export const BindingConnection = connectionType('Binding', BindingRef);
const Where = builder.inputType('BindingWhere', {
  description: 'Filter. All given fields must match.',
  fields: (t) => ({
    namespaceName: t.string({ description: 'Exactly this namespace.' }),
    under: t.string({ description: 'This namespace and all below it.' }),
    reaching: t.string({
      description: 'With effect in this namespace: its own, those of its ancestors, and tenant-wide ones.',
    }),
    tenantWide: t.boolean({
      description: 'True for tenant-wide bindings only, false for bindings of namespaces only.',
    }),
    role: t.id({ description: 'Exactly this role.' }),
    subject: t.id({ description: 'Exactly this subject.' }),
    subjectKind: t.field({ type: SubjectKindEnum, description: 'Only subjects of this kind.' }),
  }),
});
const maxName = 150;

/** A namespace and everything above it. Tenant-wide bindings have no namespace. */
function above(namespace: string): string[] {
  if (namespace.length > maxName)
    throw badInput(['where', 'reaching'], `A namespace has at most ${maxName} characters.`);
  return ['', ...ancestorsOf(namespace), namespace];
}

const list = {
  connection: BindingConnection,
  permission: 'BINDING:READ',
  model: 'Binding',
  where: {
    input: Where,
    toCondition: ({
      namespaceName: namespace,
      under,
      reaching,
      tenantWide,
      role,
      subject,
      subjectKind,
    }: typeof Where.$inferInput) => {
      const of = subject != null ? decodeSubject(subject, ['where', 'subject']) : undefined;
      return {
        AND: [
          namespace != null ? { namespace } : {},
          under != null ? within(under) : {},
          reaching != null ? { namespace: { in: above(reaching) } } : {},
          tenantWide != null ? { namespace: tenantWide ? '' : { gt: '' } } : {},
          role != null ? { roleId: decodeId(String(role), ['Role'], ['where', 'role']).id } : {},
          subjectKind != null ? ofKind(subjectKind) : {},
          of ? { [of.typename === 'Group' ? 'groupId' : 'principalId']: of.id } : {},
        ],
      };
    },
  },
} as const;

builder.prismaObjectField('Tenant', 'bindings', (t) =>
  connection(t, {
    ...list,
    description: 'Bindings of the tenant.',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
);
builder.prismaObjectField('Namespace', 'bindings', (t) =>
  connection(t, {
    ...list,
    description: 'Bindings of exactly this namespace.',
    scopes: ({ tenantId }: Namespace) => ({ tenantId }),
    within: ({ tenantId, namespace }) => ({ tenantId, namespace }),
  }),
);
builder.prismaObjectField('Group', 'bindings', (t) =>
  connection(t, {
    ...list,
    description: 'Bindings of the group.',
    scopes: ({ tenantId }: Group) => ({ tenantId }),
    within: ({ id }) => ({ groupId: id }),
  }),
);
builder.prismaObjectField('Role', 'bindings', (t) =>
  connection(t, {
    ...list,
    description: 'Bindings of the role.',
    scopes: ({ tenantId }: Role) => ({ tenantId: tenantId ?? undefined }),
    within: ({ id }) => ({ roleId: id }),
  }),
);
for (const owner of ['User', 'ServiceAccount'] as const) {
  builder.prismaObjectField(owner, 'bindings', (t) =>
    connection(t, {
      ...list,
      description: 'Direct bindings (not those of groups) that the viewer can read.',
      scopes: (_owner: User | ServiceAccount, context) => tenantScopes(context),
      within: ({ id }) => ({ principalId: id }),
      // The ID of a user or service account is the ID of its principal.
    }),
  );
}
builder.queryField('instanceBindings', (t) =>
  connection(t, {
    ...list,
    description: 'Instance bindings.',
    scopes: () => ({}),
    within: () => ({ tenantId: null }),
    nullable: true,
  }),
);

const NewBinding = builder.inputType('BindingInput', {
  description: 'A binding to create.',
  fields: (t) => ({
    subject: t.id({ required: true, description: 'ID of a user, service account or group.' }),
    role: t.id({ required: true, description: 'ID of a role of the same tenant.' }),
    namespaceName: t.string({
      description: "Namespace, including all below it; null for the whole tenant. '' is refused.",
    }),
  }),
});

interface Made {
  readonly binding: Binding | null;
  readonly error: Refused | null;
}
const BindingResult = builder.objectRef<Made>('BindingResult').implement({
  description: 'Result of one item: the binding or an error.',
  fields: (t) => ({
    binding: t.field({
      type: BindingRef,
      nullable: true,
      description: 'The new binding.',
      resolve: ({ binding }) => binding,
    }),
    error: itemErrorField(t, ({ error }) => error),
  }),
});

function namespaceOf(namespace: string | null | undefined, index: number): string {
  if (namespace == null) return '';
  const checked = namespaceName.safeParse(namespace);
  if (!checked.success) throw badInput(['input', 'bindings', index, 'namespaceName'], checked.error.issues[0]!.message);
  return namespace;
}

mutation('createBindings', {
  description:
    'Grants roles to subjects. The caller must hold each permission of a role in that place. Returns one result per item.',
  permission: 'BINDING:CREATE',
  input: (t) => ({
    tenantKey: t.string({
      description: 'Key of the tenant. Omit for instance bindings, which only a super admin can create.',
    }),
    bindings: t.field({ type: [NewBinding], required: true, description: 'At most 500 bindings.' }),
  }),
  target: ({ tenantKey }, context) => inTenantOrInstance(tenantKey, context),
  run: async (tx, grant, { bindings }, target, _context, refusals) =>
    eachItem(
      tx,
      refusals,
      bindings,
      async ({ subject, role, namespaceName: name }, i): Promise<Made> => {
        const content = {
          subject: decodeSubject(subject, ['input', 'bindings', i, 'subject']),
          roleId: decodeId(String(role), ['Role'], ['input', 'bindings', i, 'role']).id,
          namespace: namespaceOf(name, i),
        };
        if (target.tenant === null && content.namespace !== '')
          throw badInput(['input', 'bindings', i, 'namespaceName'], 'An instance binding cannot have a namespace.');
        return { binding: await createBinding(tx, grant, target.tenant, content), error: null };
      },
      (error): Made => ({ binding: null, error }),
    ),
  payload: (t) => ({
    results: t.field({
      type: [BindingResult],
      description: 'Results, in the order of the items.',
      resolve: ({ result }) => [...result],
    }),
  }),
});

interface Removed {
  readonly id: string | null;
  readonly error: Refused | null;
}
const DeletedBinding = builder.objectRef<Removed>('DeletedBindingResult').implement({
  description: 'Result of one item: the deleted ID or an error.',
  fields: (t) => ({
    deletedId: t.id({
      nullable: true,
      description: 'ID of the deleted binding.',
      resolve: ({ id }) => id && globalId('Binding', id),
    }),
    error: itemErrorField(t, ({ error }) => error),
  }),
});

mutation('deleteBindings', {
  description: 'Revokes roles from subjects. Returns one result per item.',
  permission: 'BINDING:DELETE',
  input: (t) => ({
    tenantKey: t.string({ description: 'Key of the tenant. Omit for instance bindings.' }),
    ids: t.idList({ required: true, description: 'At most 500 IDs.' }),
  }),
  target: ({ tenantKey }, context) => inTenantOrInstance(tenantKey, context),
  run: async (tx, grant, { ids }, target, _context, refusals) =>
    eachItem(
      tx,
      refusals,
      ids,
      async (globalIdOfItem, i): Promise<Removed> => {
        const { id } = decodeId(String(globalIdOfItem), ['Binding'], ['input', 'ids', i]);
        return { id: (await deleteBinding(tx, grant, target.tenant, id)).id, error: null };
      },
      (error): Removed => ({ id: null, error }),
    ),
  payload: (t) => ({
    results: t.field({
      type: [DeletedBinding],
      description: 'Results, in the order of the IDs.',
      resolve: ({ result }) => [...result],
    }),
  }),
});
