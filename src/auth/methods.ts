/** The sign-in methods of every gateway. Those of providers are named OIDC:NAME. */
export const authMethods = ['PASSWORD', 'API_TOKEN'] as const;
export type AuthMethod = (typeof authMethods)[number];

/**
 * The method of a session, as users name it: PASSWORD, or OIDC:NAME. A passkey signs in a user who can sign in by
 * password: both are credentials that the gateway itself checks.
 */
export const methodOf = ({ provider }: { readonly provider: string | null }): string =>
  provider === null ? 'PASSWORD' : `OIDC:${provider}`;

export const oidcMethod = (provider: string): string => methodOf({ provider });

/** Returns the name of the provider that a method names. */
export const providerIn = (method: string): string | undefined => /^OIDC:(.+)$/.exec(method)?.[1];

/** Splits the methods of a user into those of every gateway and the names of providers. */
export const splitMethods = (methods: readonly string[]) => ({
  own: authMethods.filter((method) => methods.includes(method)),
  providers: methods.map(providerIn).filter((name) => name !== undefined),
});

/** In one order, so that the same methods are no change. */
export function sortedMethods(methods: readonly string[]): string[] {
  const { own, providers } = splitMethods(methods);
  return [...own, ...[...new Set(providers)].sort().map(oidcMethod)];
}

/** Kinds of second factors, as policies see them. */
export const secondFactors = { TOTP: 'totp', RECOVERY_CODE: 'recovery-code', PASSKEY: 'passkey' } as const;
export type SecondFactorKind = keyof typeof secondFactors;
/** Ways to begin a session, as policies see them. */
export const sessionMethods = { PASSWORD: 'password', PASSKEY: 'passkey', OIDC: 'oidc' } as const;
export type SessionMethodName = keyof typeof sessionMethods;
export const sessionMethodOf = (stored: string) => sessionMethods[stored as SessionMethodName];
export const secondFactorOf = (stored: string | null) =>
  stored === null ? null : secondFactors[stored as SecondFactorKind];
