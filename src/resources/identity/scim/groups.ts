import type { Group, Prisma } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { notFound } from '../../../errors.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { shownName } from '../../../graphql/personal.ts';
import { conditionOf, type Leaf, type Leaves, text, time } from './condition.ts';
import { scimFault } from './fault.ts';
import { parseFilter } from './filter.ts';
import { type Listed, type ListQuery, type Resource, readGrant, type Scim, versionOf } from './scim.ts';

export const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';
/** Max members of all groups of one response. */
const maxMembers = 50_000;

type Db = Pick<Tx, 'group' | '$queryRaw'>;

/** The group with this ID. @throws NOT_FOUND if the tenant has no such group, or the caller cannot know of it. */
export async function groupById(scim: Scim, id: string, db: Db = scim.context.db): Promise<Group> {
  const grant = await readGrant(scim, 'GROUP:READ');
  const group = await db.group.findFirst({
    where: { AND: [{ id, tenantId: scim.tenant.id }, grant.where as Prisma.GroupWhereInput] },
  });
  if (!group) throw notFound(`The group ${id}`);
  return group;
}

interface MemberState {
  readonly groupId: string;
  readonly count: number;
  /** Depends on the set of members only. */
  readonly digest: string;
}

/** The members that are users, as one number for each group: a version costs one statement, however many there are. */
const memberStates = (db: Db, ids: readonly string[]) =>
  db.$queryRaw<MemberState[]>`
    SELECT m."groupId", count(*)::int AS count, bit_xor(hashtextextended(m.id, 0))::text AS digest
    FROM "GroupMember" m JOIN "User" u ON u.id = m."principalId" WHERE m."groupId" = ANY(${[...ids]}::text[])
    GROUP BY m."groupId"`;

const version = ({ id, name, externalId }: Group, state: MemberState | undefined): string =>
  versionOf([id, name, externalId, state?.count ?? 0, state?.digest ?? '0']);

export async function groupVersion(db: Db, group: Group): Promise<string> {
  const [state] = await memberStates(db, [group.id]);
  return version(group, state);
}

/** The resources of groups. Members that are service accounts are not shown. */
export async function groupResources(
  { context, base }: Scim,
  groups: readonly Group[],
  shows: ListQuery['shows'],
): Promise<Resource[]> {
  const ids = groups.map(({ id }) => id);
  const states = new Map((await memberStates(context.db, ids)).map((state) => [state.groupId, state]));
  const total = [...states.values()].reduce((sum, { count }) => sum + count, 0);
  if (shows('members') && total > maxMembers)
    throw scimFault('tooMany', `The groups have ${total} members. Send excludedAttributes=members, or fewer groups.`);
  const members = shows('members') ? await membersOf(context.db, ids) : new Map<string, Member[]>();
  return groups.map((group) => ({
    schemas: [groupSchema],
    id: group.id,
    ...(group.externalId !== null && { externalId: group.externalId }),
    displayName: group.name,
    ...(shows('members') && {
      members: (members.get(group.id) ?? []).map(({ id, username }) => ({
        value: id,
        $ref: `${base}/Users/${id}`,
        display: shownName(context, id, username),
        type: 'User',
      })),
    }),
    meta: {
      resourceType: 'Group',
      created: group.createdAt.toISOString(),
      location: `${base}/Groups/${group.id}`,
      version: version(group, states.get(group.id)),
    },
  }));
}

interface Member {
  readonly groupId: string;
  readonly id: string;
  readonly username: string;
}

async function membersOf(db: Db, ids: readonly string[]): Promise<Map<string, Member[]>> {
  const rows = await db.$queryRaw<Member[]>`
    SELECT m."groupId", u.id, u.username FROM "GroupMember" m JOIN "User" u ON u.id = m."principalId"
    WHERE m."groupId" = ANY(${[...ids]}::text[]) ORDER BY m.id`;
  return Map.groupBy(rows, ({ groupId }) => groupId);
}

const member: Leaf = ({ operator, value }) => {
  if (operator === 'pr') return { members: { some: {} } } as Condition;
  const has = { members: { some: { principalId: String(value) } } } as Condition;
  if (operator === 'eq') return has;
  if (operator === 'ne') return { NOT: has };
  throw scimFault('invalidFilter', 'members can be compared by eq, ne and pr.');
};
const leaves: Leaves = {
  id: text({ column: 'id', caseExact: true }),
  externalid: text({ column: 'externalId', caseExact: true, nullable: true }),
  displayname: text({ column: 'nameKey', isFolded: true }),
  members: member,
  'members.value': member,
  'meta.created': time('createdAt'),
};

/** The groups of the tenant that the caller can read. */
export async function listGroups(scim: Scim, { filter, startIndex, count, shows }: ListQuery): Promise<Listed> {
  const { context, tenant } = scim;
  const grant = await readGrant(scim, 'GROUP:READ');
  const wanted = conditionOf(filter === undefined ? undefined : parseFilter(filter), leaves);
  const where = { AND: [{ tenantId: tenant.id }, grant.where, wanted] } as Prisma.GroupWhereInput;
  const total = await context.db.group.count({ where });
  if (count === 0 || startIndex > total) return { total, resources: [] };
  const page = { where, orderBy: { id: 'asc' as const }, skip: startIndex - 1, take: count };
  return { total, resources: await groupResources(scim, await context.db.group.findMany(page), shows) };
}
