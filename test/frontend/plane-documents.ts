import { graphql } from '../generated/index.ts';

// One query for each page of the orchestrator's own user interface, named after it: everything that the page shows.

export const HomePage = graphql(`
  query HomePage($tenant: String!) {
    tenant(key: $tenant) {
      executions(first: 10) { totalCount nodes { executionId namespaceName flowId state startedAt duration } }
      failed: executions(first: 5, where: { state: [FAILED, WARNING] }) { totalCount nodes { executionId flowId state endedAt } }
      stats(window: { days: 7 }) { executions executionDuration daily { day executions executionDuration states { state executions } } }
      running: executions(where: { state: [CREATED, RUNNING, PAUSED, QUEUED] }) { totalCount }
      series: executionSeries(by: DAY) { count states { state count } active { state count } duration { p50 p95 p99 } periods { at count states { state count } duration { p50 } } }
      failing: failingFlows(first: 5) { namespaceName flowId executionId endedAt }
      triggers(first: 5, where: { disabled: false }, orderBy: { field: NEXT_EXECUTION_AT }) { totalCount nodes { flowId triggerId nextExecutionAt } }
    }
  }
`);
export const FlowsPage = graphql(`
  query FlowsPage($tenant: String!, $where: FlowWhere, $first: Int, $after: String) {
    tenant(key: $tenant) {
      flows(where: $where, first: $first, after: $after, orderBy: { field: FLOW_ID }) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { id namespaceName flowId revision description labels disabled updatedAt viewerPermissions triggers { nodes { kind nextExecutionAt disabled } } executions(first: 1) { nodes { state startedAt } } }
      }
    }
  }
`);
export const FlowPage = graphql(`
  query FlowPage($tenant: String!, $namespace: String!, $flowId: String!, $metric: String! = "duration") {
    tenant(key: $tenant) {
      flow(namespaceName: $namespace, flowId: $flowId) {
        id namespaceName flowId revision source description disabled declaredDisabled labels inputs viewerPermissions
        tasks { id type parentId branch description source }
        topology { nodes { id kind name type parent branch } edges { from to kind label } }
        executions(first: 10) { totalCount nodes { executionId state startedAt duration labels } }
        revisions(first: 10) { totalCount nodes { revision authorName createdAt reason } }
        logs(first: 10, where: { minLevel: WARN }) { nodes { at level taskId message } }
        metrics(first: 10) { nodes { name type value taskId at tags } }
        metricNames { name type taskIds }
        metricSeries(name: $metric, aggregation: SUM, by: DAY) { at value }
        dependencies { kind direction via namespaceName flowId flow { disabled } }
        triggers { nodes { triggerId kind disabled declaredDisabled nextExecutionAt } }
      }
      namespace(name: $namespace) { files(first: 10) { nodes { path size } } }
    }
  }
`);
export const ExecutionsPage = graphql(`
  query ExecutionsPage($tenant: String!, $where: ExecutionWhere, $first: Int, $after: String) {
    tenant(key: $tenant) {
      executions(where: $where, first: $first, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { id executionId namespaceName flowId revision state startedAt endedAt duration labels triggerId viewerPermissions }
      }
    }
  }
`);
export const ExecutionPage = graphql(`
  query ExecutionPage($tenant: String!, $executionId: String!) {
    tenant(key: $tenant) {
      execution(executionId: $executionId) {
        id executionId namespaceName flowId revision state startedAt endedAt duration labels inputs outputs
        history { state at until }
        trigger { triggerId kind }
        flow { revision topology { nodes { id name parent } edges { from to kind label } } tasks { id source } }
        taskRuns(first: 50) { nodes { taskRunId taskId parentTaskRunId value state startedAt endedAt duration history { state at until } attempts outputs } }
        logs(first: 50) { nodes { sequence at level taskId message } }
        metrics(first: 50) { nodes { name type value taskId tags } }
        viewerPermissions
      }
    }
  }
`);
export const SwitchFlows = graphql(`
  mutation SwitchFlows($input: SetFlowsDisabledInput!) {
    setFlowsDisabled(input: $input) { acceptedCount results { id flow { flowId disabled } error { code message } } }
  }
`);
export const StartExecution = graphql(`
  mutation StartExecution($input: CreateExecutionInput!) { createExecution(input: $input) { execution { id executionId state inputs } } }
`);
export const KillExecutions = graphql(`
  mutation KillExecutions($input: KillExecutionsInput!) {
    killExecutions(input: $input) { acceptedCount results { id execution { executionId } error { code message } } }
  }
`);
export const LogsPage = graphql(`
  query LogsPage($tenant: String!, $where: LogWhere, $first: Int) {
    tenant(key: $tenant) {
      logs(where: $where, first: $first) { pageInfo { hasNextPage endCursor } nodes { at level namespaceName flowId taskId message execution { executionId } } }
    }
  }
`);
export const TaskRunsPage = graphql(`
  query TaskRunsPage($tenant: String!, $where: TaskRunWhere) {
    tenant(key: $tenant) {
      series: taskRunSeries(where: $where, by: DAY) { count states { state count } duration { p50 p95 } }
      taskRuns(where: $where, first: 20) { totalCount nodes { taskRunId taskId namespaceName flowId state startedAt duration execution { executionId } } }
    }
  }
`);
export const NamespacesPage = graphql(`
  query NamespacesPage($tenant: String!) {
    tenant(key: $tenant) { namespaces(first: 100) { totalCount nodes { id name declared description parent { name } viewerPermissions } } }
  }
`);
export const NamespaceSettingsPage = graphql(`
  query NamespaceSettingsPage($tenant: String!, $name: String!, $type: String! = "io.example.core.log.Log") {
    tenant(key: $tenant) {
      namespace(name: $name) {
        id name declared description viewerPermissions
        variables inheritedVariables { key value namespaceName }
        pluginDefaults { type forced values } inheritedPluginDefaults { type forced values namespaceName }
        effectivePluginDefaults(type: $type) { values properties { path namespaceName type forced } }
        secrets { nodes { id key description tags updatedAt } } inheritedSecrets { key namespaceName } externalSecrets { key namespaceName backend }
        files { nodes { path size updatedAt } }
        keyValues { nodes { id key kind value description expiresAt } } inheritedKeyValues { key value namespaceName }
        bindings { nodes { role { name permissions { resource actions } } subject { __typename ... on Group { name } ... on User { username } ... on ServiceAccount { name } } } }
        auditEvents(first: 10) { nodes { at action actorName resourceKey } }
      }
      reachingGroups: bindings(where: { reaching: $name, subjectKind: GROUP }) { nodes { namespaceName role { name } subject { ... on Group { name } } } }
      reachingAccounts: bindings(where: { reaching: $name, subjectKind: SERVICE_ACCOUNT }) { nodes { namespaceName role { name } subject { ... on ServiceAccount { name } } } }
      groups { nodes { id name } }
      roles { nodes { id name } }
      serviceAccounts { nodes { id name } }
    }
  }
`);
export const TriggersPage = graphql(`
  query TriggersPage($tenant: String!, $where: TriggerWhere, $first: Int, $after: String) {
    tenant(key: $tenant) {
      triggers(where: $where, first: $first, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes {
          id namespaceName flowId triggerId type kind version disabled declaredDisabled disabledReason stateBy stateAt active
          locked executionId evaluationStartedAt workerId lastTriggeredAt nextExecutionAt backfill { start end currentDate paused }
          viewerPermissions lastExecution { state startedAt }
          next: dates(first: 3) { dates hasMore }
        }
      }
    }
  }
`);
export const SwitchTriggers = graphql(`
  mutation SwitchTriggers($input: SetTriggersDisabledInput!) {
    setTriggersDisabled(input: $input) { changedCount results { changed trigger { id disabled disabledReason version } error { code message } } }
  }
`);
export const WorkersPage = graphql(`
  query WorkersPage {
    workers(first: 50) { totalCount nodes { id serviceId type state hostname version startedAt lastHeartbeatAt metrics workerGroup { key } events { at state } } }
    workerGroups { nodes { id key description allowedTenantKeys workers { totalCount } } }
  }
`);
export const PluginsPage = graphql(`
  query PluginsPage($tenant: String!, $where: PluginWhere, $type: String) {
    tenant(key: $tenant) {
      plugins(where: $where, first: 50) { totalCount nodes { type kind title description documentation icon schema version deprecated isReported reportedAt flowCount lastRunAt } }
      flows(where: { taskType: $type }, first: 20) { nodes { namespaceName flowId revision executions(first: 1) { nodes { state startedAt } } } }
    }
  }
`);
export const MaintenancePage = graphql(`
  query MaintenancePage($tenant: String!) {
    tenant(key: $tenant) {
      activeKillSwitch { title behavior startsAt endsAt }
      killSwitches(first: 20) { totalCount nodes { id title description behavior namespaceName flowId startsAt endsAt viewerPermissions } }
      activeBanners { id message severity endsAt }
      banners(first: 20) { totalCount nodes { id message severity startsAt endsAt viewerPermissions } }
    }
  }
`);
export const CreateKillSwitch = graphql(`
  mutation CreateKillSwitch($input: CreateKillSwitchInput!) { createKillSwitch(input: $input) { killSwitch { id title } } }
`);
export const DeleteKillSwitch = graphql(`
  mutation DeleteKillSwitch($input: DeleteKillSwitchInput!) { deleteKillSwitch(input: $input) { deletedId } }
`);
export const CreateBanner = graphql(`
  mutation CreateBanner($input: CreateBannerInput!) { createBanner(input: $input) { banner { id message } } }
`);
export const BlueprintsPage = graphql(`
  query BlueprintsPage($tenant: String!, $where: BlueprintWhere) {
    tenant(key: $tenant) { blueprints(where: $where, first: 50) { totalCount nodes { id title description documentation taskTypes tags kind shared source viewerPermissions } } }
  }
`);
export const CustomBlueprintsPage = graphql(`
  query CustomBlueprintsPage($tenant: String!, $text: String) {
    tenant(key: $tenant) { blueprintTags blueprints(where: { kind: CUSTOM, text: $text }, first: 50) { totalCount nodes { id title description tags source updatedAt viewerPermissions } } }
  }
`);
export const SaveBlueprint = graphql(`
  mutation SaveBlueprint($input: SaveBlueprintInput!) { saveBlueprint(input: $input) { blueprint { id title kind } } }
`);
export const UseBlueprint = graphql(`
  mutation UseBlueprint($input: UseBlueprintInput!) { useBlueprint(input: $input) { flow { namespaceName flowId revision } } }
`);
export const SettingsPage = graphql(`
  query SettingsPage { viewer { name settings } serverInfo { version } }
`);
export const SaveSettings = graphql(`
  mutation SaveSettings($input: UpdateMySettingsInput!) { updateMySettings(input: $input) { settings } }
`);
export const StatsPage = graphql(`
  query StatsPage($tenant: String!, $window: StatsWindow) {
    tenant(key: $tenant) {
      stats(window: $window) {
        from to namespaces flows tasks triggers executions executionDuration users groups roles serviceAccounts
        daily { day executions executionDuration states { state executions } }
        taskTypes { name count } triggerTypes { name count } workerGroups { name count }
        byNamespace { namespaceName flows triggers executions executionDuration }
      }
    }
  }
`);
export const ChangesOfTriggers = graphql(`
  subscription ChangesOfTriggers($tenant: String!, $where: TriggerWhere) {
    triggers(tenantKey: $tenant, where: $where) { kind id trigger { triggerId disabled disabledReason } }
  }
`);
