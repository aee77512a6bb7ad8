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
    title: 'Orchestration',
    items: [
      { title: 'Flows', icon: 'flow', path: 'flows' },
      { title: 'Executions', icon: 'play', path: 'executions' },
      { title: 'Logs', icon: 'logs', path: 'logs' },
      { title: 'Task runs', icon: 'tasks', path: 'task-runs' },
      { title: 'Triggers', icon: 'bolt', path: 'triggers' },
      { title: 'Namespaces', icon: 'ns', path: 'namespaces' },
      { title: 'Blueprints', icon: 'book', path: 'blueprints' },
      { title: 'Plugins', icon: 'code', path: 'plugins' },
    ],
  },
  {
    title: 'Access',
    items: [
      { title: 'Users', icon: 'user', path: 'users' },
      { title: 'Service accounts', icon: 'bot', path: 'service-accounts' },
      { title: 'Groups', icon: 'group', path: 'groups' },
      { title: 'Roles', icon: 'role', path: 'roles' },
      { title: 'Bindings', icon: 'link', path: 'bindings' },
      { title: 'API tokens', icon: 'key', path: 'api-tokens' },
      { title: 'Invitations', icon: 'mail', path: 'invitations' },
      { title: 'Sessions', icon: 'screen', path: 'sessions' },
      { title: 'Access explorer', icon: 'why', path: 'access-explorer' },
    ],
  },
  {
    title: 'Oversight',
    items: [
      { title: 'Policies', icon: 'policy', path: 'policies' },
      { title: 'Audit log', icon: 'audit', path: 'audit-log' },
      { title: 'Workers', icon: 'server', path: 'workers' },
      { title: 'Worker groups', icon: 'tasks', path: 'worker-groups' },
      { title: 'Stats', icon: 'chart', path: 'stats' },
      { title: 'Maintenance', icon: 'pause', path: 'maintenance' },
      { title: 'Tenants', icon: 'tenant', path: 'tenants' },
    ],
  },
];

/** In the palette, not in the menu: at the foot of it there is a link. */
export const ownPages: readonly MenuItem[] = [
  { title: 'Welcome tour', icon: 'gate', path: 'welcome' },
  { title: 'Your settings', icon: 'user', path: 'settings' },
];
