import type { Flow, FlowDependency } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { delegate } from '../../../graphql/connection/connection.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import { loadByNames } from '../../../graphql/connection/loaders.ts';
import { type DependencyKind, dependencyKinds } from './dependencies.ts';

interface Told {
  readonly kind: DependencyKind;
  readonly direction: 'OUT' | 'IN';
  readonly via: string;
  readonly namespace: string;
  readonly flowId: string;
  readonly tenantId: string;
}

const kinds: Record<DependencyKind, string> = {
  SUBFLOW: 'A task of the one runs the other.',
  FLOW_TRIGGER: 'A trigger of the one waits for the other to end.',
};
const KindEnum = builder.enumType('FlowDependencyKind', {
  description: 'How a flow depends on another.',
  values: Object.fromEntries(dependencyKinds.map((kind) => [kind, { description: kinds[kind] }])) as Record<
    DependencyKind,
    { description: string }
  >,
});
const DirectionEnum = builder.enumType('FlowDependencyDirection', {
  description: 'Which of the two flows names the other.',
  values: {
    OUT: { description: 'This flow names the other.' },
    IN: { description: 'The other flow names this one.' },
  },
});
const DependencyRef = builder.objectRef<Told>('FlowDependency').implement({
  description: 'Another flow that this one depends on, or that depends on it.',
  fields: (t) => ({
    kind: t.field({ type: KindEnum, description: 'How.', resolve: ({ kind }) => kind }),
    direction: t.field({
      type: DirectionEnum,
      description: 'Which names which.',
      resolve: ({ direction }) => direction,
    }),
    via: t.exposeString('via', { description: 'The task or trigger that says so, in the flow that names the other.' }),
    namespace: t.exposeString('namespace', { description: "The other flow's namespace." }),
    flowId: t.exposeString('flowId', { description: "The other flow's name." }),
    flow: t.field({
      type: refOf('Flow') as never,
      nullable: true,
      description: 'The other flow; null where there is none that the viewer may read.',
      // Only where it is asked for: a flow holds its source. What may be read is read within the reach of FLOW:READ.
      resolve: ({ tenantId, namespace, flowId }, _args, context) => {
        const { where } = context.session.grant('FLOW:READ', { tenantId });
        return loadByNames(context, 'flow', { AND: [{ tenantId }, where] }, { namespace, flowId }) as never;
      },
    }),
  }),
});

/** Beyond it, the rest is left out: a graph of more is no use. */
const greatest = 200;

builder.prismaObjectField('Flow', 'dependencies', (t) =>
  t.field({
    type: [DependencyRef],
    nullable: true,
    description:
      'The flows that it names outright, and those that name it as far as the viewer may read them (at most 200 each).',
    access: { decides: 'FLOW:READ' },
    resolve: async ({ id, tenantId, namespace, flowId }: Flow, _args, context) => {
      const { where } = context.session.grant('FLOW:READ', { tenantId });
      const model = delegate(context, 'flowDependency');
      const take = greatest;
      const orderBy = { id: 'asc' };
      const out = (await model.findMany({ where: { flowKey: id }, orderBy, take })) as unknown as FlowDependency[];
      const into = (await model.findMany({
        where: { tenantId, targetNamespace: namespace, targetFlowId: flowId, flow: where },
        select: { kind: true, via: true, flow: { select: { namespace: true, flowId: true } } },
        orderBy,
        take,
      })) as unknown as (Pick<FlowDependency, 'kind' | 'via'> & { flow: Pick<Flow, 'namespace' | 'flowId'> })[];
      return [
        ...out.map(({ kind, via, targetNamespace, targetFlowId }) => ({
          kind: kind as DependencyKind,
          direction: 'OUT' as const,
          via,
          namespace: targetNamespace,
          flowId: targetFlowId,
          tenantId,
        })),
        ...into.map(({ kind, via, flow }) => ({
          kind: kind as DependencyKind,
          direction: 'IN' as const,
          via,
          namespace: flow.namespace,
          flowId: flow.flowId,
          tenantId,
        })),
      ];
    },
  }),
);
