import type { Store, Tx } from '../../../db/transaction.ts';
import { badInput, conflict } from '../../../errors.ts';
import { hasInvisible, isOfOneScript, skeleton } from '../../../lib/look-alike.ts';
import { isReserved } from '../../rules.ts';

/**
 * Refuses names that could be taken for another in a list or in the audit log.
 * @param except id of the user who has the name now.
 * @throws BAD_INPUT, or CONFLICT where an existing name looks the same.
 */
export async function assertDistinct(tx: Tx, usernames: readonly string[], except?: string): Promise<void> {
  const path = ['input', 'username'];
  for (const username of usernames) {
    if (hasInvisible(username))
      throw badInput(path, 'A user name has no invisible characters and none that change the direction of text.');
    if (!isOfOneScript(username))
      throw badInput(path, 'A user name has the letters of one script: do not mix scripts.');
    if (isReserved(username)) throw badInput(path, 'This user name is reserved: choose another one.');
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
        ? 'This user name looks like one that is taken: choose one that differs more.'
        : `The user name ${twin} looks like one that is taken: choose one that differs more.`,
    );
}

const batch = 1_000;

/** Fills in what the names of users look like, where an earlier version of the gateway made them. */
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
