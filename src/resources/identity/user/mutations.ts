import { z } from 'zod';
import { authMethods } from '../../../auth/methods.ts';
import { badInput, GatehouseError } from '../../../errors.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { atInstance, byId, inTenant } from '../../../graphql/mutation/target.ts';
import { decodeId, globalId } from '../../../graphql/node.ts';
import { email, personName, username } from '../../rules.ts';
import { setServiceAccountSuperAdmin } from '../service-account/service.ts';
import { decodeSubject, Subject } from '../subject-type.ts';
import { providerMethods, setAuthMethods } from './auth-methods.ts';
import { changeHome, createHomeUser } from './home-users.ts';
import { presentPassword } from './present-password.ts';
import { AuthMethodEnum } from './schema.ts';
import * as users from './service.ts';

const hashed = (password: string, { limits, session }: Context, field?: string) =>
  users.hashedPassword(password, limits.passwordLength, session.accountId, field);

const ofUser = ({ id }: { id: string | number }, context: Context) => byId('USER', 'User', id, context);

/** Max groups that a user can be added to at the creation. */
const maxGroups = 20;
const groups = z.array(z.unknown()).max(maxGroups, `At most ${maxGroups} groups are allowed.`).nullish();

mutation('createUser', {
  description:
    'Creates a user: of the instance, without access to any tenant, or one who belongs to a tenant and has access to it. The latter requires TENANT_USER:CREATE and TENANT_ACCESS:CREATE there. To add the user to groups, the caller must be allowed to add members to each of them.',
  permission: 'USER:CREATE',
  input: (t) => ({
    username: t.string({ required: true, description: 'Name to sign in with, unique, case-insensitive.' }),
    email: t.string({ required: true, description: 'E-mail address, unique, case-insensitive.' }),
    firstName: t.string({ description: 'First name.' }),
    lastName: t.string({ description: 'Last name.' }),
    password: t.string({ description: 'Initial password. If omitted, the user cannot sign in by password yet.' }),
    homeTenantKey: t.string({
      description:
        'Key of the tenant to which the user belongs, whose administrators can administer the user. Omit for a user of the instance.',
    }),
    groups: t.idList({
      description: `IDs of groups of that tenant that the user becomes a member of, at most ${maxGroups}.`,
    }),
    superAdmin: t.boolean({ description: 'True to create a super admin. Requires a super admin.' }),
    authMethods: t.field({
      type: [AuthMethodEnum],
      description: 'Allowed sign-in methods, except providers. Defaults to password and API token.',
    }),
    authProviders: t.stringList({ description: 'Names of the providers by which the user can sign in.' }),
  }),
  rules: z.looseObject({ username, email, firstName: personName, lastName: personName, groups }),
  target: async ({ homeTenantKey }, context) => ({
    ...(await atInstance()),
    home: homeTenantKey == null ? null : (await inTenant(homeTenantKey, context)).tenant,
  }),
  prepare: async ({ password }, _target, context) =>
    password == null ? { secret: undefined } : { secret: await hashed(password, context) },
  run: (tx, grant, { authMethods: own, authProviders, groups: given, ...input }, { home }, context) => {
    const named = providerMethods(authProviders ?? [], context.providers);
    const user = { ...input, authMethods: [...(own ?? authMethods), ...named] };
    const { passwordLength } = context.limits;
    const groupIds = (given ?? []).map((id, i) => decodeId(String(id), ['Group'], ['input', 'groups', i]).id);
    if (home) return createHomeUser(tx, grant, context.session, home, { user, groupIds, passwordLength });
    if (groupIds.length > 0)
      throw badInput(['input', 'groups'], 'Groups belong to a tenant. Set homeTenantKey, or omit groups.');
    return users.createUser(tx, grant, user, passwordLength);
  },
  payload: (t) => ({ user: changed(t, refOf('User'), 'The new user.') }),
});

mutation('updateUser', {
  description: 'Updates a user.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the user.' }),
    username: t.string({ description: 'New user name. Omit to keep the current one.' }),
    email: t.string({ description: 'New e-mail address. Omit to keep the current one.' }),
    firstName: t.string({ description: 'New first name; null clears it.' }),
    lastName: t.string({ description: 'New last name; null clears it.' }),
    homeTenantKey: t.string({
      description:
        'Key of the tenant to which the user belongs; null for none. Requires access to the tenant, and no rights elsewhere.',
    }),
  }),
  rules: z.looseObject({
    username: username.nullish(),
    email: email.nullish(),
    firstName: personName,
    lastName: personName,
  }),
  target: async (input, context) => ({
    ...(await ofUser(input, context)),
    home: input.homeTenantKey == null ? null : (await inTenant(input.homeTenantKey, context)).tenant,
  }),
  locksTarget: true,
  run: async (tx, grant, { homeTenantKey, ...input }, { id, home }) => {
    const user = await users.updateUser(tx, grant, id, input);
    return homeTenantKey === undefined ? user : changeHome(tx, grant, id, home);
  },
  payload: (t) => ({ user: changed(t, refOf('User'), 'The updated user.') }),
});

mutation('deleteUser', {
  description: 'Deletes a user with access, bindings, memberships, tokens and sessions. Audit events keep the name.',
  permission: 'USER:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the user.' }) }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, _input, { id }) => users.deleteUser(tx, grant, id),
  payload: (t) => ({
    deletedId: t.id({ description: 'ID of the deleted object.', resolve: ({ result }) => globalId('User', result.id) }),
  }),
});

