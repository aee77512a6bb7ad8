import type { Execution, Flow, Trigger } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type FieldBuilder, refOf } from '../../../graphql/connection/connection-type.ts';
import { loadByNames } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { executionList } from './schema.ts';
import { logList, metricList } from './task-runs-and-logs-type.ts';
import { overParts } from './where.ts';

/** An execution that a trigger refers to by the engine's ID. */
const executionField = (builderOfField: object, column: 'executionId' | 'lastExecutionId', description: string) => {
  const t = builderOfField as FieldBuilder<Trigger>;
  return t.field({
    type: refOf('Execution') as never,
    nullable: true,
    description,
    access: { decides: 'EXECUTION:READ' },
    resolve: (({ tenantId, [column]: executionId }: Trigger, _args: object, context: Context) => {
      if (executionId === null) return null;
      const { where } = context.session.grant('EXECUTION:READ', { tenantId });
      return loadByNames(context, 'Execution', where, { tenantId, executionId });
    }) as never,
  });
};

const ofFlow = {
  scopes: ({ tenantId }: Flow) => ({ tenantId }),
  within: ({ tenantId, namespace, flowId }: Flow) => ({ tenantId, namespace, flowId }),
};
builder.prismaObjectFields('Flow', (t) => ({
  executions: connection(t, {
    ...executionList,
    ...ofFlow,
    description: 'Executions, newest first.',
  }),
  logs: connection(t, {
    ...logList,
    ...ofFlow,
    reach: overParts,
    description: 'Log entries of the executions, newest first.',
  }),
  metrics: connection(t, {
    ...metricList,
    ...ofFlow,
    reach: overParts,
    description: 'Metrics of the executions, newest first.',
    defaultOrder: { column: 'at', descending: true },
  }),
}));

builder.prismaObjectFields('Trigger', (t) => ({
  execution: executionField(
    t,
    'executionId',
    'The execution that holds the trigger; null if it has not been reported.',
  ),
  lastExecution: executionField(
    t,
    'lastExecutionId',
    'The last execution that the trigger started; null if it has not been reported.',
  ),
}));

builder.prismaObjectFields('Execution', (t) => ({
  flow: t.field({
    type: refOf('Flow') as never,
    nullable: true,
    description:
      'The flow in its current revision; source, tasks and topology show the revision that ran. Null if the flow was deleted or the viewer cannot read it.',
    access: { decides: 'FLOW:READ' },
    resolve: ({ tenantId, namespace, flowId }: Execution, _args, context) => {
      const { where } = context.session.grant('FLOW:READ', { tenantId });
      return loadByNames(context, 'Flow', where, { tenantId, namespace, flowId }) as never;
    },
  }),
  trigger: t.field({
    type: refOf('Trigger') as never,
    nullable: true,
    description:
      'The trigger that started the execution. Null if none did, it was deleted, or the viewer cannot read it.',
    access: { decides: 'TRIGGER:READ' },
    resolve: ({ tenantId, namespace, flowId, triggerId }: Execution, _args, context) => {
      if (triggerId === null) return null as never;
      const { where } = context.session.grant('TRIGGER:READ', { tenantId });
      const names = { namespace, flowId, triggerId };
      return loadByNames(context, 'Trigger', where, { tenantId, ...names }) as never;
    },
  }),
}));
