import type { Prisma } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { notFound } from '../../../errors.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { mayAskByName, searchableField, shownField } from '../../../graphql/personal.ts';
import { boolean, conditionOf, constant, type Leaf, type Leaves, type TextColumn, text, time } from './condition.ts';
import { scimFault } from './fault.ts';
import { parseFilter } from './filter.ts';
import { type Listed, type ListQuery, type Resource, readGrant, type Scim, versionOf } from './scim.ts';

export const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';

type Db = Pick<Tx, 'tenantAccess' | 'groupMember'>;

const selected = (tenantId: string) =>
  ({
    id: true,
    externalId: true,
    principal: {
      select: {
        user: {
          select: {
            ...{ id: true, username: true, email: true, firstName: true, lastName: true, createdAt: true },
            ...{ disabled: true, superAdmin: true, managedBy: true },
          },
        },
        accesses: { where: { tenantId: { not: tenantId } }, take: 1, select: { id: true } },
        bindings: { where: { tenantId: null }, take: 1, select: { id: true } },
      },
    },
  }) satisfies Prisma.TenantAccessSelect;

/** A user with access to the tenant. */
export interface UserRow {
  readonly accessId: string;
  readonly externalId: string | null;
  readonly user: {
    readonly id: string;
    readonly username: string;
    readonly email: string;
    readonly firstName: string | null;
    readonly lastName: string | null;
    readonly createdAt: Date;
    readonly disabled: boolean;
  };
  /** True if the tenant's SCIM created the user, and the user has nothing outside of the tenant. */
  readonly isOwned: boolean;
}

/** The same as a condition on access rows. */
const owned = (tenantId: string): Condition =>
  ({
    principal: {
      user: { managedBy: tenantId, superAdmin: false },
      accesses: { none: { tenantId: { not: tenantId } } },
      bindings: { none: { tenantId: null } },
    },
  }) as Condition;

async function load(db: Db, tenantId: string, query: Omit<Prisma.TenantAccessFindManyArgs, 'select' | 'include'>) {
  const rows = await db.tenantAccess.findMany({ ...query, select: selected(tenantId) });
  return rows.flatMap(({ id, externalId, principal: { user, accesses, bindings } }): UserRow[] => {
    if (!user) return [];
    const { managedBy, superAdmin, ...rest } = user;
    const isOwned = managedBy === tenantId && !superAdmin && accesses.length === 0 && bindings.length === 0;
    return [{ accessId: id, externalId, user: rest, isOwned }];
  });
}

/** Only a user of its own can be disabled. For all others, access to the tenant is what counts. */
export const isActive = ({ isOwned, user }: UserRow): boolean => !isOwned || !user.disabled;

/** The user with this ID. @throws NOT_FOUND if the tenant has no such user, or the caller cannot know of them. */
export async function userById(scim: Scim, id: string, db: Db = scim.context.db): Promise<UserRow> {
  const grant = await readGrant(scim, 'TENANT_ACCESS:READ');
  const own = { tenantId: scim.tenant.id, principalId: id };
  const [row] = await load(db, scim.tenant.id, { where: { AND: [own, grant.where as Prisma.TenantAccessWhereInput] } });
  if (!row) throw notFound(`The user ${id}`);
  return row;
}

/** What the caller sees of a user, without groups and metadata. */
function contentOf({ context }: Scim, row: UserRow) {
  const { user, externalId } = row;
  const shown = <T>(field: string, value: T) => shownField(context, { ...user }, field, value);
  const userName = String(shown('username', user.username));
  const [givenName, familyName] = [shown('firstName', user.firstName), shown('lastName', user.lastName)];
  const formatted = [givenName, familyName].filter(Boolean).join(' ');
  return {
    schemas: [userSchema],
    id: user.id,
    ...(externalId !== null && { externalId }),
    userName,
    ...(formatted !== '' && {
      name: { formatted, ...(givenName && { givenName }), ...(familyName && { familyName }) },
    }),
    displayName: formatted || userName,
    active: isActive(row),
    emails: [{ value: shown('email', user.email), type: 'work', primary: true }],
  };
}

