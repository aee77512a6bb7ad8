import type { InputFieldMap, InputShapeFromFields } from '@pothos/core';
import { z } from 'zod';
import type { Permission } from '../../../access/catalog.ts';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { Execution } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import type { InputBuilder } from '../../../graphql/mutation/spec.ts';
import { inTenant } from '../../../graphql/mutation/target.ts';
import { ownLabels } from '../labels.ts';
import {
  addExecutionLabels,
  afterQueue,
  forceRunExecution,
  killExecution,
  pauseExecution,
  restartExecution,
  resumeExecution,
  setExecutionState,
  settableEnds,
  unqueueExecution,
} from './acts.ts';
import { asked, inputs, revision } from './command-schema.ts';
import { ExecutionStateEnum } from './enums.ts';
import { selected } from './selected-executions.ts';
import { deleteExecution, replayExecution } from './service.ts';

interface Bulk<P extends Permission, Fields extends InputFieldMap> {
  readonly permission: P;
  readonly description: string;
  /** Fields besides those that select executions. */
  readonly fields?: (t: InputBuilder) => Fields;
  readonly rules?: z.ZodType;
  readonly act: (
    tx: Tx,
    grant: Grant<P>,
    tenant: TenantRef,
    id: string,
    input: InputShapeFromFields<Fields>,
  ) => Promise<Execution>;
}

/** Defines a mutation that acts on each execution of a selection. */
function bulk<P extends Permission, Fields extends InputFieldMap = Record<never, never>>(
  name: string,
  { permission, description, fields, rules, act }: Bulk<P, Fields>,
): void {
  mutation(name, {
    description: `${description} Returns a result and records an audit event for each.${asked}`,
    permission,
    input: (t) => ({ ...selected.input(t), ...(fields?.(t) as Record<never, never>) }),
    ...(rules && { rules: rules as z.ZodType<never> }),
    target: (input, context) => {
      selected.assert(input);
      return inTenant(input.tenantKey, context);
    },
    run: (tx, grant, input, { tenant }, context, refusals) =>
      selected.onEach(tx, context, refusals, tenant.id, input, (id) => act(tx, grant, tenant, id, input as never)),
    payload: selected.payload,
    timeoutMs: ({ limits }) => limits.bulkMs,
  });
}

bulk('replayExecutions', {
  permission: 'EXECUTION:CREATE',
  description: 'Runs ended executions again, each as a new execution, which the result contains.',
  fields: (t) => ({ revision: t.int({ description: 'Revision of the flows. Defaults to the choice of the engine.' }) }),
  rules: z.looseObject({ revision }),
  act: (tx, grant, tenant, id, input) => replayExecution(tx, grant, tenant, id, { ...input, taskRun: null }),
});
bulk('restartExecutions', {
  permission: 'EXECUTION:UPDATE',
  description: 'Continues failed, killed or cancelled executions from the task runs that failed.',
  fields: (t) => ({
    revision: t.int({ description: 'Revision of the flows. Defaults to the revision that each ran with.' }),
  }),
  rules: z.looseObject({ revision }),
  act: (tx, grant, tenant, id, input) => restartExecution(tx, grant, tenant, id, input.revision),
});
bulk('pauseExecutions', {
  permission: 'EXECUTION:UPDATE',
  description: 'Pauses running executions before their next task.',
  act: pauseExecution,
});
bulk('resumeExecutions', {
  permission: 'EXECUTION:UPDATE',
  description: 'Continues paused executions.',
  fields: (t) => ({
    inputs: t.field({ type: 'JSON', description: 'Values by name that the paused tasks wait for.' }),
  }),
  rules: z.looseObject({ inputs: inputs.nullish() }),
  act: (tx, grant, tenant, id, input) => resumeExecution(tx, grant, tenant, id, input.inputs as object | null),
});
bulk('killExecutions', {
  permission: 'EXECUTION:UPDATE',
  description: 'Ends executions that have not ended.',
  act: killExecution,
});
bulk('unqueueExecutions', {
  permission: 'EXECUTION:UPDATE',
  description: 'Takes executions out of the queue.',
  fields: (t) => ({
    state: t.field({
      type: ExecutionStateEnum,
      description: `The new state: one of ${afterQueue.join(', ')}. Defaults to RUNNING.`,
    }),
  }),
  rules: z.looseObject({
    state: z
      .enum(afterQueue, { error: `The state of a queued execution can be set to ${afterQueue.join(', ')}.` })
      .nullish(),
  }),
  act: (tx, grant, tenant, id, { state }) =>
    unqueueExecution(tx, grant, tenant, id, (state ?? 'RUNNING') as (typeof afterQueue)[number]),
});
bulk('forceRunExecutions', {
  permission: 'EXECUTION:UPDATE',
  description: 'Runs executions that wait, regardless of what they wait for.',
  act: forceRunExecution,
});
bulk('setExecutionsState', {
  permission: 'EXECUTION:UPDATE',
  description: 'Sets the state of ended executions.',
  fields: (t) => ({
    state: t.field({
      type: ExecutionStateEnum,
      required: true,
      description: `The new state: one of ${settableEnds.join(', ')}.`,
    }),
  }),
  rules: z.looseObject({
    state: z.enum(settableEnds, { error: `The state of an execution can be set to ${settableEnds.join(', ')}.` }),
  }),
  act: (tx, grant, tenant, id, { state }) =>
    setExecutionState(tx, grant, tenant, id, state as (typeof settableEnds)[number]),
});
bulk('addExecutionsLabels', {
  permission: 'EXECUTION:UPDATE',
  description: 'Adds labels to executions. Other labels are kept.',
  fields: (t) => ({
    labels: t.field({ type: 'JSON', required: true, description: 'Labels: text values by key.' }),
  }),
  rules: z.looseObject({ labels: ownLabels }),
  act: (tx, grant, tenant, id, { labels }) =>
    addExecutionLabels(tx, grant, tenant, id, labels as Record<string, string>),
});
bulk('deleteExecutions', {
  permission: 'EXECUTION:DELETE',
  description: 'Requests the deletion of ended executions. They exist until the engine reports their deletion.',
  act: deleteExecution,
});
