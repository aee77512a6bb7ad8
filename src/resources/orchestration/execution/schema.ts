import type { Execution, Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { loadByNames } from '../../../graphql/connection/loaders.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { registerNode } from '../../../graphql/node.ts';
import { countByDays } from './counts.ts';
import { durationOf, ExecutionStateEnum, StateChangeRef, staysOf } from './enums.ts';
import type { ExecutionState } from './states.ts';
import { logList, metricList, taskRunList } from './task-runs-and-logs-type.ts';
import { ExecutionWhere, executionCondition, ofParent, overParts } from './where.ts';

const inItself = {
  scopes: ({ tenantId }: Execution) => ({ tenantId }),
  within: ({ tenantId, id }: Execution) => ({ tenantId, executionKey: id }),
  reach: ofParent,
};
const inOrder = { column: 'sequence', descending: false } as const;

export const ExecutionRef = builder.prismaNode('Execution', {
  description: 'One run of a flow, as the engine reports it.',
  id: { field: 'id' },
  fields: (t) => ({
    executionId: t.exposeString('executionId', { description: "The engine's id of it; unique in the tenant." }),
    namespace: t.exposeString('namespace', { description: 'The namespace of its flow.' }),
    flowId: t.exposeString('flowId', { description: 'Of which flow.' }),
    revision: t.exposeInt('revision', { nullable: true, description: 'Of which revision of it, where it is known.' }),
    state: t.field({
      type: ExecutionStateEnum,
      description: 'Its state.',
      resolve: ({ state }) => state as ExecutionState,
    }),
    history: t.field({
      type: [StateChangeRef],
      description: 'Its states so far, in order.',
      resolve: ({ history }) => staysOf(history),
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it came up.' }),
    endedAt: t.expose('endedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null: it has not, or it was restarted.',
    }),
    duration: t.field({
      type: 'Duration',
      description: 'How long it ran, the time between an end and a restart left out; of one that still runs, so far.',
      resolve: (execution) => durationOf(execution),
    }),
    labels: t.field({ type: 'JSON', description: 'Texts by key.', resolve: ({ labels }) => labels }),
    inputs: t.field({ type: 'JSON', description: 'What it was given.', resolve: ({ inputs }) => inputs }),
    outputs: t.field({ type: 'JSON', description: 'What it gave.', resolve: ({ outputs }) => outputs }),
    triggerId: t.exposeString('triggerId', { nullable: true, description: 'The trigger of its flow that started it.' }),
    parentId: t.exposeString('parentId', { nullable: true, description: 'executionId of the one that started it.' }),
    originalId: t.exposeString('originalId', { nullable: true, description: 'executionId of the one it replays.' }),
    sequence: t.expose('sequence', { type: 'BigInt', description: 'Number of the last report; 0: none yet.' }),
    deletionAsked: t.exposeBoolean('deletionAsked', {
      description: 'Did somebody ask for its deletion? It goes when the engine reports so.',
    }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed here.' }),
    viewerPermissions: viewerPermissions<Execution>(t, 'EXECUTION', ({ tenantId }) => ({ tenantId })),
    taskRuns: connection(t, {
      ...taskRunList,
      ...inItself,
      description: 'Its task runs, in the order of their start.',
      defaultOrder: { column: 'startedAt', descending: false },
      relation: { model: 'execution', field: 'taskRuns' },
    }),
    logs: connection(t, {
      ...logList,
      ...inItself,
      description: 'Its log, in order.',
      defaultOrder: inOrder,
      relation: { model: 'execution', field: 'logs' },
    }),
    metrics: connection(t, {
      ...metricList,
      ...inItself,
      description: 'Its metrics, in order.',
      defaultOrder: inOrder,
      relation: { model: 'execution', field: 'metrics' },
    }),
  }),
});
registerNode({ typename: 'Execution', resource: 'EXECUTION' });

/** The list of executions: add where it stands, and whose they are. */
export const executionList = {
  connection: connectionType('Execution', ExecutionRef),
  permission: 'EXECUTION:READ',
  model: 'execution',
  where: { input: ExecutionWhere, toCondition: executionCondition },
  order: orderBy('Execution', {
    STARTED_AT: { column: 'startedAt', description: 'By the time of the start.' },
    DURATION: { column: 'durationMs', description: 'By how long they ran, as far as it is reported.' },
  }),
  defaultOrder: { column: 'startedAt', descending: true },
} as const;

const inTenant = {
  scopes: ({ id }: Tenant) => ({ tenantId: id }),
  within: ({ id }: Tenant) => ({ tenantId: id }),
};

builder.prismaObjectFields('Tenant', (t) => ({
  executions: connection(t, {
    ...executionList,
    ...inTenant,
    description: 'The executions that the viewer may read, the newest first.',
    count: (context, { id }: Tenant, conditions) => countByDays(context, id, conditions),
  }),
  execution: t.field({
    type: ExecutionRef,
    nullable: true,
    description: "One execution by the engine's id of it.",
    access: { decides: 'EXECUTION:READ' },
    args: { executionId: t.arg.string({ required: true, description: "The engine's id." }) },
    resolve: ({ id: tenantId }: Tenant, { executionId }, context) => {
      const { where } = context.session.grant('EXECUTION:READ', { tenantId });
      return loadByNames(
        context,
        'execution',
        { AND: [{ tenantId }, where] },
        { executionId },
      ) as Promise<Execution | null>;
    },
  }),
  taskRuns: connection(t, {
    ...taskRunList,
    ...inTenant,
    reach: overParts,
    description: 'The task runs of all executions that the viewer may read, the newest first.',
  }),
  logs: connection(t, {
    ...logList,
    ...inTenant,
    reach: overParts,
    description: 'The log entries of all executions that the viewer may read, the newest first.',
  }),
}));
