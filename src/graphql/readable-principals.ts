import type { Permission } from '../access/catalog.ts';
import type { PrismaClient, ServiceAccount, User } from '../db/generated/client.ts';
import type { Tx } from '../db/transaction.ts';
import type { Scope } from '../policy/decide/decision.ts';
import type { AccessSession } from '../policy/session/session.ts';
import type { Condition } from './connection/connection-type.ts';
import { anyCondition, nothing } from './connection/reach.ts';

type Reader = Pick<AccessSession, 'may'>;

/** Conditions for the readable principals: by access to these tenants, or at the instance level. */
export function reachOfPrincipals(session: Reader, scopes: readonly Scope[]) {
  const may = (permission: Permission, scope: Scope = {}): Condition[] => {
    const grant = session.may(permission, scope);
    return grant ? [grant.where as Condition] : [];
  };
  const byAccess = scopes
    .flatMap((scope) => may('TENANT_ACCESS:READ', scope).map((where) => ({ AND: [scope as Condition, where] })))
    .map((where) => ({ principal: { accesses: { some: where } } }));
  const users = [...may('USER:READ'), ...byAccess];
  const accounts = [
    ...may('SERVICE_ACCOUNT:READ').map((where) => ({ AND: [{ tenantId: null }, where] })),
    ...scopes.flatMap((scope) =>
      may('SERVICE_ACCOUNT:READ', scope).map((where) => ({ AND: [scope as Condition, where] })),
    ),
    // Principals of a tenant require their own permission. Instance-wide ones are visible by their access to the
    // tenant, like users.
    ...byAccess.map((where) => ({ AND: [{ tenantId: null }, where] })),
  ];
  return { users: anyCondition(users) ?? nothing, accounts: anyCondition(accounts) ?? nothing };
}

/** IDs of the principals within reach: of all, or of the given ones. */
export async function readableIds(
  db: PrismaClient | Tx,
  { users, accounts }: { users: Condition; accounts: Condition },
  ids?: readonly string[],
): Promise<Set<string>> {
  const among = ids ? { id: { in: [...ids] } } : {};
  const select = { id: true };
  const found = [
    ...(await db.user.findMany({ where: { AND: [among, users] }, select })),
    ...(await db.serviceAccount.findMany({ where: { AND: [among, accounts] }, select })),
  ];
  return new Set(found.map(({ id }) => id));
}

export type SubjectNode = (User | ServiceAccount) & { readonly __typename: 'User' | 'ServiceAccount' };

/** The rows of these principals by ID, as the schema returns subjects. Two statements for any number. */
export async function subjectNodes(
  db: PrismaClient | Tx,
  ids: readonly string[],
  { users, accounts }: { users: Condition; accounts: Condition } = { users: {}, accounts: {} },
): Promise<Map<string, SubjectNode>> {
  const among = { id: { in: [...ids] } };
  const found: SubjectNode[] = [
    ...(await db.user.findMany({ where: { AND: [among, users] } })).map((row) => ({
      ...row,
      __typename: 'User' as const,
    })),
    ...(await db.serviceAccount.findMany({ where: { AND: [among, accounts] } })).map((row) => ({
      ...row,
      __typename: 'ServiceAccount' as const,
    })),
  ];
  return new Map(found.map((node) => [node.id, node]));
}
