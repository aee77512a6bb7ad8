import type { Execution, Flow, FlowRevision } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { loadByNames } from '../../../graphql/connection/loaders.ts';
import { everyRow } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { remember } from '../../../lib/remember.ts';
import { inTurn } from '../flow/reading.ts';
import { type FlowSource, partsOfSaved } from '../flow/source.ts';
import { TaskRef, TopologyRef, taskOf } from '../flow/task-type.ts';
import { topologyOf } from '../flow/topology.ts';

/**
 * The source of the revision that an execution ran. It is read with its flow or, if that was deleted, with the same
 * permission in its namespace. Undefined if the revision is unknown or the viewer cannot read it. @throws FORBIDDEN.
 */
export async function sourceRan(
  context: Context,
  { tenantId, namespace, flowId, revision }: Execution,
): Promise<string | undefined> {
  const grant = context.session.grant('FLOW:READ', { tenantId });
  if (revision === null) return undefined;
  const names = { namespace, flowId };
  const flow = (await loadByNames(context, 'Flow', everyRow, { tenantId, ...names })) as unknown as Flow | null;
  if (!grant.matches(flow ? { ...flow } : { tenantId, ...names })) return undefined;
  if (flow?.revision === revision) return flow.source;
  const stored = await loadByNames(context, 'FlowRevision', everyRow, { tenantId, ...names, revision });
  return (stored as unknown as FlowRevision | null)?.source;
}

type Parts = Pick<FlowSource, 'tasks' | 'triggers'>;

/** A parsed source, shared by all executions of it in a response. */
function partsRan(context: Context, source: string): Promise<Parts> {
  const read = remember(
    context.loaders as Map<string, Map<string, Promise<Parts>>>,
    'execution parts',
    () => new Map(),
  );
  return remember(read, source, () => inTurn(() => partsOfSaved(source), context));
}

const whose = 'of the revision that the execution ran, even if the flow has changed or was deleted';
const unless = 'Null if the revision is unknown or the viewer cannot read the flow.';

builder.prismaObjectFields('Execution', (t) => ({
  source: t.string({
    nullable: true,
    description: `YAML source ${whose}. ${unless}`,
    access: { decides: 'FLOW:READ' },
    resolve: async (execution, _args, context) => (await sourceRan(context, execution)) ?? null,
  }),
  tasks: t.field({
    type: [TaskRef],
    nullable: true,
    description: `Tasks ${whose}, including nested tasks, in source order. ${unless}`,
    access: { decides: 'FLOW:READ' },
    resolve: async (execution, _args, context) => {
      const source = await sourceRan(context, execution);
      if (source === undefined) return null;
      return (await partsRan(context, source)).tasks.map((task) => taskOf({ source }, task));
    },
  }),
  topology: t.field({
    type: TopologyRef,
    nullable: true,
    description: `Tasks and triggers ${whose}, as a graph. Includes the triggers that the viewer can read. ${unless}`,
    access: { decides: 'FLOW:READ' },
    resolve: async (execution, _args, context) => {
      const source = await sourceRan(context, execution);
      if (source === undefined) return null;
      const { tenantId, namespace, flowId } = execution;
      const { tasks, triggers } = await partsRan(context, source);
      const grant = context.session.may('TRIGGER:READ', { tenantId });
      const readable = triggers
        .map(({ id: triggerId, type, kind }) => ({ tenantId, namespace, flowId, triggerId, type, kind }))
        .filter((trigger) => grant?.matches(trigger));
      return topologyOf(tasks, readable);
    },
  }),
}));
