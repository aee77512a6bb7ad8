import graphql from '@graphql-eslint/eslint-plugin';

/** Types that are values: they have no identity of their own, so no ID. All other types have one. */
const values = [
  'ExpressionFault',
  'RenderedExpression',
  'ActiveKillSwitch',
  'AccessExplanation',
  'AccessImpact',
  'AccessOrigin',
  'AccessReview',
  'AccessStep',
  'AuditCheckpoint',
  'AuditDestination',
  'AuditFeedItem',
  'AuditKey',
  'AvailablePolicy',
  'Backfill',
  'ChangedDecision',
  'ClaimedTrigger',
  'DailyStats',
  'DurationStats',
  'EffectivePermission',
  'FlowDependency',
  'FlowRevision',
  'GroupMember',
  'HeldPermission',
  'ImpactRefusal',
  'ImportedFlow',
  'InheritedPluginDefault',
  'InheritedSecret',
  'InheritedVariable',
  'InheritedWorkerGroup',
  'InvitationBinding',
  'ItemError',
  'LeastPrivilege',
  'Limits',
  'LogEntry',
  'Metric',
  'MetricName',
  'MetricPoint',
  'MissingPermission',
  'NamespaceFile',
  'NamespaceStats',
  'PageInfo',
  'Permission',
  'PermissionInfo',
  'PlannedChange',
  'Plugin',
  'PluginDefault',
  'Policy',
  'PolicyConfiguration',
  'PolicyTestResult',
  'PolicyTrial',
  'PrincipalImpact',
  'ResourceInfo',
  'SecondFactor',
  'Series',
  'SeriesPeriod',
  'ServerInfo',
  'ServiceEvent',
  'SourceIssue',
  'StateChange',
  'StateCount',
  'StateStats',
  'Stats',
  'StatsCount',
  'Task',
  'TokenCeiling',
  'TokenUse',
  'Topology',
  'TopologyNode',
  'TrialEnd',
  'TriggerDates',
  'UserIdentity',
  'Viewer',
  'WorkloadTrust',
];

/** Fields with the word of the orchestrator, whose names begin like their types. */
const ownWords = ['executionId', 'flowId', 'taskRunId', 'triggerId', 'username', 'workerGroup'];

/** ESLint has no exceptions by name for this rule. */
const prefix = '@graphql-eslint/no-typename-prefix';
const isExpected = ({ ruleId, message }) =>
  ruleId === prefix && ownWords.some((name) => message.startsWith(`Field "${name}" `));

export default [
  {
    files: ['schema.graphql'],
    plugins: { '@graphql-eslint': graphql },
    processor: {
      preprocess: (text) => [text],
      postprocess: ([messages]) => messages.filter((message) => !isExpected(message)),
    },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: './schema.graphql' } } },
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      '@graphql-eslint/strict-id-in-types': [
        'error',
        { exceptions: { suffixes: ['Payload', 'Connection', 'Edge', 'Result'], types: values } },
      ],
      // Short lists of values are plain lists. Those that can grow are connections, also of values.
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
    },
  },
];
