import type { IconName } from '../ui/drawings.tsx';

export interface MenuItem {
  readonly title: string;
  readonly icon: IconName;
  /** Path below the tenant. */
  readonly path: string;
}

/** The menu, by its parts. */
export const menu: readonly { readonly title?: string; readonly items: readonly MenuItem[] }[] = [
  { items: [{ title: 'Home', icon: 'home', path: '' }] },
  {
    title: 'Access',
    items: [
      { title: 'Users', icon: 'user', path: 'users' },
      { title: 'Service accounts', icon: 'bot', path: 'service-accounts' },
      { title: 'Groups', icon: 'group', path: 'groups' },
      { title: 'Roles', icon: 'role', path: 'roles' },
      { title: 'Bindings', icon: 'link', path: 'bindings' },
      { title: 'Access explorer', icon: 'why', path: 'access-explorer' },
    ],
  },
  { title: 'Oversight', items: [{ title: 'Audit log', icon: 'audit', path: 'audit-log' }] },
];
