import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { Suspense } from 'react';
import { Frame } from './frame/Frame.tsx';
import { AccessExplorer } from './pages/access-explorer/AccessExplorer.tsx';
import { questionOf } from './pages/access-explorer/question.ts';
import { AuditLog, auditSearch } from './pages/audit-log/AuditLog.tsx';
import { Bindings } from './pages/bindings/Bindings.tsx';
import { Groups } from './pages/groups/Groups.tsx';
import { Home } from './pages/home/Home.tsx';
import { Role } from './pages/roles/Role.tsx';
import { Roles } from './pages/roles/Roles.tsx';
import { Start } from './pages/Start.tsx';
import { ServiceAccounts } from './pages/service-accounts/ServiceAccounts.tsx';
import { listSearch } from './pages/tenant.ts';
import { User } from './pages/users/User.tsx';
import { Users } from './pages/users/Users.tsx';
import { Empty } from './ui/Empty.tsx';
import { FaultBoundary } from './ui/FaultBoundary.tsx';

const root = createRootRoute({
  component: () => (
    <FaultBoundary>
      <Suspense fallback={null}>
        <Frame />
      </Suspense>
    </FaultBoundary>
  ),
  notFoundComponent: () => (
    <Empty icon="why" title="This page does not exist">
      <p>Choose one in the menu, or press Ctrl K.</p>
    </Empty>
  ),
});
const page = <const Path extends string>(path: Path) => ({ getParentRoute: () => root, path });

/** Every page of the console. */
const pages = root.addChildren([
  createRoute({ ...page('/'), component: Start }),
  createRoute({ ...page('/t/$tenant'), component: Home }),
  createRoute({ ...page('/t/$tenant/users'), validateSearch: listSearch, component: Users }),
  createRoute({ ...page('/t/$tenant/users/$user'), component: User }),
  createRoute({ ...page('/t/$tenant/service-accounts'), validateSearch: listSearch, component: ServiceAccounts }),
  createRoute({ ...page('/t/$tenant/groups'), validateSearch: listSearch, component: Groups }),
  createRoute({ ...page('/t/$tenant/roles'), validateSearch: listSearch, component: Roles }),
  createRoute({ ...page('/t/$tenant/roles/$role'), component: Role }),
  createRoute({ ...page('/t/$tenant/bindings'), validateSearch: listSearch, component: Bindings }),
  createRoute({ ...page('/t/$tenant/access-explorer'), validateSearch: questionOf, component: AccessExplorer }),
  createRoute({ ...page('/t/$tenant/audit-log'), validateSearch: auditSearch, component: AuditLog }),
]);

export const router = createRouter({ routeTree: pages, defaultPreload: false, scrollRestoration: true });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
