import { builder } from './builder.ts';

export const SessionMethod = builder.enumType('SessionMethod', {
  description: 'How a person signed in.',
  values: {
    PASSWORD: { description: 'User name and password.' },
    PASSKEY: { description: 'A passkey, which also verified the person.' },
    OIDC: { description: 'Single sign-on by OpenID Connect.' },
  },
});

export const SecondFactorKindEnum = builder.enumType('SecondFactorKind', {
  description: 'Kind of a second factor.',
  values: {
    TOTP: { description: 'A code of an app, which changes every 30 seconds.' },
    RECOVERY_CODE: { description: 'A code that works once without the app.' },
    PASSKEY: { description: 'A passkey.' },
  },
});
