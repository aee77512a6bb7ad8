import type { Execution, Namespace, Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { loadByNames } from '../../../graphql/connection/loaders.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { registerNode } from '../../../graphql/node.ts';
import { tenantFields } from '../../../graphql/tenant-fields.ts';
import { countByDays } from './counts.ts';
import { durationOf, ExecutionStateEnum, StateChangeRef, staysOf } from './enums.ts';
import type { ExecutionState } from './states.ts';
import { logList, metricList, taskRunList } from './task-runs-and-logs-type.ts';
import { ExecutionWhere, executionCondition, ofParent, overParts } from './where.ts';

const inItself = {
  scopes: ({ tenantId }: Execution) => ({ tenantId }),
  within: ({ tenantId, id }: Execution) => ({ tenantId, executionKey: id }),
  reachOfParent: ofParent,
};
const inOrder = { column: 'sequence', descending: false } as const;

export const ExecutionRef = builder.prismaNode('Execution', {
  description: 'One run of a flow, as reported by the engine.',
  id: { field: 'id' },
  fields: (t) => ({
    executionId: t.exposeString('executionId', { description: 'ID that the engine gave, unique in the tenant.' }),
    namespaceName: t.exposeString('namespace', { description: 'Namespace of the flow.' }),
    ...tenantFields<Execution>(t),
    flowId: t.exposeString('flowId', { description: 'ID of the flow.' }),
    revision: t.exposeInt('revision', { nullable: true, description: 'Revision of the flow, if known.' }),
    state: t.field({
      type: ExecutionStateEnum,
      description: 'Current state.',
      resolve: ({ state }) => state as ExecutionState,
    }),
    history: t.field({
      type: [StateChangeRef],
      description: 'States so far, in order.',
      resolve: ({ history }) => staysOf(history),
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'Start time.' }),
    endedAt: t.expose('endedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'End time; null if it has not ended or was restarted.',
    }),
    duration: t.field({
      type: 'Duration',
      description: 'Run time so far, without the time between an end and a restart.',
      resolve: (execution) => durationOf(execution),
    }),
    labels: t.field({ type: 'JSON', description: 'Labels: text values by key.', resolve: ({ labels }) => labels }),
    inputs: t.field({ type: 'JSON', description: 'Inputs.', resolve: ({ inputs }) => inputs }),
    outputs: t.field({ type: 'JSON', description: 'Outputs.', resolve: ({ outputs }) => outputs }),
    triggerId: t.exposeString('triggerId', {
      nullable: true,
      description: 'ID of the trigger that started the execution.',
    }),
    parentId: t.exposeString('parentId', { nullable: true, description: 'executionId of the parent execution.' }),
    originalId: t.exposeString('originalId', {
      nullable: true,
      description: 'executionId of the execution that this one replays.',
    }),
    sequence: t.expose('sequence', { type: 'BigInt', description: 'Sequence of the last report; 0 if none.' }),
    deletionAsked: t.exposeBoolean('deletionAsked', {
      description: 'True if its deletion was requested. It is deleted when the engine reports it.',
    }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When the gateway last changed it.' }),
    viewerPermissions: viewerPermissions<Execution>(t, 'EXECUTION', ({ tenantId }) => ({ tenantId })),
    taskRuns: connection(t, {
      ...taskRunList,
      ...inItself,
      description: 'Task runs, in order of their start.',
      defaultOrder: { column: 'startedAt', descending: false },
    }),
    logs: connection(t, {
      ...logList,
      ...inItself,
      description: 'Log entries, in order.',
      defaultOrder: inOrder,
    }),
    metrics: connection(t, {
      ...metricList,
      ...inItself,
      description: 'Metrics, in order.',
      defaultOrder: inOrder,
    }),
  }),
});
registerNode({ typename: 'Execution', resource: 'EXECUTION' });

/** The list of executions. The caller adds the parent and its filter. */
export const executionList = {
  connection: connectionType('Execution', ExecutionRef),
  permission: 'EXECUTION:READ',
  model: 'Execution',
  where: { input: ExecutionWhere, toCondition: executionCondition },
  order: orderBy('Execution', {
    STARTED_AT: { column: 'startedAt', description: 'By start time.' },
    ENDED_AT: { column: 'endedAt', description: 'By end time; executions that have not ended are last.' },
    DURATION: { column: 'durationMs', description: 'By reported run time.' },
    STATE: { column: 'state', description: 'By name of the current state.' },
    NAMESPACE_NAME: { column: 'namespace', description: 'By namespace.' },
    FLOW_ID: { column: 'flowId', description: 'By flow ID.' },
    REVISION: { column: 'revision', description: 'By revision; executions without a known one are last.' },
    TRIGGER_ID: { column: 'triggerId', description: 'By trigger ID; executions without a trigger are last.' },
    EXECUTION_ID: { column: 'executionId', description: 'By the ID that the engine gave.' },
  }),
  defaultOrder: { column: 'startedAt', descending: true },
} as const;

const inTenant = {
  scopes: ({ id }: Tenant) => ({ tenantId: id }),
  within: ({ id }: Tenant) => ({ tenantId: id }),
};

builder.prismaObjectField('Namespace', 'executions', (t) =>
  connection(t, {
    ...executionList,
    description: 'Executions in exactly this namespace that the viewer can read, newest first.',
    scopes: ({ tenantId }: Namespace) => ({ tenantId }),
    within: ({ tenantId, namespace }) => ({ tenantId, namespace }),
    count: (context, { tenantId, namespace }, conditions) =>
      countByDays(context, tenantId, [...conditions, { namespace }]),
  }),
);
builder.prismaObjectFields('Tenant', (t) => ({
  executions: connection(t, {
    ...executionList,
    ...inTenant,
    description: 'Executions that the viewer can read, newest first.',
    count: (context, { id }: Tenant, conditions) => countByDays(context, id, conditions),
  }),
  execution: t.field({
    type: ExecutionRef,
    nullable: true,
    description: 'An execution by the ID that the engine gave.',
    access: { decides: 'EXECUTION:READ' },
    args: { executionId: t.arg.string({ required: true, description: 'ID that the engine gave.' }) },
    resolve: ({ id: tenantId }: Tenant, { executionId }, context) => {
      const { where } = context.session.grant('EXECUTION:READ', { tenantId });
      return loadByNames(context, 'Execution', where, { tenantId, executionId }) as Promise<Execution | null>;
    },
  }),
  taskRuns: connection(t, {
    ...taskRunList,
    ...inTenant,
    reach: overParts,
    description: 'Task runs of all executions that the viewer can read, newest first.',
  }),
  logs: connection(t, {
    ...logList,
    ...inTenant,
    reach: overParts,
    description: 'Log entries of all executions that the viewer can read, newest first.',
  }),
}));
