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

export const SecondFactorKindEnum = builder.enumType('SecondFactorKind', {
  description: 'Kind of a second factor.',
  values: {
    TOTP: { description: 'A code of an app, which changes every 30 seconds.' },
    RECOVERY_CODE: { description: 'A code that works once without the app.' },
  },
});
