import { abstain, definePolicy, type Verdict, z } from '../src/policy/contract.ts';

/**
 * Not a refusal but an obligation: the values are shown as `***`, wherever they appear. One's own data is spared, since
 * everybody may read their own user.
 */
export default definePolicy({
  name: 'mask-personal-data',
  description: 'E-mail addresses and names of users are masked for those without USER READ at the instance level.',
  resources: ['USER'],
  actions: ['READ'],
  config: z.strictObject({
    /** What to mask. With email, also user names that are e-mail addresses. */
    fields: z.array(z.enum(['email', 'firstName', 'lastName', 'username'])).default([]),
  }),
  create: ({ fields }) => ({
    evaluate: (): Verdict =>
      fields.length === 0
        ? abstain()
        : { effect: 'abstain', obligations: [{ kind: 'mask', fields, unlessHolding: 'USER:READ' }] },
  }),
});
