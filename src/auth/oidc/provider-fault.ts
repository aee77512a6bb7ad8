import { errors } from 'jose';
import * as client from 'openid-client';
import { type SignInCause, SignInFault } from './fault.ts';
import { UnacceptableResponse } from './limited-fetch.ts';

interface Titled {
  readonly title: string;
}

/** Returns the failed sign-in for an error of the libraries. Other errors are returned unchanged. */
export function providerFault(error: unknown, provider: Titled): unknown {
  if (error instanceof SignInFault) return error;
  const reason = reasonOf(error);
  return reason ? new SignInFault(reason, provider, { error: detailOf(error) }) : error;
}

function reasonOf(error: unknown): SignInCause | undefined {
  if (error instanceof client.AuthorizationResponseError)
    return error.error === 'access_denied' ? 'CANCELLED' : 'PROVIDER_REFUSED';
  if (error instanceof client.ResponseBodyError)
    return error.error === 'invalid_grant' ? 'EXPIRED' : 'PROVIDER_INVALID';
  if (error instanceof client.WWWAuthenticateChallengeError) return 'PROVIDER_INVALID';
  if (error instanceof errors.JOSEError) return tokenReason(error);
  if (error instanceof client.ClientError) return clientReason(error);
  // The network: fetch reports it as a TypeError with a cause.
  if (error instanceof TypeError) return error.cause === undefined ? 'PROVIDER_INVALID' : 'PROVIDER_UNAVAILABLE';
  if (error instanceof UnacceptableResponse) return 'PROVIDER_INVALID';
  if (error instanceof DOMException) return 'PROVIDER_UNAVAILABLE';
  return undefined;
}

const timeClaims = ['iat', 'nbf', 'exp'];
function tokenReason(error: errors.JOSEError): SignInCause {
  if (error instanceof errors.JWKSTimeout) return 'PROVIDER_UNAVAILABLE';
  if (error instanceof errors.JWTExpired) return 'CLOCK';
  if (error instanceof errors.JWTClaimValidationFailed && timeClaims.includes(error.claim)) return 'CLOCK';
  return 'INVALID_TOKEN';
}

function clientReason({ code, cause }: client.ClientError): SignInCause {
  if (code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT') return 'PROVIDER_UNAVAILABLE';
  if (code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return 'CLOCK';
  if (code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' || code === 'OAUTH_KEY_SELECTION_FAILED') return 'INVALID_TOKEN';
  if (code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED') return 'WRONG_ISSUER';
  if (cause instanceof Response && cause.status >= 500) return 'PROVIDER_UNAVAILABLE';
  return 'PROVIDER_INVALID';
}

/** Text for the audit log. Messages of the libraries hold no token and no secret; responses of providers may. */
function detailOf(error: unknown): string {
  const { message, code, error: own, cause } = error as Error & { code?: string; error?: string };
  const below = cause instanceof Error ? `: ${cause.message}` : '';
  return [code, own, `${message}${below}`].filter(Boolean).join(' ');
}
