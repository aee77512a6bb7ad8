import { z } from 'zod';
import type { Row } from '../../access/grant.ts';
import type { Tenant, User } from '../../db/generated/client.ts';
import { GatehouseError } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import {
  anyCondition,
  type Condition,
  connection,
  connectionType,
  delegate,
  orderBy,
  reachOf,
} from '../../graphql/connection.ts';
import type { Context } from '../../graphql/context.ts';
import { viewerPermissions } from '../../graphql/guarded.ts';
import { atInstance, byId, changed, mutation } from '../../graphql/mutation.ts';
import { globalId, registerNode } from '../../graphql/node.ts';
import { tenantScopes } from '../../graphql/scopes.ts';
import { escapeLike, fold } from '../../lib/text.ts';
import { email, personName, username } from '../rules.ts';
import { setServiceAccountSuperAdmin } from '../service-account/service.ts';
import { decodeSubject, Subject } from '../subject-type.ts';
import * as users from './service.ts';

const AuthMethodEnum = builder.enumType('AuthMethod', {
  description: 'By what a user may sign in.',
  values: { PASSWORD: { description: 'User name and password.' }, API_TOKEN: { description: 'Their API tokens.' } },
});

/** Self and the instance level see it; for others it is null, with FORBIDDEN at its path. */
function assertOwnOrInstance(user: User, { session }: Context): void {
  const grant = session.may('USER:READ');
  if (!grant?.matches({ ...user }))
    throw new GatehouseError(
      'FORBIDDEN',
      'USER:READ is refused: only they themselves and the instance level see this.',
    );
}

const own =
  <T>(read: (user: User, context: Context) => T) =>
  (user: User, _args: object, context: Context): T => {
    assertOwnOrInstance(user, context);
    return read(user, context);
  };

const UserRef = builder.prismaNode('User', {
  description: 'A person, known to the whole instance. Access to tenants is given explicitly.',
  interfaces: [Subject],
  id: { field: 'id' },
  fields: (t) => ({
    username: t.exposeString('username', { description: 'The name to sign in with.' }),
    email: t.exposeString('email', { description: 'E-mail address.' }),
    firstName: t.exposeString('firstName', { nullable: true, description: 'First name.' }),
    lastName: t.exposeString('lastName', { nullable: true, description: 'Last name.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they were created.' }),
    superAdmin: t.boolean({
      nullable: true,
      access: { decides: 'USER:READ' },
      description: 'Do they administer the whole instance?',
      resolve: own((user) => user.superAdmin),
    }),
    disabled: t.boolean({
      nullable: true,
      access: { decides: 'USER:READ' },
      description: 'Are they kept out?',
      resolve: own((user) => user.disabled),
    }),
    locked: t.boolean({
      nullable: true,
      access: { decides: 'USER:READ' },
      description: 'Is there an address from which too many sign-ins failed lately?',
      resolve: own(
        async (user, { db }) =>
          (await db.signInFailure.count({ where: { account: user.usernameKey, lockedUntil: { gt: new Date() } } })) > 0,
      ),
    }),
    authMethods: t.field({
      type: [AuthMethodEnum],
      nullable: true,
      access: { decides: 'USER:READ' },
      description: 'By what they may sign in.',
      resolve: own((user) => user.authMethods as users.AuthMethod[]),
    }),
    viewerPermissions: viewerPermissions<User>(t, 'USER', () => ({})),
  }),
});

/** The condition on users that "has an access row within this reach" is. The reach is never an empty OR. */
const byAccess = (where: Condition): Condition => ({ principal: { accesses: { some: where } } });

registerNode({
  typename: 'User',
  resource: 'USER',
  async find(context, id) {
    const instance = context.session.may('USER:READ');
    const tenants = await reachOf(context, 'TENANT_ACCESS:READ', await tenantScopes(context));
    const reach = anyCondition([...(instance ? [instance.where] : []), ...(tenants ? [byAccess(tenants)] : [])]);
    if (!reach) return null;
    const [row] = await delegate(context, 'user').findMany({ where: { AND: [{ id }, reach] }, take: 1 });
    return (row as Row | undefined) ?? null;
  },
});

export const UserConnection = connectionType('User', UserRef);
const order = orderBy('User', {
  USERNAME: { column: 'usernameKey', description: 'By user name, without case.' },
  EMAIL: { column: 'emailKey', description: 'By e-mail address, without case.' },
  CREATED_AT: { column: 'createdAt', description: 'By time of creation.' },
});
const Where = builder.inputType('UserWhere', {
  description: 'Which users.',
  fields: (t) => ({
    username: t.string({ description: 'Exactly this user name, in any case.' }),
    text: t.string({ description: 'User name, e-mail, first or last name contains this, in any case.' }),
  }),
});
const filter = {
  input: Where,
  toCondition: ({ username, text }: typeof Where.$inferInput): Condition => {
    const contains = text != null ? { contains: escapeLike(text), mode: 'insensitive' } : undefined;
    return {
      AND: [
        username != null ? { usernameKey: fold(username) } : {},
        contains ? { OR: ['username', 'email', 'firstName', 'lastName'].map((field) => ({ [field]: contains })) } : {},
      ],
    };
  },
};

