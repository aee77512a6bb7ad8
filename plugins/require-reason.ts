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
  /** Fewest characters of a reason, blanks at its ends not counted. More than 1,000 no reason has. */
  least: z.int().positive().max(1_000).default(1),
});

/** A review and not a filter: a frontend that asks what the viewer may do has no reason to tell yet. */
export default definePolicy({
  name: 'require-reason',
  description: 'Chosen changes need a reason, which lands in the audit event.',
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
        missed.least === 1 ? 'it needs a reason' : `it needs a reason of at least ${missed.least} characters`,
      );
    },
  }),
});
