import type { Store, Tx } from '../../../db/transaction.ts';
import { badInput, conflict } from '../../../errors.ts';
import { hasInvisible, isOfOneScript, skeleton } from '../../../lib/look-alike.ts';
import { isReserved } from '../../rules.ts';

/**
 * Refuses names that could be confused with another in a list or in the audit log.
 * @param except ID of the user who has the name now.
 * @throws BAD_INPUT, or CONFLICT if an existing name looks the same.
 */
export async function assertDistinct(tx: Tx, usernames: readonly string[], except?: string): Promise<void> {
  const path = ['input', 'username'];
  for (const username of usernames) {
    if (hasInvisible(username))
      throw badInput(
        path,
        'A user name cannot contain invisible characters or characters that change the direction of text.',
      );
    if (!isOfOneScript(username)) throw badInput(path, 'A user name cannot mix letters of different scripts.');
    if (isReserved(username)) throw badInput(path, 'This user name is reserved. Choose another one.');
  }
  const looks = usernames.map(skeleton);
  const taken = await tx.user.findFirst({
    where: { usernameLooks: { in: looks }, ...(except !== undefined && { NOT: { id: except } }) },
    select: { usernameLooks: true },
  });
  const twin = taken
    ? usernames[looks.indexOf(taken.usernameLooks!)]
    : usernames.find((_, i) => looks.indexOf(looks[i]!) < i);
  if (twin !== undefined)
    throw conflict(
      usernames.length === 1
        ? 'This user name looks like an existing one. Choose one that differs more.'
        : `The user name ${twin} looks like an existing one. Choose one that differs more.`,
    );
}

const batch = 1_000;

/** Fills the look-alike forms of user names that were created by an earlier version. */
export async function fillLooks({ prisma }: Store): Promise<void> {
  for (;;) {
    const rows = await prisma.user.findMany({
      where: { usernameLooks: null },
      select: { id: true, username: true },
      take: batch,
    });
    if (rows.length === 0) return;
    const ids = rows.map(({ id }) => id);
    const looks = rows.map(({ username }) => skeleton(username));
    await prisma.$executeRaw`
      UPDATE "User" u SET "usernameLooks" = filled.looks
      FROM unnest(${ids}::text[], ${looks}::text[]) AS filled(user_id, looks) WHERE u.id = filled.user_id`;
  }
}
