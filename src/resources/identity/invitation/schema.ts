import { z } from 'zod';
import type { Invitation, Role, Tenant } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, refOf } from '../../../graphql/connection/connection-type.ts';
import { guardedOne, viewerPermissions } from '../../../graphql/guarded.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { shownOnce } from '../../../graphql/mutation/replay.ts';
import { byId, inTenant } from '../../../graphql/mutation/target.ts';
import { decodeId, globalId, registerNode } from '../../../graphql/node.ts';
import { shownField } from '../../../graphql/personal.ts';
import { tenantFields } from '../../../graphql/tenant-fields.ts';
import { namespaceName } from '../../orchestration/namespace/service.ts';
import { email } from '../../rules.ts';
import { mailState } from '../mail/outbox.ts';
import { readSubject, Subject, subjectOfPrincipal } from '../subject-type.ts';
import { type OfferedBinding, offerOf } from './offer.ts';
import { createInvitation, deleteInvitation, maxOffered } from './service.ts';

const MailState = builder.enumType('MailState', {
  description: 'State of a mail.',
  values: {
    QUEUED: { description: 'It waits for the first or another attempt.' },
    SENT: { description: 'The mail server accepted it.' },
    FAILED: { description: 'The mail server refused it, or all attempts failed.' },
  },
});

const OfferedBindingRef = builder
  .objectRef<OfferedBinding & { readonly tenantId: string }>('InvitationBinding')
  .implement({
    description: 'A binding that an invitation offers.',
    fields: (t) => ({
      role: guardedOne<OfferedBinding & { readonly tenantId: string }, Role>(t, {
        type: refOf('Role'),
        description: 'The role.',
        permission: 'ROLE:READ',
        scope: ({ tenantId }) => ({ tenantId }),
        model: 'Role',
        id: ({ roleId }) => roleId,
      }),
      namespaceName: t.string({
        nullable: true,
        description: 'Namespace, including all below it; null for the whole tenant.',
        resolve: ({ namespace }) => namespace || null,
      }),
    }),
  });

const InvitationRef = builder.prismaNode('Invitation', {
  description: 'An offer of access to a tenant. It no longer exists once it is accepted, deleted or expired.',
  id: { field: 'id' },
  fields: (t) => ({
    email: t.string({
      select: { email: true },
      description: 'E-mail address of the invited person.',
      resolve: ({ email: address }, _args, context) => shownField(context, { id: '' }, 'email', address),
    }),
    ...tenantFields<Invitation>(t),
    bindings: t.field({
      type: [OfferedBindingRef],
      select: { tenantId: true, bindings: true },
      description: `Bindings that it offers, at most ${maxOffered}.`,
      resolve: (invitation) =>
        offerOf(invitation as Invitation).bindings.map((one) => ({ ...one, tenantId: invitation.tenantId })),
    }),
    withDefaultRole: t.exposeBoolean('withDefaultRole', {
      description: 'True if it also offers the default role of the tenant, if there is one.',
    }),
    mail: t.field({
      type: MailState,
      nullable: true,
      select: { id: true },
      description: 'State of its mail. Null if the gateway sends no mails: the inviter passes on the link.',
      resolve: async ({ id }, _args, { db }) => mailState(await db.mail.findFirst({ where: { id } })),
    }),
    invitedBy: t.field({
      type: Subject,
      nullable: true,
      select: { tenantId: true, invitedById: true },
      description: 'The inviter. Null if the viewer cannot read them.',
      resolve: async ({ invitedById, tenantId }, _args, context) =>
        (await readSubject(context, await subjectOfPrincipal(context, invitedById), tenantId)) as never,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it expires.' }),
    viewerPermissions: viewerPermissions<Invitation>(t, 'INVITATION', ({ tenantId }) => ({ tenantId })),
  }),
});
registerNode({ typename: 'Invitation', resource: 'INVITATION' });

builder.prismaObjectField('Tenant', 'invitations', (t) =>
  connection(t, {
    connection: connectionType('Invitation', InvitationRef),
    description: 'Invitations to the tenant that were not accepted yet.',
    permission: 'INVITATION:READ',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    model: 'Invitation',
    within: ({ id }) => ({ tenantId: id }),
  }),
);

const NewBinding = builder.inputType('InvitationBindingInput', {
  description: 'A binding to offer.',
  fields: (t) => ({
    role: t.id({ required: true, description: 'ID of a role of the tenant.' }),
    namespaceName: t.string({ description: 'Namespace, including all below it. Omit for the whole tenant.' }),
  }),
});

function bindingOf({ role, namespaceName: name }: typeof NewBinding.$inferInput, index: number): OfferedBinding {
  const path = ['input', 'bindings', index];
  const { id: roleId } = decodeId(String(role), ['Role'], [...path, 'role']);
  if (name == null) return { roleId, namespace: '' };
  const checked = namespaceName.safeParse(name);
  if (!checked.success) throw badInput([...path, 'namespaceName'], checked.error.issues[0]!.message);
  return { roleId, namespace: name };
}

const atMost = z.array(z.unknown()).max(maxOffered, `At most ${maxOffered}.`).nullish();

mutation('createInvitation', {
  description:
    'Invites a person to a tenant, with groups and roles, by a link that works once. The caller must be allowed to grant the access, add members to each group, and bind each role. All of this is decided again when the person accepts.',
  permission: 'INVITATION:CREATE',
  feedsAccess: true,
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    email: t.string({ required: true, description: 'E-mail address of the person.' }),
    groups: t.idList({ description: `IDs of groups of the tenant, at most ${maxOffered}.` }),
    bindings: t.field({ type: [NewBinding], description: `Roles to bind, at most ${maxOffered}.` }),
    withDefaultRole: t.boolean({
      description: 'True to bind the default role of the tenant, if it has one. Defaults to true.',
    }),
  }),
  rules: z.looseObject({ email, groups: atMost, bindings: atMost }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: (tx, grant, { email: address, groups, bindings, withDefaultRole }, { tenant }, { session, ...services }) => {
    const groupIds = (groups ?? []).map((id, i) => decodeId(String(id), ['Group'], ['input', 'groups', i]).id);
    return createInvitation(tx, grant, session, tenant, services, {
      email: address,
      groupIds: [...new Set(groupIds)],
      bindings: (bindings ?? []).map(bindingOf),
      withDefaultRole: withDefaultRole ?? true,
    });
  },
  payload: (t) => ({
    invitation: t.field({
      type: InvitationRef,
      nullable: true,
      description: 'The new invitation.',
      resolve: ({ result }) => result.invitation,
    }),
    link: t.string({
      nullable: true,
      description:
        'The link, returned only once. Null if it is sent by mail, in a dry run and when an idempotencyKey repeats the request.',
      ...shownOnce,
      resolve: ({ result, changes }) => (changes === null ? (result.link ?? null) : null),
    }),
  }),
});

mutation('deleteInvitation', {
  description: 'Withdraws an invitation. Its link no longer works.',
  permission: 'INVITATION:DELETE',
  feedsAccess: true,
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the invitation.' }) }),
  target: ({ id }, context) => byId('INVITATION', 'Invitation', id, context),
  run: (tx, grant, _input, { id, tenant }) => deleteInvitation(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('Invitation', result.id),
    }),
  }),
});
