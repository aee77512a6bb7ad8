import { z } from 'zod';
import type { Group, GroupMember, Invitation, ServiceAccount, Tenant, User } from '../../../db/generated/client.ts';
import { badInput, notFound } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { loadRow } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { registerPart } from '../../../graphql/mutation/replay.ts';
import type { PayloadBuilder } from '../../../graphql/mutation/spec.ts';
import { byId, inTenant } from '../../../graphql/mutation/target.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { shownField } from '../../../graphql/personal.ts';
import { tenantScopes } from '../../../graphql/scopes.ts';
import { tenantFields } from '../../../graphql/tenant-fields.ts';
import { escapeLike, fold } from '../../../lib/text.ts';
import { description, displayName } from '../../rules.ts';
import { decodeSubject, MembershipEnum, readSubject, Subject, subjectOfPrincipal } from '../subject-type.ts';
import { addGroupMember, removeGroupMember, setGroupMembership } from './members.ts';
import { createGroup, deleteGroup, updateGroup } from './service.ts';

const GroupRef = builder.prismaNode('Group', {
  description: 'Users and service accounts of a tenant that share roles.',
  interfaces: [Subject],
  id: { field: 'id' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name, unique in its tenant, case-insensitive.' }),
    description: t.exposeString('description', { nullable: true, description: 'The description.' }),
    ...tenantFields<Group>(t),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    viewerPermissions: viewerPermissions<Group>(t, 'GROUP', ({ tenantId }) => ({ tenantId })),
  }),
});
registerNode({ typename: 'Group', resource: 'GROUP' });

registerPart('GroupMember', {
  resource: 'GROUP',
  whole: ({ db }, { groupId }) => db.group.findFirst({ where: { id: String(groupId) } }),
});
const GroupMemberRef = builder.prismaObject('GroupMember', {
  description: 'A member or owner of a group.',
  fields: (t) => ({
    membership: t.field({
      type: MembershipEnum,
      description: 'OWNER or MEMBER.',
      resolve: ({ membership }) => membership as 'OWNER' | 'MEMBER',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the membership was created.' }),
    managedBy: t.exposeString('managedBy', {
      nullable: true,
      description: 'Name of the provider whose groups decide about the membership. Null if a person added it.',
    }),
    name: t.string({
      description: 'User name, or name of the service account.',
      resolve: async ({ principalId }, _args, context) => {
        const user = await loadRow<User>(context, 'User', principalId);
        if (user) return shownField(context, user, 'username', user.username);
        return (await loadRow<ServiceAccount>(context, 'ServiceAccount', principalId))?.name ?? principalId;
      },
    }),
    subject: t.field({
      type: Subject,
      nullable: true,
      description: 'The user or service account; null if the viewer cannot read it.',
      resolve: async ({ principalId, tenantId }, _args, context) => {
        const subject = await subjectOfPrincipal(context, principalId);
        return (await readSubject(context, subject, tenantId)) as never;
      },
    }),
  }),
});
const GroupMemberConnection = connectionType('GroupMember', GroupMemberRef);

builder.prismaObjectField('Group', 'members', (t) =>
  connection(t, {
    connection: GroupMemberConnection,
    description: 'Members and owners of the group.',
    permission: 'GROUP:READ',
    scopes: ({ tenantId }: Group) => ({ tenantId }),
    model: 'GroupMember',
    within: ({ id }) => ({ groupId: id }),
    // Reading a group includes its members: the reach is about groups.
    reach: (where) => ({ group: where }),
  }),
);

export const GroupConnection = connectionType('Group', GroupRef);
const order = orderBy('Group', {
  NAME: { column: 'nameKey', description: 'By name, case-insensitive.' },
  CREATED_AT: { column: 'createdAt', description: 'By time of creation.' },
});
const Where = builder.inputType('GroupWhere', {
  description: 'Filter. All given fields must match.',
  fields: (t) => ({
    name: t.string({ description: 'Exactly this name, case-insensitive.' }),
    text: t.string({ description: 'Text in the name, case-insensitive.' }),
  }),
});
const list = {
  connection: GroupConnection,
  permission: 'GROUP:READ',
  model: 'Group',
  where: {
    input: Where,
    toCondition: ({ name, text }: typeof Where.$inferInput): Condition => ({
      AND: [
        name != null ? { nameKey: fold(name) } : {},
        text != null ? { nameKey: { contains: escapeLike(fold(text)) } } : {},
      ],
    }),
  },
  order,
} as const;

builder.prismaObjectField('Tenant', 'groups', (t) =>
  connection(t, {
    ...list,
    description: 'Groups of the tenant.',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
);
builder.prismaObjectField('Invitation', 'groups', (t) =>
  connection(t, {
    ...list,
    description: 'Groups that the person becomes a member of.',
    scopes: ({ tenantId }: Invitation) => ({ tenantId }),
    within: ({ tenantId, groupIds }) => ({ tenantId, id: { in: groupIds } }),
  }),
);
for (const owner of ['User', 'ServiceAccount'] as const) {
  builder.prismaObjectField(owner, 'groups', (t) =>
    connection(t, {
      ...list,
      description: 'Groups of the subject that the viewer can read.',
      scopes: (_owner: Pick<User, 'id'>, context) => tenantScopes(context),
      within: ({ id }) => ({ members: { some: { principalId: id } } }),
    }),
  );
}

const ofGroup = ({ id }: { id: string | number }, context: Context) => byId('GROUP', 'Group', id, context);
const ofMembers = ({ group }: { group: string | number }, context: Context) =>
  byId('GROUP', 'Group', group, context, 'members');

mutation('createGroup', {
  description: 'Creates a group.',
  permission: 'GROUP:CREATE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    name: t.string({ required: true, description: 'Name, unique in the tenant, case-insensitive.' }),
    description: t.string({ description: 'The description.' }),
  }),
  rules: z.looseObject({ name: displayName, description }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: (tx, grant, input, { tenant }) => createGroup(tx, grant, tenant, input),
  payload: (t) => ({ group: changed(t, GroupRef, 'The new group.') }),
});

mutation('updateGroup', {
  description: 'Updates a group.',
  permission: 'GROUP:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the group.' }),
    name: t.string({ description: 'New name. Omit to keep the current one.' }),
    description: t.string({ description: 'New description; null clears it.' }),
  }),
  rules: z.looseObject({ name: displayName.nullish(), description }),
  target: (input, context) => ofGroup(input, context),
  locksTarget: true,
  run: (tx, grant, input, { tenant, id }) => updateGroup(tx, grant, tenant, id, input),
  payload: (t) => ({ group: changed(t, GroupRef, 'The updated group.') }),
});

