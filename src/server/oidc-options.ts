import type { IncomingMessage } from 'node:http';
import type { Refusals } from '../audit/refusals.ts';
import type { Providers } from '../auth/oidc/providers.ts';
import type { Store } from '../db/transaction.ts';
import { unavailable } from '../errors.ts';
import type { Mask } from '../graphql/mask.ts';
import { FairQueue } from '../lib/fair-queue.ts';
import type { Log } from '../lib/log.ts';
import { peerOf } from '../lib/peer.ts';
import type { SessionServices } from '../resources/identity/session/sign-in.ts';
import type { ClaimsOf } from './claims.ts';

export interface OidcOptions {
  readonly store: Store;
  readonly refusals: Refusals;
  readonly providers: Providers;
  readonly sessions: SessionServices;
  readonly claimsOf: ClaimsOf;
  readonly mask: Mask;
  readonly log: Log;
  readonly requestMs: number;
  /** GATEHOUSE_PUBLIC_URL. */
  readonly publicUrl: string | undefined;
  /** Runs a request to a provider in the turn of the address that causes it. */
  readonly settled: <T>(ip: string | undefined, work: () => Promise<T>) => Promise<T>;
}

/** Returns what events record of a request. */
export function originOf({ claimsOf }: Pick<OidcOptions, 'claimsOf'>, request: IncomingMessage) {
  const { ip, requestId, callerRequestId } = claimsOf(request);
  return { requestId, ...(ip !== undefined && { ip }), ...(callerRequestId !== undefined && { callerRequestId }) };
}

/** A slow provider holds requests. Those of one address do not use the places of others. */
export function createTurns(): OidcOptions['settled'] {
  const queue = new FairQueue({
    width: 100,
    share: 20,
    perOwner: 50,
    total: 500,
    refusal: () => unavailable('Too many sign-ins at once. Try again.'),
  });
  return (ip, work) => queue.run(peerOf(ip), work);
}