builder.queryField('users', (t) =>
  connection(t, {
    connection: UserConnection,
    description: 'All users of the instance; for those without USER:READ at the instance level, themselves.',
    permission: 'USER:READ',
    scopes: () => ({}),
    model: 'user',
    within: () => ({}),
    where: filter,
    order,
    nullable: false,
  }),
);

builder.prismaObjectField('Tenant', 'users', (t) =>
  connection(t, {
    connection: UserConnection,
    description: 'The users who have access to the tenant.',
    permission: 'TENANT_ACCESS:READ',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    model: 'user',
    within: ({ id }) => byAccess({ tenantId: id }),
    reach: (where) => byAccess(where),
    where: filter,
    order,
  }),
);

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
  run: (tx, grant, input, _target, { limits }) => users.createUser(tx, grant, input, limits.passwordLength),
  payload: (t) => ({ user: changed(t, UserRef, 'The new user.') }),
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
  run: (tx, grant, input, { id }) => users.updateUser(tx, grant, id!, input),
  payload: (t) => ({ user: changed(t, UserRef, 'The changed user.') }),
});

mutation('deleteUser', {
  description: 'Deletes a user, with access, bindings, memberships and tokens. Audit events keep the name.',
  permission: 'USER:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which user.' }) }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, _input, { id }) => users.deleteUser(tx, grant, id!),
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
  run: (tx, grant, { password }, { id }, { limits }) =>
    users.setUserPassword(tx, grant, id!, password, limits.passwordLength),
  payload: (t) => ({ user: changed(t, UserRef, 'The user.') }),
});

mutation('changeMyPassword', {
  description: 'Changes the own password, signed in by it.',
  permission: 'USER:READ',
  input: (t) => ({
    currentPassword: t.string({ required: true, description: 'The present password.' }),
    newPassword: t.string({ required: true, description: 'The new password.' }),
  }),
  target: atInstance,
  run: (tx, grant, { currentPassword, newPassword }, _target, { limits }) =>
    users.changeMyPassword(tx, grant, currentPassword, newPassword, limits.passwordLength),
  payload: (t) => ({ user: changed(t, UserRef, 'Oneself.') }),
});

mutation('setAuthMethods', {
  description: 'Says by what a user may sign in.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which user.' }),
    methods: t.field({ type: [AuthMethodEnum], required: true, description: 'All that are allowed from now on.' }),
  }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, { methods }, { id }) => users.setAuthMethods(tx, grant, id!, methods as users.AuthMethod[]),
  payload: (t) => ({ user: changed(t, UserRef, 'The changed user.') }),
});

mutation('setUserDisabled', {
  description: 'Keeps a user out, or lets them in again. Open subscriptions end within two seconds.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which user.' }),
    disabled: t.boolean({ required: true, description: 'Kept out?' }),
  }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, { disabled }, { id }) => users.setUserDisabled(tx, grant, id!, disabled),
  payload: (t) => ({ user: changed(t, UserRef, 'The changed user.') }),
});

mutation('unlockUser', {
  description: 'Ends the locks that failed sign-ins put on an account.',
  permission: 'USER:UPDATE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which user.' }) }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, _input, { id }) => users.unlockUser(tx, grant, id!),
  payload: (t) => ({ user: changed(t, UserRef, 'The user.') }),
});

mutation('setSuperAdmin', {
  description: 'Makes a user or service account a super admin, or no longer one. The last one who can sign in stays.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    subject: t.id({ required: true, description: 'Id of a user or service account.' }),
    superAdmin: t.boolean({ required: true, description: 'A super admin?' }),
  }),
  target: async ({ subject }, context) => {
    const { typename, id } = decodeSubject(subject, ['input', 'subject']);
    if (typename === 'User') return ofUser({ id: String(subject) }, context);
    if (typename === 'ServiceAccount') return { scope: {}, tenant: null, id };
    throw new GatehouseError('BAD_INPUT', 'Groups are no super admins.', {
      issues: [{ path: ['input', 'subject'], message: 'Groups are no super admins.' }],
    });
  },
  run: async (tx, grant, { subject, superAdmin }, { id }) => {
    const { typename } = decodeSubject(subject, ['input', 'subject']);
    const row =
      typename === 'User'
        ? await users.setUserSuperAdmin(tx, grant, id!, superAdmin)
        : await setServiceAccountSuperAdmin(tx, grant, id!, superAdmin);
    return { ...row, __typename: typename };
  },
  payload: (t) => ({
    subject: t.field({
      type: Subject,
      description: 'The changed user or service account.',
      resolve: ({ result }) => result,
    }),
  }),
});
