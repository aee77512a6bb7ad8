import { lockState } from '../access/revision.ts';
import { generatePassword } from '../bootstrap/first-start.ts';
import { readConfig } from '../config.ts';
import { inTransaction } from '../db/transaction.ts';
import { createLog } from '../lib/log.ts';
import { fold } from '../lib/text.ts';
import { asSystem } from '../policy/session/system.ts';
import '../resources/index.ts';
import { removeSecondFactor } from '../resources/identity/second-factor/service.ts';
import { hashedPassword, setUserPassword, unlockUser } from '../resources/identity/user/service.ts';
import { withStore } from './store.ts';
import { type Command, UsageError } from './usage.ts';

const verbs: readonly string[] = ['unlock', 'reset-password', 'remove-second-factor'];

export const userCommand: Command = {
  name: 'user',
  usage: 'user unlock|reset-password|remove-second-factor NAME',
  description: 'Remove the locks of an account, set a new password, or remove a lost second factor, from the host.',
  forms: verbs.map((verb) => `user ${verb} NAME`),
  async run([verb, username, ...more]) {
    if (!verb || !verbs.includes(verb) || !username || more.length > 0)
      throw new UsageError('Usage: gatehouse user unlock|reset-password|remove-second-factor NAME');
    const config = readConfig();
    const password = generatePassword();
    const { passwordLength } = config.limits;
    const secret = await hashedPassword(password, passwordLength, 'command line');
    return withStore(config, createLog(config.log), (store) =>
      inTransaction(store, async (tx) => {
        await lockState(tx);
        const user = await tx.user.findUnique({ where: { usernameKey: fold(username) } });
        if (!user) throw new UsageError(`The user ${username} does not exist.`);
        const grant = asSystem('USER:UPDATE', `user ${verb} on the command line`);
        if (verb === 'unlock') {
          await unlockUser(tx, grant, user.id);
          console.log(`${user.username} is not locked.`);
        } else if (verb === 'remove-second-factor') {
          await removeSecondFactor(tx, grant, user.id);
          console.log(`${user.username} signs in without a second factor.`);
        } else {
          await setUserPassword(tx, grant, user.id, password, secret, passwordLength);
          console.log(`The new password of ${user.username} is ${password}`);
        }
        return 0;
      }),
    );
  },
};
