import { definePolicy } from '../../contract.ts';

/** Refuses changes during impersonation that would outlive it: API tokens, passwords, sign-in methods, super admins. */
export const impersonation = definePolicy({
  name: 'impersonation',
  description: 'While impersonating, users and API tokens cannot be changed.',
  resources: ['USER', 'API_TOKEN'],
  actions: ['CREATE', 'UPDATE', 'DELETE'],
  create: () => ({
    evaluate: ({ actor }) =>
      actor.impersonator
        ? { effect: 'deny', reason: 'while impersonating, users and API tokens cannot be changed' }
        : { effect: 'abstain' },
  }),
});
