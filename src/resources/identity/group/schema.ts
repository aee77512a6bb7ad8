import { z } from 'zod';
import type { Group, GroupMember, ServiceAccount, Tenant, User } from '../../../db/generated/client.ts';
import { badInput, notFound } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { loadRow } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { registerPart } from '../../../graphql/mutation/replay.ts';
import { byId, inTenant } from '../../../graphql/mutation/target.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { shownField } from '../../../graphql/personal.ts';
import { tenantScopes } from '../../../graphql/scopes.ts';
import { escapeLike, fold } from '../../../lib/text.ts';
import { description, displayName } from '../../rules.ts';
import { decodeSubject, MembershipEnum, readSubject, Subject, subjectOfPrincipal } from '../subject-type.ts';
import { addGroupMember, removeGroupMember, setGroupMembership } from './members.ts';
import { createGroup, deleteGroup, updateGroup } from './service.ts';

const GroupRef = builder.prismaNode('Group', {
  description: 'Users and service accounts of a tenant who get the same roles.',
  interfaces: [Subject],
  id: { field: 'id' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Unique in its tenant, without case.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for.' }),
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
  description: 'Somebody in a group.',
  fields: (t) => ({
    membership: t.field({
      type: MembershipEnum,
      description: 'Owner or member.',
      resolve: ({ membership }) => membership as 'OWNER' | 'MEMBER',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Since when.' }),
    name: t.string({
      description: 'User name, or name of the service account.',
      resolve: async ({ principalId }, _args, context) => {
        const user = await loadRow<User>(context, 'user', principalId);
        if (user) return shownField(context, user, 'username', user.username);
        return (await loadRow<ServiceAccount>(context, 'serviceAccount', principalId))?.name ?? principalId;
      },
    }),
    subject: t.field({
      type: Subject,
      nullable: true,
      description: 'The user or service account; null where the viewer may not read it.',
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
    description: 'Who is in it.',
    permission: 'GROUP:READ',
    scopes: ({ tenantId }: Group) => ({ tenantId }),
    model: 'groupMember',
    within: ({ id }) => ({ groupId: id }),
    // Whoever reads the group reads its members: the reach speaks of groups.
    reach: (where) => ({ group: where }),
    relation: { model: 'group', field: 'members' },
  }),
);

export const GroupConnection = connectionType('Group', GroupRef);
const order = orderBy('Group', {
  NAME: { column: 'nameKey', description: 'By name, without case.' },
  CREATED_AT: { column: 'createdAt', description: 'By time of creation.' },
});
const Where = builder.inputType('GroupWhere', {
  description: 'Which groups.',
  fields: (t) => ({
    name: t.string({ description: 'Exactly this name, in any case.' }),
    text: t.string({ description: 'The name contains this, in any case.' }),
  }),
});
const list = {
  connection: GroupConnection,
  permission: 'GROUP:READ',
  model: 'group',
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
    description: "The tenant's groups.",
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
);
for (const owner of ['User', 'ServiceAccount'] as const) {
  builder.prismaObjectField(owner, 'groups', (t) =>
    connection(t, {
      ...list,
      description: 'The groups they are in, as far as the viewer may read them.',
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
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    name: t.string({ required: true, description: 'Unique in the tenant, without case.' }),
    description: t.string({ description: 'What it is for.' }),
  }),
  rules: z.looseObject({ name: displayName, description }),
  target: ({ tenant }, context) => inTenant(tenant, context),
  run: (tx, grant, input, { tenant }) => createGroup(tx, grant, tenant, input),
  payload: (t) => ({ group: changed(t, GroupRef, 'The new group.') }),
});

mutation('updateGroup', {
  description: 'Changes a group.',
  permission: 'GROUP:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which group.' }),
    name: t.string({ description: 'New name; left out: as it is.' }),
    description: t.string({ description: 'New description; null: none.' }),
  }),
  rules: z.looseObject({ name: displayName.nullish(), description }),
  target: (input, context) => ofGroup(input, context),
  run: (tx, grant, input, { tenant, id }) => updateGroup(tx, grant, tenant, id, input),
  payload: (t) => ({ group: changed(t, GroupRef, 'The changed group.') }),
});

mutation('deleteGroup', {
  description: 'Deletes a group with its bindings and memberships. Its members stay.',
  permission: 'GROUP:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which group.' }) }),
  target: (input, context) => ofGroup(input, context),
  run: (tx, grant, _input, { tenant, id }) => deleteGroup(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({ description: 'The id that is gone.', resolve: ({ result }) => globalId('Group', result.id) }),
  }),
});

mutation('addGroupMember', {
  description: 'Adds somebody who has access to the tenant. Owners of the group need no permission for it.',
  permission: 'GROUP:UPDATE',
  input: (t) => ({
    group: t.id({ required: true, description: 'Which group.' }),
    subject: t.id({ description: 'Id of the user or service account.' }),
    username: t.string({ description: 'Or the exact user name.' }),
    membership: t.field({ type: MembershipEnum, description: 'Default: MEMBER.' }),
  }),
  target: (input, context) => ofMembers(input, context),
  run: async (tx, grant, { subject, username, membership }, { tenant, id }) => {
    if ((subject == null) === (username == null))
      throw badInput(['input', 'subject'], 'Name a subject or a user name.');
    const principalId =
      subject != null
        ? decodeSubject(subject, ['input', 'subject']).id
        : (await tx.user.findUnique({ where: { usernameKey: fold(username!) }, select: { id: true } }))?.id;
    if (principalId === undefined) throw notFound('The subject');
    const member = await addGroupMember(tx, grant, tenant, id, principalId, membership ?? 'MEMBER');
    return { member, group: await tx.group.findUniqueOrThrow({ where: { id } }) };
  },
  payload: (t) => ({
    group: t.field({
      type: GroupRef,
      nullable: true,
      description: 'The group.',
      resolve: ({ result }) => result.group,
    }),
    member: t.field({
      type: GroupMemberRef,
      nullable: true,
      description: 'The new member.',
      resolve: ({ result }) => result.member as GroupMember,
    }),
  }),
});

mutation('setGroupMembership', {
  description: 'Makes a member an owner, or an owner a member.',
  permission: 'GROUP:UPDATE',
  input: (t) => ({
    group: t.id({ required: true, description: 'Which group.' }),
    subject: t.id({ required: true, description: 'Id of the user or service account.' }),
    membership: t.field({ type: MembershipEnum, required: true, description: 'Owner or member.' }),
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
  payload: (t) => ({
    group: t.field({
      type: GroupRef,
      nullable: true,
      description: 'The group.',
      resolve: ({ result }) => result.group,
    }),
    member: t.field({
      type: GroupMemberRef,
      nullable: true,
      description: 'The changed member.',
      resolve: ({ result }) => result.member as GroupMember,
    }),
  }),
});

mutation('removeGroupMember', {
  description: 'Removes somebody from a group. They keep their access to the tenant.',
  permission: 'GROUP:UPDATE',
  input: (t) => ({
    group: t.id({ required: true, description: 'Which group.' }),
    subject: t.id({ required: true, description: 'Id of the user or service account.' }),
  }),
  target: (input, context) => ofMembers(input, context),
  run: (tx, grant, { subject }, { tenant, id }) =>
    removeGroupMember(tx, grant, tenant, id, decodeSubject(subject, ['input', 'subject']).id),
  payload: (t) => ({ group: changed(t, GroupRef, 'The group.') }),
});
