import type { Tx } from '../../../db/transaction.ts';
import { fold } from '../../../lib/text.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import { createUsers, updateUser } from '../../identity/user/service.ts';
import type { Faults } from './faults.ts';
import type { Person } from './model.ts';
import { difference } from './work.ts';

/** Creates missing users and updates different ones. Users are never deleted. */
export async function applyPeople(
  tx: Tx,
  session: AccessSession,
  faults: Faults,
  people: readonly Person[],
  passwordLength: number,
): Promise<void> {
  if (people.length === 0) return;
  const { where } = session.grant('USER:READ');
  const rows = await tx.user.findMany({
    where: { AND: [{ usernameKey: { in: people.map(({ username }) => fold(username)) } }, where as object] },
  });
  const present = new Map(rows.map((row) => [row.usernameKey, row]));
  const missing = [];
  for (const [i, person] of people.entries()) {
    const path = ['people', i];
    const row = present.get(fold(person.username));
    if (!row) missing.push({ path, person });
    else {
      const change = difference(row, person);
      if (change) await faults.at(path, () => updateUser(tx, session.grant('USER:UPDATE'), row.id, change));
    }
  }
  if (missing.length === 0) return;
  const grant = await faults.at(missing[0]!.path, () => session.grant('USER:CREATE'));
  if (!grant) return;
  await faults.all(missing, (items) =>
    createUsers(
      tx,
      grant,
      items.map(({ person }) => person),
      passwordLength,
    ),
  );
}
