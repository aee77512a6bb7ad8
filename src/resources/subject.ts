import type { Tx } from '../db/transaction.ts';

/** What a role can be bound to. */
export interface SubjectRef {
  readonly typename: 'User' | 'ServiceAccount' | 'Group';
  readonly id: string;
}

export const subjectTypes = ['User', 'ServiceAccount', 'Group'] as const;

/** How events name a subject: user:alice, service-account:ci, group:Platform. */
export async function subjectName(
  tx: Tx,
  { principalId, groupId }: { principalId: string | null; groupId: string | null },
): Promise<string> {
  if (groupId !== null) return `group:${(await tx.group.findUnique({ where: { id: groupId } }))?.name ?? groupId}`;
  const principal = await tx.principal.findUnique({
    where: { id: principalId! },
    include: { user: true, serviceAccount: true },
  });
  if (principal?.user) return `user:${principal.user.username}`;
  return `service-account:${principal?.serviceAccount?.name ?? principalId}`;
}
