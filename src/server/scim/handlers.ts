import type { IncomingMessage } from 'node:http';
import { notFound } from '../../errors.ts';
import { createGroup, deleteGroup, updateGroup } from '../../resources/identity/scim/group-acts.ts';
import { groupChange } from '../../resources/identity/scim/group-change.ts';
import { groupById, groupResources, listGroups } from '../../resources/identity/scim/groups.ts';
import { parsePatch, type Step, stepsOfResource } from '../../resources/identity/scim/patch.ts';
import {
  type Listed,
  type ListQuery,
  namesVersion,
  type Resource,
  type Scim,
} from '../../resources/identity/scim/scim.ts';
import { createUser, deleteUser, updateUser } from '../../resources/identity/scim/user-acts.ts';
import { userChange } from '../../resources/identity/scim/user-change.ts';
import { listUsers, type UserRow, userById, userResources } from '../../resources/identity/scim/users.ts';
import type { Reply } from './respond.ts';
import { Shown } from './shown.ts';

export interface Asked {
  readonly scim: Scim;
  readonly request: IncomingMessage;
  readonly query: URLSearchParams;
  readonly id: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Handle = (asked: Asked) => Promise<Reply>;

const listSchema = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

export const listReply = (resources: readonly object[], total: number = resources.length, startIndex = 1): Reply => ({
  status: 200,
  body: {
    schemas: [listSchema],
    totalResults: total,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  },
});

/** A whole number of the query. Faulty values count as omitted, and ones below the least as the least. */
function numberOf(query: URLSearchParams, name: string, usual: number, least: number): number {
  const text = query.get(name);
  return text !== null && /^-?\d{1,9}$/.test(text) ? Math.max(Number(text), least) : usual;
}

async function list({ scim, query }: Asked, read: (scim: Scim, query: ListQuery) => Promise<Listed>): Promise<Reply> {
  const { pageSize } = scim.context.limits;
  const shown = new Shown(query);
  const startIndex = numberOf(query, 'startIndex', 1, 1);
  const count = Math.min(numberOf(query, 'count', pageSize, 0), pageSize);
  const filter = query.get('filter') ?? undefined;
  const { total, resources } = await read(scim, { filter, startIndex, count, shows: shown.shows });
  return listReply(
    resources.map((resource) => shown.of(resource)),
    total,
    startIndex,
  );
}

function one({ request, query }: Asked, resource: Resource, status = 200): Reply {
  const { version, location } = resource.meta;
  const headers = { ETag: version, ...(status === 201 && { Location: location }) };
  const known = request.headers['if-none-match'];
  if (request.method === 'GET' && known !== undefined && namesVersion(known, version)) return { status: 304, headers };
  return { status, headers, body: new Shown(query).of(resource) };
}

const ifMatchOf = ({ headers }: IncomingMessage): string | undefined => headers['if-match'];

async function userReply(asked: Asked, row: UserRow, status?: number): Promise<Reply> {
  const [resource] = await userResources(asked.scim, [row], new Shown(asked.query).shows);
  return one(asked, resource!, status);
}

async function changeUser(asked: Asked, steps: readonly Step[]): Promise<Reply> {
  const { scim, request, id } = asked;
  const row = await userById(scim, id!);
  const changed = await updateUser(scim, row, userChange(steps, row.user.email), ifMatchOf(request));
  if (changed) return userReply(asked, changed);
  // The user is no longer one of the tenant. This is the last that the client sees of them.
  const [resource] = await userResources(scim, [row], () => false);
  return { status: 200, body: new Shown(asked.query).of({ ...resource!, active: false }) };
}

export const users: Readonly<Record<string, Handle>> = {
  GET: async (asked) =>
    asked.id === undefined ? list(asked, listUsers) : userReply(asked, await userById(asked.scim, asked.id)),
  POST: async (asked) => userReply(asked, await createUser(asked.scim, userChange(stepsOfResource(asked.body))), 201),
  PUT: (asked) => changeUser(asked, stepsOfResource(asked.body)),
  PATCH: (asked) => changeUser(asked, parsePatch(asked.body)),
  DELETE: async ({ scim, request, id }) => {
    await deleteUser(scim, await userById(scim, id!), ifMatchOf(request));
    return { status: 204 };
  },
};

async function groupReply(asked: Asked, id: string, status?: number): Promise<Reply> {
  const { scim, query } = asked;
  const [resource] = await groupResources(scim, [await groupById(scim, id)], new Shown(query).shows);
  return one(asked, resource!, status);
}

async function changeGroup(asked: Asked, steps: readonly Step[]): Promise<void> {
  const { scim, request, id } = asked;
  await updateGroup(scim, await groupById(scim, id!), groupChange(steps), ifMatchOf(request));
  await scim.context.session.refresh();
}

export const groups: Readonly<Record<string, Handle>> = {
  GET: (asked) => (asked.id === undefined ? list(asked, listGroups) : groupReply(asked, asked.id)),
  POST: async (asked) => {
    const { id } = await createGroup(asked.scim, groupChange(stepsOfResource(asked.body)));
    return groupReply(asked, id, 201);
  },
  PUT: async (asked) => {
    await changeGroup(asked, stepsOfResource(asked.body));
    return groupReply(asked, asked.id!);
  },
  // Without a body, so that its cost does not depend on the number of members.
  PATCH: async (asked) => {
    await changeGroup(asked, parsePatch(asked.body));
    return new Shown(asked.query).isRestricted ? groupReply(asked, asked.id!) : { status: 204 };
  },
  DELETE: async ({ scim, request, id }) => {
    await deleteGroup(scim, await groupById(scim, id!), ifMatchOf(request));
    return { status: 204 };
  },
};

/** One or all of a fixed list. */
export const fixed =
  (all: (scim: Scim) => readonly { readonly id: string }[]): Handle =>
  async ({ scim, id }) => {
    const resources = all(scim);
    if (id === undefined) return listReply(resources);
    const found = resources.find((resource) => resource.id.toLowerCase() === id.toLowerCase());
    if (!found) throw notFound(id.slice(0, 200));
    return { status: 200, body: found };
  };
