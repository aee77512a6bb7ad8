import {
  type Action,
  abstain,
  changeableResources,
  definePolicy,
  deny,
  type ResourceName,
  z,
} from '../src/policy/contract.ts';

const actions = ['CREATE', 'UPDATE', 'DELETE'] as const satisfies readonly Action[];

const rule = z.strictObject({
  resource: z.enum(changeableResources as [ResourceName, ...ResourceName[]]),
  actions: z
    .array(z.enum(actions))
    .min(1)
    .default([...actions]),
  /** Min length of a reason, without leading and trailing blanks. A reason has at most 1,000 characters. */
  least: z.int().positive().max(1_000).default(1),
});

/** A review, not a filter: a question about the viewer's permissions has no reason yet. */
export default definePolicy({
  name: 'require-reason',
  description: 'Requires a reason for chosen changes. The audit event includes it.',
  resources: changeableResources,
  actions: [...actions],
  reads: ['reason'],
  config: z.strictObject({ rules: z.array(rule).default([]) }),
  create: ({ rules }) => ({
    evaluate: () => abstain(),
    review({ resource, action, env }) {
      const length = env.reason?.trim().length ?? 0;
      const missed = rules.find(
        (one) => one.resource === resource && (one.actions as Action[]).includes(action) && length < one.least,
      );
      if (!missed) return abstain();
      return deny(
        missed.least === 1 ? 'a reason is required' : `a reason of at least ${missed.least} characters is required`,
      );
    },
  }),
});
