import type { ResourceDefinition } from './definition.ts';

const read = ['READ'] as const;
const launched = ['CREATE', 'READ', 'UPDATE'] as const;

/** What the orchestrator runs, and the workers that run it. */
export const orchestration = {
  WORKER: {
    level: 'instance',
    gates: {
      CREATE: 'Register a worker or another service.',
      READ: 'List workers and services.',
      UPDATE: 'Report heartbeats and states.',
      DELETE: 'Delete ended workers.',
    },
    managedAtInstance: launched,
    rows: {
      model: 'Worker',
      tenantColumn: null,
      feedsAccess: false,
      key: (row) => String(row['serviceId']),
      // group: its key.
      audited: ['serviceId', 'type', 'state', 'group', 'hostname', 'version', 'timings'],
      live: true,
      instead: 'services report their state themselves',
    },
  },
  WORKER_GROUP: {
    level: 'instance',
    gates: {
      CREATE: 'Create worker groups.',
      READ: 'List worker groups.',
      UPDATE: 'Update worker groups and their allowed tenants.',
      DELETE: 'Delete worker groups.',
    },
    rows: {
      model: 'WorkerGroup',
      tenantColumn: null,
      feedsAccess: false,
      key: (row) => String(row['key']),
      // allowedTenants: their keys.
      audited: ['key', 'description', 'open', 'allowedTenants'],
      withTenant: 'service',
      instead: 'change the worker group again',
    },
  },
  BLUEPRINT: {
    level: 'tenant',
    gates: {
      CREATE: 'Create custom blueprints.',
      READ: 'Browse custom blueprints, also those that are not shared.',
      UPDATE: 'Update custom blueprints.',
      DELETE: 'Delete custom blueprints.',
    },
    managed: { Editor: read, Launcher: read, Viewer: read },
    rows: {
      model: 'Blueprint',
      // Catalogue blueprints.
      alsoAtInstance: true,
      feedsAccess: false,
      key: (row) => String(row['title']),
      audited: ['title', 'description', 'tags', 'source', 'documentation', 'shared'],
      instead: 'save the blueprint again',
    },
  },
  KILL_SWITCH: {
    level: 'tenant',
    iam: true,
    gates: {
      CREATE: 'Create kill switches, which hold or kill executions.',
      READ: 'List kill switches.',
      UPDATE: 'Update kill switches.',
      DELETE: 'Delete kill switches.',
    },
    rows: {
      model: 'KillSwitch',
      alsoAtInstance: true,
      feedsAccess: false,
      key: (row) => String(row['title']),
      audited: ['title', 'description', 'behavior', 'namespace', 'flowId', 'startsAt', 'endsAt'],
      instead: 'update or delete the kill switch',
    },
  },
  STATS: {
    level: 'tenant',
    gates: { READ: "View the tenant's usage figures." },
    managed: { Editor: read, Launcher: read, Viewer: read },
  },
  NAMESPACE: {
    level: 'namespace',
    gates: {
      CREATE: 'Create namespaces.',
      READ: 'List namespaces; view their settings and files.',
      UPDATE: 'Update namespaces, their settings and files.',
      DELETE: 'Delete namespaces.',
    },
    managed: { Editor: read, Launcher: read, Viewer: read, Engine: read },
    rows: {
      model: 'Namespace',
      feedsAccess: false,
      counted: () => ({ declared: true }),
      key: (row) => String(row['namespace']),
      audited: [
        'namespace',
        'declared',
        'description',
        'variables',
        'pluginDefaults',
        'workerGroup',
        'workerGroupFallback',
      ],
      withTenant: 'service',
      parts: ['NamespaceFile'],
    },
  },
  NAMESPACE_FILE: {
    level: 'namespace',
    gates: { UPDATE: 'Write and delete the files of namespaces. NAMESPACE:UPDATE includes it.' },
    managed: { Editor: ['UPDATE'] },
    readAs: 'NAMESPACE',
  },
  SECRET: {
    level: 'namespace',
    gates: {
      CREATE: 'Create secrets.',
      READ: 'List the keys of secrets (never their values).',
      UPDATE: 'Update secrets.',
      DELETE: 'Delete secrets.',
    },
    rows: {
      model: 'Secret',
      feedsAccess: false,
      key: (row) => `${String(row['namespace'])}/${String(row['key'])}`,
      audited: ['namespace', 'key', 'description', 'tags'],
      secret: ['sealed'],
      withTenant: 'service',
      parts: ['DataKey'],
      instead: 'former values of secrets are not kept; enter the value again',
    },
  },
  KVSTORE: {
    level: 'namespace',
    gates: {
      CREATE: 'Create key-value pairs.',
      READ: 'List key-value pairs and read their values.',
      UPDATE: 'Replace the values of key-value pairs.',
      DELETE: 'Delete key-value pairs.',
    },
    managed: { Editor: 'all', Launcher: read, Viewer: read, Engine: 'all' },
    rows: {
      model: 'KeyValue',
      feedsAccess: false,
      key: (row) => `${String(row['namespace'])}/${String(row['key'])}`,
      // Values can be anything, so events do not include them.
      audited: ['namespace', 'key', 'type', 'description', 'expiresAt'],
      secret: ['value'],
      withTenant: 'service',
      instead: 'former values are not kept; set the value again',
    },
  },
  FLOW: {
    level: 'namespace',
    gates: {
      CREATE: 'Create flows.',
      READ: 'View flows, their revisions, topology and dependencies.',
      UPDATE: 'Update, enable and disable flows.',
      DELETE: 'Delete flows.',
    },
    managed: { Editor: 'all', Launcher: read, Viewer: read, Engine: read },
    rows: {
      model: 'Flow',
      feedsAccess: false,
      key: (row) => `${String(row['namespace'])}/${String(row['flowId'])}`,
      audited: ['namespace', 'flowId', 'revision', 'source', 'description', 'disabled', 'declaredDisabled', 'labels'],
      withTenant: 'service',
      parts: ['FlowRevision', 'TriggerLog'],
      instead: 'use restoreFlowRevision',
    },
  },
  EXECUTION: {
    level: 'namespace',
    gates: {
      CREATE: 'Start and replay executions.',
      READ: 'View executions, their logs, metrics and outputs.',
      UPDATE: 'Kill executions; update their labels and states.',
      DELETE: 'Delete executions.',
    },
    managed: { Editor: 'all', Launcher: launched, Viewer: read, Engine: launched },
    rows: {
      model: 'Execution',
      feedsAccess: false,
      key: (row) => `${String(row['namespace'])}/${String(row['flowId'])}/${String(row['executionId'])}`,
      // Inputs and outputs can have any value, so events do not include them.
      audited: ['executionId', 'namespace', 'flowId', 'revision', 'state', 'labels', 'originalId', 'deletionAsked'],
      secret: ['inputs', 'outputs', 'history'],
      live: true,
      withTenant: 'service',
      parts: ['TaskRun', 'LogEntry', 'Metric', 'Command', 'ExecutionDay', 'ExecutionHour'],
      instead: 'an execution is replayed, not undone',
    },
  },
  TRIGGER: {
    level: 'namespace',
    gates: {
      CREATE: 'Create backfills.',
      READ: 'View triggers and their state.',
      UPDATE: 'Enable, disable, unlock and restart triggers; pause and end backfills.',
      DELETE: 'Reset triggers to the state in their sources.',
    },
    managed: { Editor: 'all', Launcher: read, Viewer: read, Engine: ['READ', 'UPDATE'] },
    rows: {
      model: 'Trigger',
      feedsAccess: false,
      key: (row) => `${String(row['namespace'])}/${String(row['flowId'])}/${String(row['triggerId'])}`,
      audited: [
        'namespace',
        'flowId',
        'triggerId',
        'type',
        'disabled',
        'declaredDisabled',
        'disabledReason',
        'executionId',
        'evaluationStartedAt',
        'workerId',
        'nextExecutionAt',
        'backfill',
        'stopAfter',
        'workerGroup',
      ],
      live: true,
      withTenant: 'owner',
      instead: 'enable, disable or restart the trigger',
    },
  },
} as const satisfies Record<string, ResourceDefinition>;
