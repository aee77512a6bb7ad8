import { defineUndo, fieldsBefore } from '../../../audit/undo.ts';
import { splitMethods } from '../../../auth/methods.ts';
import type { User } from '../../../db/generated/client.ts';
import { find } from '../../../policy/session/find.ts';
import { setAuthMethods } from './auth-methods.ts';
import { setUserDisabled, setUserSuperAdmin, updateUser } from './service.ts';

/**
 * Undo uses the mutation that made the change, so that its rules apply. Passwords cannot be undone: they are recorded
 * nowhere.
 */
for (const verb of ['update', 'enable', 'disable', 'set-super-admin', 'set-auth-methods'])
  defineUndo(`user.${verb}`, {
    permission: 'USER:UPDATE',
    async run(tx, grant, change) {
      const user = await find<User>(tx, grant, 'USER', change.id);
      const { disabled, superAdmin, authMethods, ...rest } = fieldsBefore(change, { ...user }) as Partial<User>;
      if (disabled !== undefined) return setUserDisabled(tx, grant, change.id, disabled);
      if (superAdmin !== undefined) return setUserSuperAdmin(tx, grant, change.id, superAdmin);
      if (authMethods !== undefined) {
        const { own: methods, providers } = splitMethods(authMethods);
        return setAuthMethods(tx, grant, change.id, { methods, providers });
      }
      return updateUser(tx, grant, change.id, rest);
    },
  });