export const userVersion = (scim: Scim, row: UserRow): string => versionOf(contentOf(scim, row));

/** The resources of users, with those groups that the caller can read. */
export async function userResources(
  scim: Scim,
  rows: readonly UserRow[],
  shows: ListQuery['shows'],
): Promise<Resource[]> {
  const { context, tenant, base } = scim;
  const grant = shows('groups') ? context.session.may('GROUP:READ', { tenantId: tenant.id }) : undefined;
  const members = grant
    ? await context.db.groupMember.findMany({
        where: {
          tenantId: tenant.id,
          principalId: { in: rows.map(({ user }) => user.id) },
          group: grant.where as Prisma.GroupWhereInput,
        },
        select: { principalId: true, group: { select: { id: true, name: true } } },
        orderBy: { id: 'asc' },
      })
    : [];
  const groups = Map.groupBy(members, ({ principalId }) => principalId);
  return rows.map((row) => {
    const content = contentOf(scim, row);
    const own = (groups.get(row.user.id) ?? []).map(({ group: { id, name } }) => ({
      value: id,
      $ref: `${base}/Groups/${id}`,
      display: name,
      type: 'direct',
    }));
    return {
      ...content,
      ...(own.length > 0 && { groups: own }),
      meta: {
        resourceType: 'User',
        created: row.user.createdAt.toISOString(),
        location: `${base}/Users/${row.user.id}`,
        version: versionOf(content),
      },
    };
  });
}

/** A column of users. A filter cannot use a column of which some values are masked for the caller. */
function column({ context }: Scim, field: string, options: TextColumn): Leaf {
  const leaf = text({ ...options, of: (user) => ({ principal: { user } }) as Condition });
  return (comparison) => {
    const isExact = field === 'username' && comparison.operator === 'eq';
    const isOpen = isExact
      ? mayAskByName(context, String(comparison.value))
      : searchableField(context, field, {}) !== undefined &&
        (field !== 'username' || searchableField(context, 'email', {}) !== undefined);
    if (!isOpen) throw scimFault('invalidFilter', `The attribute ${comparison.path} is masked for you.`);
    return leaf(comparison);
  };
}

function leavesOf(scim: Scim): Leaves {
  const email = column(scim, 'email', { column: 'emailKey', isFolded: true });
  const ofUser = (user: Condition) => ({ principal: { user } }) as Condition;
  const tenantId = scim.tenant.id;
  return {
    id: text({ column: 'principalId', caseExact: true }),
    externalid: text({ column: 'externalId', caseExact: true, nullable: true }),
    username: column(scim, 'username', { column: 'usernameKey', isFolded: true }),
    'name.givenname': column(scim, 'firstName', { column: 'firstName', nullable: true }),
    'name.familyname': column(scim, 'lastName', { column: 'lastName', nullable: true }),
    emails: email,
    'emails.value': email,
    'emails.type': constant('work'),
    'emails.primary': constant('true'),
    active: boolean({ NOT: { AND: [owned(tenantId), ofUser({ disabled: true })] } }),
    'meta.created': time('createdAt', ofUser),
  };
}

/** The users of the tenant that the caller can read. */
export async function listUsers(scim: Scim, { filter, startIndex, count, shows }: ListQuery): Promise<Listed> {
  const { context, tenant } = scim;
  const grant = await readGrant(scim, 'TENANT_ACCESS:READ');
  const wanted = conditionOf(filter === undefined ? undefined : parseFilter(filter), leavesOf(scim));
  const where = {
    AND: [{ tenantId: tenant.id, principal: { kind: 'USER' } }, grant.where, wanted],
  } as Prisma.TenantAccessWhereInput;
  const total = await context.db.tenantAccess.count({ where });
  if (count === 0 || startIndex > total) return { total, resources: [] };
  const page = { where, orderBy: { id: 'asc' as const }, skip: startIndex - 1, take: count };
  return { total, resources: await userResources(scim, await load(context.db, tenant.id, page), shows) };
}
