import { z } from 'zod';
import { GatehouseError } from '../../../errors.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { atInstance, byId } from '../../../graphql/mutation/target.ts';
import { decodeId, globalId } from '../../../graphql/node.ts';
import { email, personName, username } from '../../rules.ts';
import { setServiceAccountSuperAdmin } from '../service-account/service.ts';
import { decodeSubject, Subject } from '../subject-type.ts';
import { AuthMethodEnum } from './schema.ts';
import * as users from './service.ts';

const hashed = (password: string, { limits, session }: Context, field?: string) =>
  users.hashedPassword(password, limits.passwordLength, session.accountId, field);

const ofUser = ({ id }: { id: string | number }, context: Context) => byId('USER', 'User', id, context);

mutation('createUser', {
  description: 'Creates a user. Access to tenants is given afterwards.',
  permission: 'USER:CREATE',
  input: (t) => ({
    username: t.string({ required: true, description: 'The name to sign in with; unique without case.' }),
    email: t.string({ required: true, description: 'E-mail address; unique without case.' }),
    firstName: t.string({ description: 'First name.' }),
    lastName: t.string({ description: 'Last name.' }),
    password: t.string({ description: 'Their first password. Left out: they cannot sign in by password yet.' }),
    superAdmin: t.boolean({ description: 'Administers the whole instance. Only a super admin may set it.' }),
  }),
  rules: z.looseObject({ username, email, firstName: personName, lastName: personName }),
  target: atInstance,
  prepare: async ({ password }, _target, context) =>
    password == null ? { secret: undefined } : { secret: await hashed(password, context) },
  run: (tx, grant, input, _target, { limits }) => users.createUser(tx, grant, input, limits.passwordLength),
  payload: (t) => ({ user: changed(t, refOf('User'), 'The new user.') }),
});

mutation('updateUser', {
  description: 'Changes a user.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which user.' }),
    username: t.string({ description: 'New user name; left out: as it is.' }),
    email: t.string({ description: 'New e-mail address; left out: as it is.' }),
    firstName: t.string({ description: 'New first name; null: none.' }),
    lastName: t.string({ description: 'New last name; null: none.' }),
  }),
  rules: z.looseObject({
    username: username.nullish(),
    email: email.nullish(),
    firstName: personName,
    lastName: personName,
  }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, input, { id }) => users.updateUser(tx, grant, id, input),
  payload: (t) => ({ user: changed(t, refOf('User'), 'The changed user.') }),
});

mutation('deleteUser', {
  description: 'Deletes a user, with access, bindings, memberships and tokens. Audit events keep the name.',
  permission: 'USER:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which user.' }) }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, _input, { id }) => users.deleteUser(tx, grant, id),
  payload: (t) => ({
    deletedId: t.id({ description: 'The id that is gone.', resolve: ({ result }) => globalId('User', result.id) }),
  }),
});

mutation('setUserPassword', {
  description: 'Gives a user a new password. Whoever signed in by the old one is out.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which user.' }),
    password: t.string({
      required: true,
      description: 'The new password. Long is what counts; there are no rules of composition.',
    }),
  }),
  target: (input, context) => ofUser(input, context),
  prepare: async ({ password }, _target, context) => ({ secret: await hashed(password, context) }),
  run: (tx, grant, { password, secret }, { id }, { limits }) =>
    users.setUserPassword(tx, grant, id, password, secret, limits.passwordLength),
  payload: (t) => ({ user: changed(t, refOf('User'), 'The user.') }),
});

mutation('changeMyPassword', {
  description: 'Changes the own password, signed in by it.',
  permission: 'USER:READ',
  input: (t) => ({
    currentPassword: t.string({ required: true, description: 'The present password.' }),
    newPassword: t.string({ required: true, description: 'The new password.' }),
  }),
  target: atInstance,
  prepare: async ({ currentPassword, newPassword }, _target, context) => {
    const { session, db } = context;
    users.assertOwn(session);
    const user = await db.user.findFirst({ where: { id: session.principal.id }, select: { passwordHash: true } });
    const present = await users.presentPassword(currentPassword, user?.passwordHash ?? null, session.accountId);
    if (!present.isRight) return { present, secret: undefined };
    return { present, secret: await hashed(newPassword, context, 'newPassword') };
  },
  run: (tx, grant, { present, newPassword, secret }, _target, { limits }) =>
    users.changeMyPassword(tx, grant, present, newPassword, secret, limits.passwordLength),
  payload: (t) => ({ user: changed(t, refOf('User'), 'Oneself.') }),
});

mutation('setAuthMethods', {
  description: 'Says by what a user may sign in.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which user.' }),
    methods: t.field({ type: [AuthMethodEnum], required: true, description: 'All that are allowed from now on.' }),
  }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, { methods }, { id }) => users.setAuthMethods(tx, grant, id, methods as users.AuthMethod[]),
  payload: (t) => ({ user: changed(t, refOf('User'), 'The changed user.') }),
});

mutation('setUserDisabled', {
  description: 'Keeps a user out, or lets them in again. Open subscriptions end within two seconds.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which user.' }),
    disabled: t.boolean({ required: true, description: 'Kept out?' }),
  }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, { disabled }, { id }) => users.setUserDisabled(tx, grant, id, disabled),
  payload: (t) => ({ user: changed(t, refOf('User'), 'The changed user.') }),
});

mutation('unlockUser', {
  description: 'Ends the locks that failed sign-ins put on an account.',
  permission: 'USER:UPDATE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which user.' }) }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, _input, { id }) => users.unlockUser(tx, grant, id),
  payload: (t) => ({ user: changed(t, refOf('User'), 'The user.') }),
});

mutation('setSuperAdmin', {
  description: 'Makes a user or service account a super admin, or no longer one. The last one who can sign in stays.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    subject: t.id({ required: true, description: 'Id of a user or service account.' }),
    superAdmin: t.boolean({ required: true, description: 'A super admin?' }),
    keepTokens: t.idList({
      description:
        'Ids of API tokens that a new super admin keeps. Without this, those that others made for them are revoked.',
    }),
  }),
  target: async ({ subject }, context) => {
    const { typename, id } = decodeSubject(subject, ['input', 'subject']);
    if (typename === 'User') return ofUser({ id: String(subject) }, context);
    if (typename === 'ServiceAccount') return { scope: {}, tenant: null, id, resource: 'SERVICE_ACCOUNT' };
    throw new GatehouseError('BAD_INPUT', 'Groups are no super admins.', {
      issues: [{ path: ['input', 'subject'], message: 'Groups are no super admins.' }],
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
      description: 'The changed user or service account.',
      resolve: ({ result }) => result.subject,
    }),
    tokens: t.field({
      type: [refOf('ApiToken')],
      nullable: { list: false, items: true },
      description: 'The valid API tokens that a new super admin had. Those that were revoked say so.',
      resolve: ({ result }) => [...result.tokens] as never,
    }),
  }),
});
