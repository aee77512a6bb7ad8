import { splitMethods } from '../../../auth/methods.ts';
import type { Tenant, User } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy, refOf } from '../../../graphql/connection/connection-type.ts';
import { anyCondition, nothing, reachOf, rows } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { guardedOne, viewerPermissions } from '../../../graphql/guarded.ts';
import { registerNode } from '../../../graphql/node.ts';
import { assertSortable, mayAskByName, searchableField, shownField } from '../../../graphql/personal.ts';
import { tenantScopes } from '../../../graphql/scopes.ts';
import { escapeLike, fold } from '../../../lib/text.ts';
import { Subject } from '../subject-type.ts';

export const AuthMethodEnum = builder.enumType('AuthMethod', {
  description: 'A sign-in method.',
  values: { PASSWORD: { description: 'User name and password.' }, API_TOKEN: { description: 'API token.' } },
});

/** Fields that are null for viewers without USER:READ for the user. */
const restricted = ['superAdmin', 'disabled', 'locked', 'authMethods', 'authProviders'] as const;
const isShown = (user: User, { session }: Context): boolean => session.can('USER:READ', { ...user });
const own =
  <T>(read: (user: User, context: Context) => T) =>
  (user: User, _args: object, context: Context): T | null =>
    isShown(user, context) ? read(user, context) : null;

const HiddenFields = builder.objectRef<{ readonly fields: readonly string[] }>('HiddenFields').implement({
  description: 'Fields of an object that the viewer is not allowed to read.',
  fields: (t) => ({
    fields: t.stringList({ description: 'Names of the fields, which are null.', resolve: ({ fields }) => [...fields] }),
    reason: t.string({
      description: 'Why they are hidden.',
      resolve: () =>
        'They require USER:READ at the instance level, or TENANT_USER:READ in the tenant to which the user belongs.',
    }),
  }),
});

const UserRef = builder.prismaNode('User', {
  description: 'A person, known to the whole instance. Access to tenants is granted explicitly.',
  interfaces: [Subject],
  id: { field: 'id' },
  fields: (t) => ({
    username: t.string({
      description: 'Name to sign in with.',
      resolve: (user, _args, context) => shownField(context, user, 'username', user.username),
    }),
    email: t.string({
      description: 'E-mail address.',
      resolve: (user, _args, context) => shownField(context, user, 'email', user.email),
    }),
    firstName: t.string({
      nullable: true,
      description: 'First name.',
      resolve: (user, _args, context) => shownField(context, user, 'firstName', user.firstName),
    }),
    lastName: t.string({
      nullable: true,
      description: 'Last name.',
      resolve: (user, _args, context) => shownField(context, user, 'lastName', user.lastName),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the user was created.' }),
    superAdmin: t.boolean({
      nullable: true,
      access: { decides: 'USER:READ' },
      description: 'True for a super admin.',
      resolve: own((user) => user.superAdmin),
    }),
    disabled: t.boolean({
      nullable: true,
      access: { decides: 'USER:READ' },
      description: 'True if the user is disabled.',
      resolve: own((user) => user.disabled),
    }),
    locked: t.boolean({
      nullable: true,
      access: { decides: 'USER:READ' },
      description: 'True if sign-ins are locked from at least one address after too many failures.',
      resolve: own(
        async (user, { db }) =>
          (await db.signInFailure.count({ where: { account: user.usernameKey, lockedUntil: { gt: new Date() } } })) > 0,
      ),
    }),
    authMethods: t.field({
      type: [AuthMethodEnum],
      nullable: true,
      access: { decides: 'USER:READ' },
      description: 'Allowed sign-in methods, except providers.',
      resolve: own((user) => splitMethods(user.authMethods).own),
    }),
    authProviders: t.stringList({
      nullable: true,
      access: { decides: 'USER:READ' },
      description: 'Names of the providers by which the user can sign in.',
      resolve: own((user) => splitMethods(user.authMethods).providers),
    }),
    hiddenFields: t.field({
      type: HiddenFields,
      nullable: true,
      description: 'Fields that are null because the viewer is not allowed to read them; null if there are none.',
      resolve: (user, _args, context) => (isShown(user, context) ? null : { fields: restricted }),
    }),
    homeTenant: guardedOne<User, Tenant>(t, {
      type: refOf('Tenant'),
      description: 'The tenant to which the user belongs, whose administrators can administer the user; null for none.',
      permission: 'TENANT:READ',
      scope: ({ homeTenantId }) => ({ tenantId: homeTenantId ?? undefined }),
      model: 'Tenant',
      id: ({ homeTenantId }) => homeTenantId,
    }),
    viewerPermissions: viewerPermissions<User>(t, 'USER', () => ({})),
  }),
});

/** Condition on users: "has an access row within this reach". The reach is never an empty OR. */
const byAccess = (where: Condition): Condition => ({ principal: { accesses: { some: where } } });

registerNode({
  typename: 'User',
  resource: 'USER',
  async find(context, id) {
    const instance = context.session.may('USER:READ');
    const tenants = await reachOf(context, 'TENANT_ACCESS:READ', await tenantScopes(context));
    const reach = anyCondition([...(instance ? [instance.where] : []), ...(tenants ? [byAccess(tenants)] : [])]);
    if (!reach) return null;
    return (await rows(context).first('User', { AND: [{ id }, reach] })) ?? null;
  },
});

export const UserConnection = connectionType('User', UserRef);
const order = orderBy('User', {
  USERNAME: { column: 'usernameKey', description: 'By user name, case-insensitive.' },
  EMAIL: { column: 'emailKey', description: 'By e-mail address, case-insensitive.' },
  CREATED_AT: { column: 'createdAt', description: 'By time of creation.' },
});
const Where = builder.inputType('UserWhere', {
  description: 'Filter. All given fields must match.',
  fields: (t) => ({
    username: t.string({ description: 'Exactly this user name, case-insensitive.' }),
    text: t.string({ description: 'Text in the user name, e-mail address, first or last name, case-insensitive.' }),
  }),
});
const columnsSearched = (context: Context, contains: Condition): Condition[] =>
  ['username', 'email', 'firstName', 'lastName']
    .map((field) => searchableField(context, field, contains))
    .filter((condition) => condition !== undefined);
const sortable = (column: string, context: Context) => assertSortable(context, column.replace(/Key$/, ''));
const filter = {
  input: Where,
  toCondition: ({ username, text }: typeof Where.$inferInput, context: Context): Condition => {
    const contains = text != null ? { contains: escapeLike(text), mode: 'insensitive' } : undefined;
    return {
      AND: [
        username == null ? {} : mayAskByName(context, username) ? { usernameKey: fold(username) } : nothing,
        contains ? (anyCondition(columnsSearched(context, contains)) ?? nothing) : {},
      ],
    };
  },
};

builder.queryField('users', (t) =>
  connection(t, {
    connection: UserConnection,
    description:
      'All users of the instance. Without USER:READ at the instance level, the viewer, and users who belong to tenants in which the viewer has TENANT_USER:READ.',
    permission: 'USER:READ',
    scopes: () => ({}),
    model: 'User',
    within: () => ({}),
    where: filter,
    order,
    sortable,
    nullable: false,
  }),
);

builder.prismaObjectField('Tenant', 'users', (t) =>
  connection(t, {
    connection: UserConnection,
    description: 'Users with access to the tenant.',
    permission: 'TENANT_ACCESS:READ',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    model: 'User',
    within: ({ id }) => byAccess({ tenantId: id }),
    reach: (where) => byAccess(where),
    where: filter,
    order,
    sortable,
  }),
);
