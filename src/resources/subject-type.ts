import type { Group, Principal, ServiceAccount, User } from '../db/generated/client.ts';
import { builder } from '../graphql/builder.ts';
import type { Context } from '../graphql/context.ts';
import { loadByNames, loadRow } from '../graphql/loaders.ts';
import { decodeId } from '../graphql/node.ts';
import type { SubjectRef } from './subject.ts';
import { subjectTypes } from './subject.ts';

/** What a role can be bound to, and what acts: a user, a service account or a group. */
export const Subject = builder.interfaceRef<{ id: string }>('Subject').implement({
  description: 'What a role can be bound to: a user, a service account or a group.',
  resolveType: (value) => (value as { __typename?: string }).__typename,
  fields: (t) => ({
    id: t.id({ description: 'Opaque id of the object, unique among all types.', resolve: ({ id }) => id }),
  }),
});

/** @throws BAD_INPUT where it is no id of a subject. */
export const decodeSubject = (id: string | number, path: readonly (string | number)[]): SubjectRef =>
  decodeId(String(id), subjectTypes, path) as SubjectRef;

export const MembershipEnum = builder.enumType('Membership', {
  description: 'How somebody belongs to a group.',
  values: {
    OWNER: { description: 'Belongs to it and manages its members, without any permission.' },
    MEMBER: { description: 'Belongs to it.' },
  },
});

/** A principal, if the viewer may read it in that tenant: users by TENANT_ACCESS, service accounts by their own permission. */
export async function readSubject(
  context: Context,
  { typename, id }: SubjectRef,
  tenantId: string | null,
): Promise<object | null> {
  const { session } = context;
  const scope = { tenantId: tenantId ?? undefined };
  if (typename === 'Group') {
    const grant = session.may('GROUP:READ', scope);
    const row = grant && (await loadRow<Group>(context, 'group', id));
    return row && grant.matches({ ...row }) ? { ...row, __typename: typename } : null;
  }
  if (typename === 'ServiceAccount') {
    const row = await loadRow<ServiceAccount>(context, 'serviceAccount', id);
    const grant = row && session.may('SERVICE_ACCOUNT:READ', { tenantId: row.tenantId ?? undefined });
    return grant?.matches({ ...row! }) ? { ...row!, __typename: typename } : null;
  }
  const user = await loadRow<User>(context, 'user', id);
  if (!user) return null;
  if (session.may('USER:READ')?.matches({ ...user })) return { ...user, __typename: typename };
  const access =
    tenantId === null ? null : await loadByNames(context, 'tenantAccess', { tenantId }, { principalId: id });
  return access && session.may('TENANT_ACCESS:READ', scope)?.matches({ ...access })
    ? { ...user, __typename: typename }
    : null;
}

/** What a principal is, as the type of the public schema. */
export async function subjectOfPrincipal(context: Context, id: string): Promise<SubjectRef> {
  const principal = await loadRow<Principal>(context, 'principal', id);
  return { typename: principal?.kind === 'USER' ? 'User' : 'ServiceAccount', id };
}
