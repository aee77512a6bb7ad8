import { builder } from './builder.ts';

export const PolicyMode = builder.enumType('PolicyMode', {
  description: 'What a policy can do.',
  values: {
    GUARD: { value: 'guard', description: 'Restrict access only.' },
    GRANT: { value: 'grant', description: 'Grant the permissions that mayGrant lists.' },
  },
});
