import { createRootRoute, createRoute, createRouter, Link } from '@tanstack/react-router';
import { Suspense } from 'react';
import { Frame } from './frame/Frame.tsx';
import { questionOf } from './pages/access-explorer/question.ts';
import { auditSearch } from './pages/audit-log/search.ts';
import { blueprintsSearch } from './pages/blueprints/search.ts';
import { runSearch } from './pages/execution/search.ts';
import { executionSearch } from './pages/executions/search.ts';
import { flowSearch, flowsSearch, newFlowSearch } from './pages/flows/search.ts';
import { homeSearch } from './pages/home/search.ts';
import { logSearch } from './pages/logs/search.ts';
import { maintenanceSearch } from './pages/maintenance/search.ts';
import { namespaceSearch, namespacesSearch } from './pages/namespaces/search.ts';
import { pluginsSearch } from './pages/plugins/search.ts';
import { Start } from './pages/Start.tsx';
import { taskRunSearch } from './pages/task-runs/search.ts';
import { listSearch, ownerSearch, tabSearch } from './pages/tenant.ts';
import { triggerSearch, triggersSearch } from './pages/triggers/search.ts';
import { welcomeSearch } from './pages/welcome/search.ts';
import { lazyPage } from './relay/lazy.tsx';
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
      <p>Check its address, or begin again at the start.</p>
      <Link className="btn" to="/">
        Go to the start
      </Link>
    </Empty>
  ),
});
const page = <const Path extends string>(path: Path) => ({ getParentRoute: () => root, path });
const list = { validateSearch: listSearch };
const tabs = { validateSearch: tabSearch };
const owned = { validateSearch: ownerSearch };

const Home = lazyPage(async () => (await import('./pages/home/Home.tsx')).Home);
const Flows = lazyPage(async () => (await import('./pages/flows/Flows.tsx')).Flows);
const Flow = lazyPage(async () => (await import('./pages/flows/Flow.tsx')).Flow);
const NewFlow = lazyPage(async () => (await import('./pages/flows/NewFlow.tsx')).NewFlow);
const Triggers = lazyPage(async () => (await import('./pages/triggers/Triggers.tsx')).Triggers);
const Trigger = lazyPage(async () => (await import('./pages/triggers/Trigger.tsx')).Trigger);
const Namespaces = lazyPage(async () => (await import('./pages/namespaces/Namespaces.tsx')).Namespaces);
const Namespace = lazyPage(async () => (await import('./pages/namespaces/Namespace.tsx')).Namespace);
const Blueprints = lazyPage(async () => (await import('./pages/blueprints/Blueprints.tsx')).Blueprints);
const Blueprint = lazyPage(async () => (await import('./pages/blueprints/Blueprint.tsx')).Blueprint);
const Plugins = lazyPage(async () => (await import('./pages/plugins/Plugins.tsx')).Plugins);
const Plugin = lazyPage(async () => (await import('./pages/plugins/Plugin.tsx')).Plugin);
const Executions = lazyPage(async () => (await import('./pages/executions/Executions.tsx')).Executions);
const Execution = lazyPage(async () => (await import('./pages/execution/Execution.tsx')).Execution);
const Logs = lazyPage(async () => (await import('./pages/logs/Logs.tsx')).Logs);
const TaskRuns = lazyPage(async () => (await import('./pages/task-runs/TaskRuns.tsx')).TaskRuns);
const Welcome = lazyPage(async () => (await import('./pages/welcome/Welcome.tsx')).Welcome);
const Users = lazyPage(async () => (await import('./pages/users/Users.tsx')).Users);
const User = lazyPage(async () => (await import('./pages/users/User.tsx')).User);
const ServiceAccounts = lazyPage(
  async () => (await import('./pages/service-accounts/ServiceAccounts.tsx')).ServiceAccounts,
);
const ServiceAccount = lazyPage(
  async () => (await import('./pages/service-accounts/ServiceAccount.tsx')).ServiceAccount,
);
const Groups = lazyPage(async () => (await import('./pages/groups/Groups.tsx')).Groups);
const Group = lazyPage(async () => (await import('./pages/groups/Group.tsx')).Group);
const Roles = lazyPage(async () => (await import('./pages/roles/Roles.tsx')).Roles);
const Role = lazyPage(async () => (await import('./pages/roles/Role.tsx')).Role);
const Bindings = lazyPage(async () => (await import('./pages/bindings/Bindings.tsx')).Bindings);
const Binding = lazyPage(async () => (await import('./pages/bindings/Binding.tsx')).Binding);
const ApiTokens = lazyPage(async () => (await import('./pages/api-tokens/ApiTokens.tsx')).ApiTokens);
const Invitations = lazyPage(async () => (await import('./pages/invitations/Invitations.tsx')).Invitations);
const Sessions = lazyPage(async () => (await import('./pages/sessions/Sessions.tsx')).Sessions);
const Settings = lazyPage(async () => (await import('./pages/settings/Settings.tsx')).Settings);
const AccessExplorer = lazyPage(
  async () => (await import('./pages/access-explorer/AccessExplorer.tsx')).AccessExplorer,
);
const Policies = lazyPage(async () => (await import('./pages/policies/Policies.tsx')).Policies);
const Policy = lazyPage(async () => (await import('./pages/policies/Policy.tsx')).Policy);
const AuditLog = lazyPage(async () => (await import('./pages/audit-log/AuditLog.tsx')).AuditLog);
const Verify = lazyPage(async () => (await import('./pages/audit-log/Verify.tsx')).Verify);
const Tenants = lazyPage(async () => (await import('./pages/tenants/Tenants.tsx')).Tenants);
const Tenant = lazyPage(async () => (await import('./pages/tenants/Tenant.tsx')).Tenant);
const Workers = lazyPage(async () => (await import('./pages/workers/Workers.tsx')).Workers);
const WorkerGroups = lazyPage(async () => (await import('./pages/workers/WorkerGroups.tsx')).WorkerGroups);
const WorkerGroup = lazyPage(async () => (await import('./pages/workers/WorkerGroup.tsx')).WorkerGroup);
const Maintenance = lazyPage(async () => (await import('./pages/maintenance/Maintenance.tsx')).Maintenance);
const Stats = lazyPage(async () => (await import('./pages/stats/Stats.tsx')).Stats);

