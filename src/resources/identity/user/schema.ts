import type { Row } from '../../../access/grant.ts';
import type { Tenant, User } from '../../../db/generated/client.ts';
import { GatehouseError } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { anyCondition, connection, delegate, nothing, reachOf } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { registerNode } from '../../../graphql/node.ts';
import { assertSortable, mayAskByName, searchableField, shownField } from '../../../graphql/personal.ts';
import { tenantScopes } from '../../../graphql/scopes.ts';
import { escapeLike, fold } from '../../../lib/text.ts';
import { Subject } from '../subject-type.ts';
import type * as users from './service.ts';

export const AuthMethodEnum = builder.enumType('AuthMethod', {
  description: 'By what a user may sign in.',
  values: { PASSWORD: { description: 'User name and password.' }, API_TOKEN: { description: 'Their API tokens.' } },
});

/** Self and the instance level see it; for others it is null, with FORBIDDEN at its path. */
function assertOwnOrInstance(user: User, { session }: Context): void {
  if (!session.can('USER:READ', { ...user }))
    throw new GatehouseError(
      'FORBIDDEN',
      'USER:READ is refused: only they themselves and the instance level see this.',
      { permission: 'USER:READ' },
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
    username: t.string({
      description: 'The name to sign in with.',
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
    description: 'All users of the instance; for those without USER:READ at the instance level, themselves.',
    permission: 'USER:READ',
    scopes: () => ({}),
    model: 'user',
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
    description: 'The users who have access to the tenant.',
    permission: 'TENANT_ACCESS:READ',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    model: 'user',
    within: ({ id }) => byAccess({ tenantId: id }),
    reach: (where) => byAccess(where),
    where: filter,
    order,
    sortable,
  }),
);
