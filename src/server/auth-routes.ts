import { type AcceptOptions, createAcceptRoutes } from './accept.ts';
import { createAuthRoutes } from './auth.ts';
import { type CommandOptions, createCommandRoutes } from './command-line.ts';
import { createDeviceRoutes } from './device.ts';
import { createEnrolRoutes } from './enrol.ts';
import { createOidcRoutes } from './oidc.ts';
import { createTurns, type OidcOptions } from './oidc-options.ts';
import { createPasskeyRoutes } from './passkey.ts';
import { createResetRoutes, type ResetOptions } from './reset.ts';
import type { Route } from './route.ts';
import { createStepUpRoutes } from './second-factor.ts';
import { createStartRoutes, type StartOptions } from './start-link.ts';

export type SigningInOptions = AcceptOptions &
  CommandOptions &
  ResetOptions &
  StartOptions &
  Omit<OidcOptions, 'settled'>;

/** Returns the routes below /auth/. */
export function createSigningInRoutes(options: SigningInOptions): (path: string) => Route | undefined {
  const routes = [
    createAuthRoutes(options),
    createAcceptRoutes(options),
    createPasskeyRoutes(options),
    createEnrolRoutes(options),
    createStepUpRoutes(options),
    createCommandRoutes(options),
    createDeviceRoutes(options),
    createResetRoutes(options),
    createStartRoutes(options),
    createOidcRoutes({ ...options, settled: createTurns() }),
  ];
  return (path) => routes.reduce<Route | undefined>((found, of) => found ?? of(path), undefined);
}
