import { builder } from './builder.ts';

export const CredentialKind = builder.enumType('CredentialKind', {
  description: 'Method of a sign-in.',
  values: { PASSWORD: { description: 'User name and password.' }, API_TOKEN: { description: 'An API token.' } },
});
