import { z } from 'zod';
import type { TaskRun } from '../../../db/generated/client.ts';
import { notFound } from '../../../errors.ts';
import { rows } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId, inTenant } from '../../../graphql/mutation/target.ts';
import { decodeId } from '../../../graphql/node.ts';
import { recordOf } from '../../../lib/models.ts';
import { readSource } from '../flow/reading.ts';
import { ownLabels, reportedLabels } from '../labels.ts';
import { killExecution, setExecutionLabels, setTaskRunState, settableStates } from './acts.ts';
import { ExecutionStateEnum } from './enums.ts';
import { ExecutionRef } from './schema.ts';
import { createExecution, replayExecution } from './service.ts';
import { TaskRunRef } from './task-runs-and-logs-type.ts';

export const inputs = recordOf(
  z.string().max(256, 'The name of an input can have at most 256 characters.'),
  z.unknown(),
  'Inputs must be an object of values by name.',
).refine((all) => JSON.stringify(all).length <= 262_144, 'Inputs can have at most 256 kB.');
export const revision = z.int().min(1, 'A revision must be 1 or more.').nullish();
const ofExecution = ({ id }: { id: string | number }, context: Context) => byId('EXECUTION', 'Execution', id, context);
export const asked = ' The engine receives a command; the state changes when the engine reports it.';

/** The inputs that a former revision declares; undefined for the latest one, or if it does not exist. */
async function inputsOfRevision(
  context: Context,
  tenantId: string,
  {
    namespaceName: namespace,
    flowId,
    revision: number,
  }: { namespaceName: string; flowId: string; revision?: number | null | undefined },
) {
  if (number == null) return undefined;
  const stored = await context.db.flowRevision.findFirst({
    where: { tenantId, namespace, flowId, revision: number },
    select: { source: true },
  });
  const read = stored && (await readSource(stored.source, context));
  return read?.ok ? read.flow.inputs : undefined;
}

mutation('createExecution', {
  description: `Starts an execution of a flow.${asked}`,
  permission: 'EXECUTION:CREATE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    namespaceName: t.string({ required: true, description: 'Namespace of the flow.' }),
    flowId: t.string({ required: true, description: 'ID of the flow.' }),
    revision: t.int({
      description: 'Revision of the flow. Defaults to the latest revision when the engine starts it.',
    }),
    inputs: t.field({
      type: 'JSON',
      description: 'Input values by name, as the flow declares them. Each fault is reported at its input.',
    }),
    labels: t.field({
      type: 'JSON',
      description: 'Labels: text values by key. Keys that begin with system. are rejected.',
    }),
  }),
  rules: z.looseObject({ revision, inputs: inputs.nullish(), labels: ownLabels.nullish() }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  prepare: async (input, { tenant }, context) => ({ declared: await inputsOfRevision(context, tenant.id, input) }),
  run: (tx, grant, { namespaceName: namespace, ...input }, { tenant }, { session }) =>
    createExecution(
      tx,
      grant,
      tenant,
      { ...input, namespace },
      (flow) => session.may('FLOW:READ', { tenantId: tenant.id })?.matches({ ...flow }) === true,
    ),
  payload: (t) => ({ execution: changed(t, ExecutionRef, 'The new execution, in state SUBMITTED.') }),
});

mutation('replayExecution', {
  description: `Runs an ended execution again, as a new execution.${asked}`,
  permission: 'EXECUTION:CREATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the execution.' }),
    taskRun: t.id({ description: 'ID of the task run to start from. The results of earlier task runs are reused.' }),
    revision: t.int({ description: 'Revision of the flow. Defaults to the choice of the engine.' }),
  }),
  rules: z.looseObject({ revision }),
  target: (input, context) => ofExecution(input, context),
  run: (tx, grant, { taskRun, revision }, { tenant, id }) =>
    replayExecution(tx, grant, tenant, id, {
      revision,
      taskRun: taskRun == null ? null : decodeId(String(taskRun), ['TaskRun'], ['input', 'taskRun']).id,
    }),
  payload: (t) => ({ execution: changed(t, ExecutionRef, 'The new execution, in state SUBMITTED.') }),
});

mutation('killExecution', {
  description: `Ends an execution that has not ended.${asked}`,
  permission: 'EXECUTION:UPDATE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the execution.' }) }),
  target: (input, context) => ofExecution(input, context),
  run: (tx, grant, _input, { tenant, id }) => killExecution(tx, grant, tenant, id),
  payload: (t) => ({ execution: changed(t, ExecutionRef, 'The execution, in its current state.') }),
});

mutation('setTaskRunState', {
  description: `Sets the state of a task run that has ended or is paused.${asked}`,
  permission: 'EXECUTION:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the task run.' }),
    state: t.field({
      type: ExecutionStateEnum,
      required: true,
      description: `The new state: one of ${settableStates.join(', ')}.`,
    }),
  }),
  rules: z.looseObject({
    state: z.enum(settableStates, { error: `The state of a task run can be set to ${settableStates.join(', ')}.` }),
  }),
  target: async ({ id }, context) => {
    const run = decodeId(String(id), ['TaskRun'], ['input', 'id']).id;
    const row = await rows(context).first('TaskRun', { id: run }, ['executionKey']);
    if (!row) throw notFound('The object');
    const execution = Buffer.from(`Execution:${String(row['executionKey'])}`).toString('base64');
    return byId('EXECUTION', 'Execution', execution, context);
  },
  run: (tx, grant, { id, state }, target) => {
    const run = decodeId(String(id), ['TaskRun'], ['input', 'id']).id;
    return setTaskRunState(tx, grant, target.tenant, target.id, run, state);
  },
  payload: (t) => ({ taskRun: changed<TaskRun>(t, TaskRunRef, 'The task run, in its current state.') }),
});

mutation('setExecutionLabels', {
  description: `Replaces the labels of an execution, except the orchestrator's own (system.).${asked}`,
  permission: 'EXECUTION:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the execution.' }),
    labels: t.field({
      type: 'JSON',
      required: true,
      description:
        'All labels: text values by key. Labels that begin with system. can be omitted or must be unchanged.',
    }),
  }),
  rules: z.looseObject({ labels: reportedLabels }),
  target: (input, context) => ofExecution(input, context),
  run: (tx, grant, { labels }, { tenant, id }) =>
    setExecutionLabels(tx, grant, tenant, id, labels as Record<string, string>),
  payload: (t) => ({ execution: changed(t, ExecutionRef, 'The execution, in its current state.') }),
});
