import { definePolicy } from '../../contract.ts';

/** Refuses changes during impersonation that would outlive it: API tokens, passwords, sign-in methods, super admins, sessions. */
export const impersonation = definePolicy({
  name: 'impersonation',
  description: 'While impersonating, users, sessions and API tokens cannot be changed.',
  resources: ['USER', 'API_TOKEN', 'SESSION'],
  actions: ['CREATE', 'UPDATE', 'DELETE'],
  create: () => ({
    evaluate: ({ actor }) =>
      actor.impersonator
        ? { effect: 'deny', reason: 'while impersonating, users, sessions and API tokens cannot be changed' }
        : { effect: 'abstain' },
  }),
});