mutation('deleteGroup', {
  description: 'Deletes a group with its bindings and memberships. Its members are kept.',
  permission: 'GROUP:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the group.' }) }),
  target: (input, context) => ofGroup(input, context),
  locksTarget: true,
  run: (tx, grant, _input, { tenant, id }) => deleteGroup(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('Group', result.id),
    }),
  }),
});

const memberPayload = (t: PayloadBuilder<{ group: Group; member: GroupMember }>, description: string) => ({
  group: t.field({ type: GroupRef, nullable: true, description: 'The group.', resolve: ({ result }) => result.group }),
  member: t.field({ type: GroupMemberRef, nullable: true, description, resolve: ({ result }) => result.member }),
});

mutation('addGroupMember', {
  description: 'Adds a user or service account with access to the tenant. Owners of the group need no permission.',
  permission: 'GROUP:UPDATE',
  input: (t) => ({
    group: t.id({ required: true, description: 'ID of the group.' }),
    subject: t.id({ description: 'ID of the user or service account.' }),
    username: t.string({ description: 'Exact user name, as an alternative to subject.' }),
    membership: t.field({ type: MembershipEnum, description: 'Defaults to MEMBER.' }),
  }),
  target: (input, context) => ofMembers(input, context),
  run: async (tx, grant, { subject, username, membership }, { tenant, id }) => {
    if ((subject == null) === (username == null))
      throw badInput(['input', 'subject'], 'Set either subject or username.');
    const principalId =
      subject != null
        ? decodeSubject(subject, ['input', 'subject']).id
        : (await tx.user.findUnique({ where: { usernameKey: fold(username!) }, select: { id: true } }))?.id;
    if (principalId === undefined) throw notFound('The subject');
    const member = await addGroupMember(tx, grant, tenant, id, principalId, membership ?? 'MEMBER');
    return { member, group: await tx.group.findUniqueOrThrow({ where: { id } }) };
  },
  payload: (t) => memberPayload(t, 'The new member.'),
});

mutation('setGroupMembership', {
  description: 'Changes a membership to OWNER or MEMBER.',
  permission: 'GROUP:UPDATE',
  input: (t) => ({
    group: t.id({ required: true, description: 'ID of the group.' }),
    subject: t.id({ required: true, description: 'ID of the user or service account.' }),
    membership: t.field({ type: MembershipEnum, required: true, description: 'OWNER or MEMBER.' }),
  }),
  target: (input, context) => ofMembers(input, context),
  run: async (tx, grant, { subject, membership }, { tenant, id }) => {
    const member = await setGroupMembership(
      tx,
      grant,
      tenant,
      id,
      decodeSubject(subject, ['input', 'subject']).id,
      membership,
    );
    return { member, group: await tx.group.findUniqueOrThrow({ where: { id } }) };
  },
  payload: (t) => memberPayload(t, 'The updated member.'),
});

mutation('removeGroupMember', {
  description: 'Removes a member from a group. The member keeps access to the tenant.',
  permission: 'GROUP:UPDATE',
  input: (t) => ({
    group: t.id({ required: true, description: 'ID of the group.' }),
    subject: t.id({ required: true, description: 'ID of the user or service account.' }),
  }),
  target: (input, context) => ofMembers(input, context),
  run: (tx, grant, { subject }, { tenant, id }) =>
    removeGroupMember(tx, grant, tenant, id, decodeSubject(subject, ['input', 'subject']).id),
  payload: (t) => ({ group: changed(t, GroupRef, 'The group.') }),
});
