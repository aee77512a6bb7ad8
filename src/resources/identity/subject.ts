import type { Tx } from '../../db/transaction.ts';

/** Subject of a binding. */
export interface SubjectRef {
  readonly typename: 'User' | 'ServiceAccount' | 'Group';
  readonly id: string;
}

export const subjectTypes = ['User', 'ServiceAccount', 'Group'] as const;

/** Names a subject in events: user:alice, service-account:ci, group:Platform. */
export async function subjectName(
  tx: Tx,
  { principalId, groupId }: { principalId: string | null; groupId: string | null },
): Promise<string> {
  if (groupId !== null) return `group:${(await tx.group.findUnique({ where: { id: groupId } }))?.name ?? groupId}`;
  return (await principalNames(tx, [principalId!])).get(principalId!) ?? `service-account:${principalId}`;
}

/** Names many users and service accounts at once, by ID. */
export async function principalNames(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const principals = await tx.principal.findMany({
    where: { id: { in: [...ids] } },
    include: { user: { select: { username: true } }, serviceAccount: { select: { name: true } } },
  });
  return new Map(
    principals.map(({ id, user, serviceAccount }) => [
      id,
      user ? `user:${user.username}` : `service-account:${serviceAccount?.name ?? id}`,
    ]),
  );
}
