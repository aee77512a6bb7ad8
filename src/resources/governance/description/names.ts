import { fold } from '../../../lib/text.ts';
import { accountPrefix } from './state.ts';
import type { Work } from './work.ts';

/** Every name that the description uses must be there, or be described by it. */
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
    if (!hasAccess(name))
      faults.add(path, `There is no user ${name} with access to the tenant: name them under users.`);
  };
  const account = (path: (string | number)[], name: string) => {
    if (!isAccount(name)) faults.add(path, `There is no service account ${name}.`);
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
      faults.add(['bindings', i, 'group'], `There is no group ${binding.group}.`);
    if (!isRole(binding.role)) faults.add(['bindings', i, 'role'], `There is no role ${binding.role}.`);
  });
  faults.assertNone();
}
