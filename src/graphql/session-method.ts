import type { Credential } from '../access/actor.ts';
import { builder } from './builder.ts';

export const SessionMethod = builder.enumType('SessionMethod', {
  description: 'How a person signed in.',
  values: {
    PASSWORD: { description: 'User name and password.' },
    OIDC: { description: 'Single sign-on by OpenID Connect.' },
  },
});

/** The method of a session, as policies see it. */
export const sessionMethods = { PASSWORD: 'password', OIDC: 'oidc' } as const satisfies Record<
  string,
  NonNullable<Credential['method']>
>;
