/** The requests of the kit. The types of their inputs and results are generated from the schema. */

export const registerService = /* GraphQL */ `
  mutation EngineRegister($input: RegisterServiceInput!) {
    registerService(input: $input) { heartbeatMs }
  }`;

export const heartbeat = /* GraphQL */ `
  mutation EngineHeartbeat($input: HeartbeatInput!) {
    heartbeat(input: $input) { evicted }
  }`;

export const reportPlugins = /* GraphQL */ `
  mutation EngineReportPlugins($input: ReportPluginsInput!) {
    reportPlugins(input: $input) { stored }
  }`;

export const claimTriggers = /* GraphQL */ `
  mutation EngineClaimTriggers($input: ClaimTriggersInput!) {
    claimTriggers(input: $input) {
      claims {
        dueAt
        fallback
        sequence
        trigger { id tenantKey namespaceName flowId triggerId kind type definition }
      }
    }
  }`;

export const reportTriggers = /* GraphQL */ `
  mutation EngineReportTriggers($input: ReportTriggersInput!) {
    reportTriggers(input: $input) { results { outcome error { code message } } }
  }`;

export const claimCommands = /* GraphQL */ `
  mutation EngineClaimCommands($input: ClaimCommandsInput!) {
    claimCommands(input: $input) {
      commands {
        id tenantKey kind executionId namespaceName flowId payload actorName createdAt repeated
        execution { state revision labels inputs originalId sequence }
      }
    }
  }`;

export const reportExecutions = /* GraphQL */ `
  mutation EngineReportExecutions($input: ReportExecutionsInput!) {
    reportExecutions(input: $input) {
      results { outcome error { code message } }
      taskRunResults { outcome error { code message } }
      acknowledged
    }
  }`;

export const reportLogs = /* GraphQL */ `
  mutation EngineReportLogs($input: ReportLogsInput!) {
    reportLogs(input: $input) { results { outcome error { code message } } }
  }`;

export const reportTriggerLogs = /* GraphQL */ `
  mutation EngineReportTriggerLogs($input: ReportTriggerLogsInput!) {
    reportTriggerLogs(input: $input) { results { outcome error { code message } } }
  }`;

export const reportMetrics = /* GraphQL */ `
  mutation EngineReportMetrics($input: ReportMetricsInput!) {
    reportMetrics(input: $input) { results { outcome error { code message } } }
  }`;

export const readTenants = /* GraphQL */ `
  query EngineTenants($after: String) {
    viewer { tenants(first: 100, after: $after) { nodes { key } pageInfo { endCursor hasNextPage } } }
  }`;

export const readUnfinished = /* GraphQL */ `
  query EngineUnfinished($tenant: String!, $state: [ExecutionState!], $after: String) {
    tenant(key: $tenant) {
      executions(first: 50, after: $after, where: { state: $state }) {
        nodes { executionId }
        pageInfo { endCursor hasNextPage }
      }
    }
  }`;

export const readExecution = /* GraphQL */ `
  query EngineExecution($tenant: String!, $executionId: String!, $after: String) {
    tenant(key: $tenant) {
      execution(executionId: $executionId) {
        executionId namespaceName flowId revision state labels inputs outputs triggerId parentId originalId sequence
        history { state at }
        source
        flow { revision source }
        logs(last: 1) { nodes { sequence } }
        metrics(last: 1) { nodes { sequence } }
        taskRuns(first: 100, after: $after) {
          nodes { taskRunId taskId parentTaskRunId value state attempts outputs history { state at } }
          pageInfo { endCursor hasNextPage }
        }
      }
    }
  }`;

export const readFlow = /* GraphQL */ `
  query EngineFlow($tenant: String!, $namespace: String!, $flowId: String!) {
    tenant(key: $tenant) {
      flow(namespaceName: $namespace, flowId: $flowId) { revision source disabled labels }
      namespace(name: $namespace) { inheritedVariables { key value } }
    }
  }`;