mutation('setUserPassword', {
  description: 'Sets a new password for a user. Sessions with the old password end.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the user.' }),
    password: t.string({
      required: true,
      description: 'The new password. Only its length is restricted.',
    }),
  }),
  target: (input, context) => ofUser(input, context),
  prepare: async ({ password }, _target, context) => ({ secret: await hashed(password, context) }),
  run: (tx, grant, { password, secret }, { id }, { limits }) =>
    users.setUserPassword(tx, grant, id, password, secret, limits.passwordLength),
  payload: (t) => ({ user: changed(t, refOf('User'), 'The user.') }),
});

mutation('changeMyPassword', {
  description:
    'Changes the password of the viewer, who must have signed in with it. All sessions of the viewer end, this one too.',
  permission: 'USER:READ',
  input: (t) => ({
    currentPassword: t.string({ required: true, description: 'The current password.' }),
    newPassword: t.string({ required: true, description: 'The new password.' }),
  }),
  target: atInstance,
  prepare: async ({ currentPassword, newPassword }, _target, context) => {
    users.assertOwn(context.session);
    const present = await presentPassword(currentPassword, context);
    if (!present.isRight) return { present, secret: undefined };
    return { present, secret: await hashed(newPassword, context, 'newPassword') };
  },
  run: (tx, grant, { present, newPassword, secret }, _target, { limits }) =>
    users.changeMyPassword(tx, grant, present, newPassword, secret, limits.passwordLength),
  payload: (t) => ({ user: changed(t, refOf('User'), 'Oneself.') }),
});

mutation('setAuthMethods', {
  description: 'Sets the allowed sign-in methods of a user. Sessions by a method that is no longer allowed end.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the user.' }),
    methods: t.field({
      type: [AuthMethodEnum],
      required: true,
      description: 'All allowed methods, except providers.',
    }),
    authProviders: t.stringList({
      description: 'Names of all providers by which the user can sign in. Omit to keep the present ones.',
    }),
  }),
  target: (input, context) => ofUser(input, context),
  locksTarget: true,
  run: (tx, grant, { methods, authProviders }, { id }, { providers: known }) => {
    if (authProviders != null) providerMethods(authProviders, known);
    return setAuthMethods(tx, grant, id, { methods, providers: authProviders ?? undefined });
  },
  payload: (t) => ({ user: changed(t, refOf('User'), 'The updated user.') }),
});

mutation('setUserDisabled', {
  description: 'Disables or enables a user. Sessions and open subscriptions of a disabled user end within two seconds.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the user.' }),
    disabled: t.boolean({ required: true, description: 'True to disable, false to enable.' }),
  }),
  target: (input, context) => ofUser(input, context),
  locksTarget: true,
  run: (tx, grant, { disabled }, { id }) => users.setUserDisabled(tx, grant, id, disabled),
  payload: (t) => ({ user: changed(t, refOf('User'), 'The updated user.') }),
});

mutation('unlockUser', {
  description: 'Removes the locks on an account that were caused by failed sign-ins.',
  permission: 'USER:UPDATE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the user.' }) }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, _input, { id }) => users.unlockUser(tx, grant, id),
  payload: (t) => ({ user: changed(t, refOf('User'), 'The user.') }),
});

mutation('setSuperAdmin', {
  description: 'Adds or removes a super admin. The last super admin who can sign in cannot be removed.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    subject: t.id({ required: true, description: 'ID of a user or service account.' }),
    superAdmin: t.boolean({ required: true, description: 'True to add, false to remove.' }),
    keepTokens: t.idList({
      description:
        'IDs of API tokens that a new super admin keeps. If omitted, its tokens that were created by others are revoked.',
    }),
  }),
  target: async ({ subject }, context) => {
    const { typename, id } = decodeSubject(subject, ['input', 'subject']);
    if (typename === 'User') return ofUser({ id: String(subject) }, context);
    if (typename === 'ServiceAccount') return { scope: {}, tenant: null, id, resource: 'SERVICE_ACCOUNT' };
    throw new GatehouseError('BAD_INPUT', 'A group cannot be a super admin.', {
      issues: [{ path: ['input', 'subject'], message: 'A group cannot be a super admin.' }],
    });
  },
  run: async (tx, grant, { subject, superAdmin, keepTokens }, { id }) => {
    const { typename } = decodeSubject(subject, ['input', 'subject']);
    const kept = (keepTokens ?? []).map(
      (token, i) => decodeId(String(token), ['ApiToken'], ['input', 'keepTokens', i]).id,
    );
    const { row, tokens } =
      typename === 'User'
        ? await users.setUserSuperAdmin(tx, grant, id, superAdmin, kept)
        : await setServiceAccountSuperAdmin(tx, grant, id, superAdmin, kept);
    return { subject: { ...row, __typename: typename }, tokens };
  },
  payload: (t) => ({
    subject: t.field({
      type: Subject,
      nullable: true,
      description: 'The updated user or service account.',
      resolve: ({ result }) => result.subject,
    }),
    tokens: t.field({
      type: [refOf('ApiToken')],
      nullable: { list: false, items: true },
      description: 'Valid API tokens that a new super admin had, in their new state.',
      resolve: ({ result }) => [...result.tokens] as never,
    }),
  }),
});