/** Every page of the console. */
const pages = root.addChildren([
  createRoute({ ...page('/'), component: Start }),
  createRoute({ ...page('/t/$tenant/welcome'), validateSearch: welcomeSearch, component: Welcome }),
  createRoute({ ...page('/t/$tenant/flows'), validateSearch: flowsSearch, component: Flows }),
  createRoute({ ...page('/t/$tenant/flows/new'), validateSearch: newFlowSearch, component: NewFlow }),
  createRoute({ ...page('/t/$tenant/flows/$namespace/$flow'), validateSearch: flowSearch, component: Flow }),
  createRoute({ ...page('/t/$tenant/triggers'), validateSearch: triggersSearch, component: Triggers }),
  createRoute({ ...page('/t/$tenant/triggers/$trigger'), validateSearch: triggerSearch, component: Trigger }),
  createRoute({ ...page('/t/$tenant/namespaces'), validateSearch: namespacesSearch, component: Namespaces }),
  createRoute({ ...page('/t/$tenant/namespaces/$namespace'), validateSearch: namespaceSearch, component: Namespace }),
  createRoute({ ...page('/t/$tenant/blueprints'), validateSearch: blueprintsSearch, component: Blueprints }),
  createRoute({ ...page('/t/$tenant/blueprints/$blueprint'), ...tabs, component: Blueprint }),
  createRoute({ ...page('/t/$tenant/plugins'), validateSearch: pluginsSearch, component: Plugins }),
  createRoute({ ...page('/t/$tenant/plugins/$type'), component: Plugin }),
  createRoute({ ...page('/t/$tenant'), validateSearch: homeSearch, component: Home }),
  createRoute({ ...page('/t/$tenant/executions'), validateSearch: executionSearch, component: Executions }),
  createRoute({ ...page('/t/$tenant/executions/$execution'), validateSearch: runSearch, component: Execution }),
  createRoute({ ...page('/t/$tenant/logs'), validateSearch: logSearch, component: Logs }),
  createRoute({ ...page('/t/$tenant/task-runs'), validateSearch: taskRunSearch, component: TaskRuns }),
  createRoute({ ...page('/t/$tenant/users'), ...list, component: Users }),
  createRoute({ ...page('/t/$tenant/users/$user'), ...tabs, component: User }),
  createRoute({ ...page('/t/$tenant/service-accounts'), ...list, component: ServiceAccounts }),
  createRoute({ ...page('/t/$tenant/service-accounts/$account'), ...tabs, component: ServiceAccount }),
  createRoute({ ...page('/t/$tenant/groups'), ...list, component: Groups }),
  createRoute({ ...page('/t/$tenant/groups/$group'), ...tabs, component: Group }),
  createRoute({ ...page('/t/$tenant/roles'), ...list, component: Roles }),
  createRoute({ ...page('/t/$tenant/roles/$role'), ...tabs, component: Role }),
  createRoute({ ...page('/t/$tenant/bindings'), ...list, component: Bindings }),
  createRoute({ ...page('/t/$tenant/bindings/$binding'), ...tabs, component: Binding }),
  createRoute({ ...page('/t/$tenant/api-tokens'), ...owned, component: ApiTokens }),
  createRoute({ ...page('/t/$tenant/invitations'), ...list, component: Invitations }),
  createRoute({ ...page('/t/$tenant/sessions'), ...owned, component: Sessions }),
  createRoute({ ...page('/t/$tenant/settings'), ...tabs, component: Settings }),
  createRoute({ ...page('/t/$tenant/access-explorer'), validateSearch: questionOf, component: AccessExplorer }),
  createRoute({ ...page('/t/$tenant/policies'), ...tabs, component: Policies }),
  createRoute({ ...page('/t/$tenant/policies/$policy'), ...tabs, component: Policy }),
  createRoute({ ...page('/t/$tenant/audit-log'), validateSearch: auditSearch, component: AuditLog }),
  createRoute({ ...page('/t/$tenant/audit-log/verify'), component: Verify }),
  createRoute({ ...page('/t/$tenant/tenants'), ...list, component: Tenants }),
  createRoute({ ...page('/t/$tenant/tenants/$key'), ...tabs, component: Tenant }),
  createRoute({ ...page('/t/$tenant/workers'), ...list, component: Workers }),
  createRoute({ ...page('/t/$tenant/worker-groups'), ...list, component: WorkerGroups }),
  createRoute({ ...page('/t/$tenant/worker-groups/$group'), ...tabs, component: WorkerGroup }),
  createRoute({ ...page('/t/$tenant/maintenance'), validateSearch: maintenanceSearch, component: Maintenance }),
  createRoute({ ...page('/t/$tenant/stats'), ...tabs, component: Stats }),
]);

export const router = createRouter({ routeTree: pages, defaultPreload: false, scrollRestoration: true });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
