import type { FlowSource } from './source.ts';

export const dependencyKinds = ['SUBFLOW', 'FLOW_TRIGGER'] as const;
export type DependencyKind = (typeof dependencyKinds)[number];

export interface Dependency {
  readonly kind: DependencyKind;
  /** The task that runs the other flow, or the trigger that waits for it. */
  readonly via: string;
  readonly targetNamespace: string;
  readonly targetFlowId: string;
}

/** The explicit references of a source to other flows. */
export const dependenciesOf = ({ tasks, triggers }: FlowSource): Dependency[] => [
  ...tasks.flatMap(({ id, subflow }) =>
    subflow
      ? [{ kind: 'SUBFLOW' as const, via: id, targetNamespace: subflow.namespace, targetFlowId: subflow.flowId }]
      : [],
  ),
  ...triggers.flatMap(({ id, upstream }) =>
    upstream.map(({ namespace, flowId }) => ({
      kind: 'FLOW_TRIGGER' as const,
      via: id,
      targetNamespace: namespace,
      targetFlowId: flowId,
    })),
  ),
];
