import type { Config, ProviderSettings } from '../../src/config.ts';

export const provider = (name: string, issuer: string, more: Partial<ProviderSettings> = {}): ProviderSettings => ({
  name,
  title: name,
  issuer,
  clientId: 'gatehouse',
  scopes: ['openid'],
  algorithms: ['RS256'],
  createUsers: false,
  strict: false,
  groups: [],
  ...more,
});

/** Settings with these providers. */
export const signInWith = (providers: readonly ProviderSettings[], providerMs = 5_000): Config['signIn'] => ({
  publicUrl: undefined,
  breakGlass: true,
  requireSecondFactor: false,
  providers,
  workloadIssuers: providers.map(({ issuer }) => issuer),
  providerMs,
});
