import type { Flow, FlowDependency } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { type Condition, refOf } from '../../../graphql/connection/connection-type.ts';
import { loadByNames, loadWithin } from '../../../graphql/connection/loaders.ts';
import { rows } from '../../../graphql/connection/reach.ts';
import { type DependencyKind, dependencyKinds } from './dependencies.ts';

interface DependencyView {
  readonly kind: DependencyKind;
  readonly direction: 'OUT' | 'IN';
  readonly via: string;
  readonly namespace: string;
  readonly flowId: string;
  readonly tenantId: string;
}

const kinds: Record<DependencyKind, string> = {
  SUBFLOW: 'A task of one flow runs the other.',
  FLOW_TRIGGER: 'A trigger of one flow waits for the other to end.',
};
const KindEnum = builder.enumType('FlowDependencyKind', {
  description: 'Kind of a dependency between two flows.',
  values: Object.fromEntries(dependencyKinds.map((kind) => [kind, { description: kinds[kind] }])) as Record<
    DependencyKind,
    { description: string }
  >,
});
const DirectionEnum = builder.enumType('FlowDependencyDirection', {
  description: 'Direction of a dependency.',
  values: {
    OUT: { description: 'This flow refers to the other.' },
    IN: { description: 'The other flow refers to this one.' },
  },
});
const DependencyRef = builder.objectRef<DependencyView>('FlowDependency').implement({
  description: 'A flow that this one depends on, or that depends on this one.',
  fields: (t) => ({
    kind: t.field({ type: KindEnum, description: 'Kind of the dependency.', resolve: ({ kind }) => kind }),
    direction: t.field({
      type: DirectionEnum,
      description: 'Direction of the dependency.',
      resolve: ({ direction }) => direction,
    }),
    via: t.exposeString('via', {
      description: 'ID of the task or trigger with the reference, in the flow that refers to the other.',
    }),
    namespaceName: t.exposeString('namespace', { description: 'Namespace of the other flow.' }),
    flowId: t.exposeString('flowId', { description: 'ID of the other flow.' }),
    flow: t.field({
      type: refOf('Flow') as never,
      nullable: true,
      description: 'The other flow; null if it does not exist or the viewer cannot read it.',
      // Loaded only if selected, because a flow includes its source. The viewer's FLOW:READ limits the result.
      resolve: ({ tenantId, namespace, flowId }, _args, context) => {
        const { where } = context.session.grant('FLOW:READ', { tenantId });
        return loadByNames(context, 'Flow', where, { tenantId, namespace, flowId }) as never;
      },
    }),
  }),
});

/** Max number of dependencies; a larger graph is not readable. */
const maxDependencies = 200;

builder.prismaObjectField('Flow', 'dependencies', (t) =>
  t.field({
    type: [DependencyRef],
    nullable: true,
    description:
      'Flows that this one refers to explicitly, and flows that refer to this one and that the viewer can read (at most 200 each).',
    access: { decides: 'FLOW:READ' },
    resolve: async ({ id, tenantId, namespace, flowId }: Flow, _args, context) => {
      const { where } = context.session.grant('FLOW:READ', { tenantId });
      const list = (condition: Condition): Promise<readonly FlowDependency[]> =>
        rows(context).find({
          model: 'FlowDependency',
          where: condition,
          order: [['id', 'asc']],
          take: maxDependencies,
        }) as Promise<unknown> as Promise<readonly FlowDependency[]>;
      const out = await list({ flowKey: id });
      const into = await list({ tenantId, targetNamespace: namespace, targetFlowId: flowId, flow: where });
      const referring = (await Promise.all(
        into.map(({ flowKey }) => loadWithin(context, 'Flow', where as Condition, flowKey)),
      )) as unknown as readonly (Flow | null)[];
      return [
        ...out.map(({ kind, via, targetNamespace, targetFlowId }) => ({
          kind: kind as DependencyKind,
          direction: 'OUT' as const,
          via,
          namespace: targetNamespace,
          flowId: targetFlowId,
          tenantId,
        })),
        ...into.flatMap(({ kind, via }, i) => {
          const flow = referring[i];
          // Deleted in the meantime.
          if (!flow) return [];
          const names = { namespace: flow.namespace, flowId: flow.flowId };
          return { kind: kind as DependencyKind, direction: 'IN' as const, via, ...names, tenantId };
        }),
      ];
    },
  }),
);
