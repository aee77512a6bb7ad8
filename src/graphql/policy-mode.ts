import { builder } from './builder.ts';

export const PolicyMode = builder.enumType('PolicyMode', {
  description: 'What a policy may do.',
  values: {
    guard: { value: 'guard', description: 'Only narrow.' },
    grant: { value: 'grant', description: 'Give permissions, where mayGrant names it.' },
  },
});
