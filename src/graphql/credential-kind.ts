import type { Credential } from '../access/actor.ts';
import { builder } from './builder.ts';

export const CredentialKind = builder.enumType('CredentialKind', {
  description: 'Method of a sign-in.',
  values: {
    PASSWORD: { description: 'User name and password.' },
    API_TOKEN: { description: 'An API token.' },
    WORKLOAD: { description: 'A token of an issuer that the service account trusts.' },
    SESSION: { description: 'The session of a browser.' },
  },
});

/** The credential of a decision, in the public schema. */
export const credentialKinds = {
  basic: 'PASSWORD',
  'api-token': 'API_TOKEN',
  workload: 'WORKLOAD',
  session: 'SESSION',
  // The gateway itself sends no requests.
  system: 'PASSWORD',
} as const satisfies Record<Credential['kind'], string>;
