import { builder } from '../../../graphql/builder.ts';
import type { InputBuilder } from '../../../graphql/mutation/define.ts';

export const WorkerGroupFallback = builder.enumType('WorkerGroupFallback', {
  description: 'What happens to work while its worker group has no worker.',
  values: {
    WAIT: { description: 'It waits for one.' },
    FAIL: { description: 'It fails.' },
    CANCEL: { description: 'It is cancelled, which is no failure.' },
  },
});

/** What tenants and namespaces take. */
export const placementInput = (t: InputBuilder) => ({
  workerGroup: t.string({
    description: 'Key of the worker group for what names no other; null: none. Left out: as it is.',
  }),
  workerGroupFallback: t.field({
    type: WorkerGroupFallback,
    description: 'What happens while that group has no worker. Default: WAIT.',
  }),
});
