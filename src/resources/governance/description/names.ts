import { fold } from '../../../lib/text.ts';
import { accountPrefix } from './state.ts';
import type { Work } from './work.ts';

/** Checks that every referenced name exists or is described. */
export function checkNames({ state, description, faults }: Work): void {
  const { users = [], serviceAccounts = [], groups = [], roles = [], bindings = [] } = description;
  const known = (present: ReadonlyMap<string, unknown>, described: readonly string[]) => {
    const names = new Set([...present.keys(), ...described.map(fold)]);
    return (name: string) => names.has(fold(name));
  };
  const hasAccess = known(state.users, users);
  const isAccount = known(
    state.accounts,
    serviceAccounts.map(({ name }) => name),
  );
  const isGroup = known(
    state.groups,
    groups.map(({ name }) => name),
  );
  const isRole = known(
    state.roles,
    roles.map(({ name }) => name),
  );
  const user = (path: (string | number)[], name: string) => {
    if (!hasAccess(name)) faults.add(path, `The user ${name} has no access to the tenant. Add the name to users.`);
  };
  const account = (path: (string | number)[], name: string) => {
    if (!isAccount(name)) faults.add(path, `The service account ${name} does not exist.`);
  };
  groups.forEach((group, i) => {
    for (const kind of ['owners', 'members'] as const) {
      group[kind]?.forEach((name, j) => {
        const path = ['groups', i, kind, j];
        if (name.startsWith(accountPrefix)) account(path, name.slice(accountPrefix.length));
        else user(path, name);
      });
    }
  });
  bindings.forEach((binding, i) => {
    if (binding.user !== undefined) user(['bindings', i, 'user'], binding.user);
    if (binding.serviceAccount !== undefined) account(['bindings', i, 'serviceAccount'], binding.serviceAccount);
    if (binding.group !== undefined && !isGroup(binding.group))
      faults.add(['bindings', i, 'group'], `The group ${binding.group} does not exist.`);
    if (!isRole(binding.role)) faults.add(['bindings', i, 'role'], `The role ${binding.role} does not exist.`);
  });
  faults.assertNone();
}
