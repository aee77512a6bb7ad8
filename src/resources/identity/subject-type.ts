import type { Group, Principal, ServiceAccount, User } from '../../db/generated/client.ts';
import { builder } from '../../graphql/builder.ts';
import { loadByNames, loadRow } from '../../graphql/connection/loaders.ts';
import { everyRow } from '../../graphql/connection/reach.ts';
import type { Context } from '../../graphql/context.ts';
import { decodeId } from '../../graphql/node.ts';
import type { SubjectRef } from './subject.ts';
import { subjectTypes } from './subject.ts';

/** A user, a service account or a group. */
export const Subject = builder.interfaceRef<{ id: string }>('Subject').implement({
  description: 'A subject of bindings: a user, a service account or a group.',
  resolveType: (value) => (value as { __typename?: string }).__typename,
  fields: (t) => ({
    id: t.id({ description: 'Opaque ID, unique among all types.', resolve: ({ id }) => id }),
  }),
});

/** @throws BAD_INPUT if it is not the ID of a subject. */
export const decodeSubject = (id: string | number, path: readonly (string | number)[]): SubjectRef =>
  decodeId(String(id), subjectTypes, path) as SubjectRef;

export const MembershipEnum = builder.enumType('Membership', {
  description: 'Kind of membership in a group.',
  values: {
    OWNER: { description: 'A member who also manages the members of the group. Requires no permission.' },
    MEMBER: { description: 'A member.' },
  },
});

/**
 * Returns a principal that the viewer can read in that tenant: by its own permission or, for users and instance-wide
 * accounts, by their access to the tenant.
 */
export async function readSubject(
  context: Context,
  { typename, id }: SubjectRef,
  tenantId: string | null,
): Promise<object | null> {
  const { session } = context;
  const scope = { tenantId: tenantId ?? undefined };
  if (typename === 'Group') {
    const grant = session.may('GROUP:READ', scope);
    const row = grant && (await loadRow<Group>(context, 'Group', id));
    return row && grant.matches({ ...row }) ? { ...row, __typename: typename } : null;
  }
  if (typename === 'ServiceAccount') {
    const row = await loadRow<ServiceAccount>(context, 'ServiceAccount', id);
    if (!row) return null;
    const grant = session.may('SERVICE_ACCOUNT:READ', { tenantId: row.tenantId ?? undefined });
    const isReadable =
      grant?.matches({ ...row }) || (row.tenantId === null && (await readsAccess(context, id, tenantId)));
    return isReadable ? { ...row, __typename: typename } : null;
  }
  const user = await loadRow<User>(context, 'User', id);
  if (!user) return null;
  const isReadable = session.may('USER:READ')?.matches({ ...user }) || (await readsAccess(context, id, tenantId));
  return isReadable ? { ...user, __typename: typename } : null;
}

/** True if the viewer can read the access of this principal to the tenant. */
async function readsAccess(context: Context, principalId: string, tenantId: string | null): Promise<boolean> {
  if (tenantId === null) return false;
  const access = await loadByNames(context, 'TenantAccess', everyRow, { tenantId, principalId });
  return access !== null && context.session.may('TENANT_ACCESS:READ', { tenantId })?.matches({ ...access }) === true;
}

/** A principal, as the type of the public schema. */
export async function subjectOfPrincipal(context: Context, id: string): Promise<SubjectRef> {
  const principal = await loadRow<Principal>(context, 'Principal', id);
  return { typename: principal?.kind === 'USER' ? 'User' : 'ServiceAccount', id };
}
