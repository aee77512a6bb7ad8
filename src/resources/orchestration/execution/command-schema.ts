import { z } from 'zod';
import type { Execution, TaskRun } from '../../../db/generated/client.ts';
import { notFound } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { delegate } from '../../../graphql/connection/connection.ts';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { eachItem, ItemError, type Refused } from '../../../graphql/mutation/items.ts';
import { byId, inTenant } from '../../../graphql/mutation/target.ts';
import { decodeId } from '../../../graphql/node.ts';
import { recordOf } from '../../../lib/models.ts';
import { ownLabels, reportedLabels } from '../labels.ts';
import { ExecutionStateEnum } from './enums.ts';
import { ExecutionRef } from './schema.ts';
import {
  createExecution,
  deleteExecution,
  killExecution,
  replayExecution,
  setExecutionLabels,
  setTaskRunState,
  settableStates,
} from './service.ts';
import { TaskRunRef } from './task-runs-and-logs-type.ts';

const inputs = recordOf(
  z.string().max(256, 'The name of an input has at most 256 characters.'),
  z.unknown(),
  'Inputs are an object of values by name.',
).refine((all) => JSON.stringify(all).length <= 262_144, 'Inputs have at most 256 kB.');
const revision = z.int().min(1, 'Revisions count from 1 on.').nullish();
const ofExecution = ({ id }: { id: string | number }, context: Context) => byId('EXECUTION', 'Execution', id, context);
const asked = ' The engine takes it as a command, and the state changes when it reports so.';

mutation('createExecution', {
  description: `Starts an execution of a flow.${asked}`,
  permission: 'EXECUTION:CREATE',
  input: (t) => ({
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    namespace: t.string({ required: true, description: 'Namespace of the flow.' }),
    flowId: t.string({ required: true, description: 'Which flow.' }),
    revision: t.int({ description: 'Which revision of it. Default: the present one, when the engine begins.' }),
    inputs: t.field({ type: 'JSON', description: 'Values by name.' }),
    labels: t.field({ type: 'JSON', description: 'Texts by key; those of system. are refused.' }),
  }),
  rules: z.looseObject({ revision, inputs: inputs.nullish(), labels: ownLabels.nullish() }),
  target: ({ tenant }, context) => inTenant(tenant, context),
  run: (tx, grant, input, { tenant }) => createExecution(tx, grant, tenant, input),
  payload: (t) => ({ execution: changed(t, ExecutionRef, 'The new execution, SUBMITTED.') }),
});

mutation('replayExecution', {
  description: `Runs an ended execution once more, as a new one.${asked}`,
  permission: 'EXECUTION:CREATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which execution.' }),
    taskRun: t.id({ description: 'Run from this task run on, and take what is before it as it was.' }),
    revision: t.int({ description: 'By which revision of the flow. Default: as the engine has it.' }),
  }),
  rules: z.looseObject({ revision }),
  target: (input, context) => ofExecution(input, context),
  run: (tx, grant, { taskRun, revision }, { tenant, id }) =>
    replayExecution(tx, grant, tenant, id, {
      revision,
      taskRun: taskRun == null ? null : decodeId(String(taskRun), ['TaskRun'], ['input', 'taskRun']).id,
    }),
  payload: (t) => ({ execution: changed(t, ExecutionRef, 'The new execution, SUBMITTED.') }),
});

mutation('killExecution', {
  description: `Ends an execution that has not ended.${asked}`,
  permission: 'EXECUTION:UPDATE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which execution.' }) }),
  target: (input, context) => ofExecution(input, context),
  run: (tx, grant, _input, { tenant, id }) => killExecution(tx, grant, tenant, id),
  payload: (t) => ({ execution: changed(t, ExecutionRef, 'The execution, as it is now.') }),
});

mutation('setTaskRunState', {
  description: `Gives another state to a task run that has ended or waits.${asked}`,
  permission: 'EXECUTION:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which task run.' }),
    state: t.field({
      type: ExecutionStateEnum,
      required: true,
      description: `One of ${settableStates.join(', ')}.`,
    }),
  }),
  rules: z.looseObject({
    state: z.enum(settableStates, { error: `A task run can be given ${settableStates.join(', ')}.` }),
  }),
  target: async ({ id }, context) => {
    const run = decodeId(String(id), ['TaskRun'], ['input', 'id']).id;
    const [row] = await delegate(context, 'taskRun').findMany({
      where: { id: run },
      select: { executionKey: true },
      take: 1,
    });
    if (!row) throw notFound('The object');
    const execution = Buffer.from(`Execution:${String(row['executionKey'])}`).toString('base64');
    return byId('EXECUTION', 'Execution', execution, context);
  },
  run: (tx, grant, { id, state }, target) => {
    const run = decodeId(String(id), ['TaskRun'], ['input', 'id']).id;
    return setTaskRunState(tx, grant, target.tenant, target.id, run, state);
  },
  payload: (t) => ({ taskRun: changed<TaskRun>(t, TaskRunRef, 'The task run, as it is now.') }),
});

mutation('setExecutionLabels', {
  description: `Replaces the labels of an execution, but for those of the orchestrator itself (system.).${asked}`,
  permission: 'EXECUTION:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which execution.' }),
    labels: t.field({
      type: 'JSON',
      required: true,
      description: 'All of them: texts by key. Those of system. may be left out, or be as they are.',
    }),
  }),
  rules: z.looseObject({ labels: reportedLabels }),
  target: (input, context) => ofExecution(input, context),
  run: (tx, grant, { labels }, { tenant, id }) =>
    setExecutionLabels(tx, grant, tenant, id, labels as Record<string, string>),
  payload: (t) => ({ execution: changed(t, ExecutionRef, 'The execution, as it is now.') }),
});

type Deleted = { readonly execution: Execution } | Refused;
const DeletedRef = builder.objectRef<Deleted>('DeleteExecutionResult').implement({
  description: 'The answer to one id.',
  fields: (t) => ({
    execution: t.field({
      type: ExecutionRef,
      nullable: true,
      description: 'The execution, which is there until the engine reported that it is deleted.',
      resolve: (one) => ('execution' in one ? one.execution : null),
    }),
    error: t.field({
      type: ItemError,
      nullable: true,
      description: 'Why it was refused.',
      resolve: (one) => ('error' in one ? one : null),
    }),
  }),
});
mutation('deleteExecutions', {
  description: 'Asks for the deletion of executions. They go when the engine reports that they are deleted.',
  permission: 'EXECUTION:DELETE',
  input: (t) => ({
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    ids: t.idList({ required: true, description: 'Which executions, at most 500.' }),
  }),
  target: ({ tenant }, context) => inTenant(tenant, context),
  run: (tx, grant, { ids }, { tenant }, _context, refusals) =>
    eachItem<string | number, Deleted>(
      tx,
      refusals,
      ids,
      async (given, i) => {
        const { id } = decodeId(String(given), ['Execution'], ['input', 'ids', i]);
        return { execution: await deleteExecution(tx, grant, tenant, id) };
      },
      (refused) => refused,
    ),
  payload: (t) => ({
    results: t.field({
      type: [DeletedRef],
      description: 'One answer for each id, in the same order.',
      resolve: ({ result }) => [...result],
    }),
  }),
});
