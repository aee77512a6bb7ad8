import { abstain, definePolicy, type Verdict, z } from '../src/policy/contract.ts';

/**
 * An obligation instead of a refusal: the values are shown as `***`, wherever they appear. The caller's own data is
 * exempt, since every user can read their own user.
 */
export default definePolicy({
  name: 'mask-personal-data',
  description: 'Masks e-mail addresses and names of users for callers without USER READ at the instance level.',
  resources: ['USER'],
  actions: ['READ'],
  config: z.strictObject({
    /** Fields to mask. With email, also user names that are e-mail addresses. */
    fields: z.array(z.enum(['email', 'firstName', 'lastName', 'username'])).default([]),
  }),
  create: ({ fields }) => ({
    evaluate: (): Verdict =>
      fields.length === 0
        ? abstain()
        : { effect: 'abstain', obligations: [{ kind: 'mask', fields, unlessHolding: 'USER:READ' }] },
  }),
});
