import { builder } from '../../../graphql/builder.ts';
import type { InputBuilder } from '../../../graphql/mutation/spec.ts';

export const WorkerGroupFallback = builder.enumType('WorkerGroupFallback', {
  description: 'What happens to work while its worker group has no worker.',
  values: {
    WAIT: { description: 'The work waits for a worker.' },
    FAIL: { description: 'The work fails.' },
    CANCEL: { description: 'The work is cancelled. This is not a failure.' },
  },
});

/** Input fields for tenants and namespaces. */
export const placementInput = (t: InputBuilder) => ({
  workerGroupKey: t.string({
    description: 'Key of the worker group for work that names none. Omit to keep it; null clears it.',
  }),
  workerGroupFallback: t.field({
    type: WorkerGroupFallback,
    description: 'What happens while the group has no worker. Defaults to WAIT.',
  }),
});
