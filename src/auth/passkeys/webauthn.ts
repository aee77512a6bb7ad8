import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { z } from 'zod';
import type { Passkey } from '../../db/generated/client.ts';
import type { Site } from './site.ts';

/** Loaded with the first passkey: its parsers of certificates take time and memory. */
const library = () => import('@simplewebauthn/server');

/** Time in which a browser signs a challenge. */
export const challengeMs = 5 * 60_000;

/** COSE algorithms EdDSA, ES256 and RS256. The default of the library uses an experimental part of Node.js. */
const algorithms = [-8, -7, -257];

const base64url = z.string().regex(/^[\w-]+$/);
const transports = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'];
const credential = {
  id: base64url.max(1_400),
  rawId: base64url.max(1_400),
  type: z.literal('public-key'),
  clientExtensionResults: z.looseObject({}).prefault({}),
  authenticatorAttachment: z.string().nullish(),
};
/** What `PublicKeyCredential.toJSON()` returns for a new passkey. */
export const registrationResponse = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z.array(z.string()).max(20).prefault([]),
  }),
});
/** What `PublicKeyCredential.toJSON()` returns for the use of a passkey. */
export const authenticationResponse = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: z.string().nullish(),
  }),
});
export type Registration = z.infer<typeof registrationResponse>;
export type Authentication = z.infer<typeof authenticationResponse>;

/** Returns the challenge that a browser says it has signed. The signature proves it. */
export function challengeIn({
  response,
}: {
  readonly response: { readonly clientDataJSON: string };
}): string | undefined {
  try {
    const { challenge } = JSON.parse(Buffer.from(response.clientDataJSON, 'base64url').toString()) as {
      challenge?: unknown;
    };
    return typeof challenge === 'string' ? challenge : undefined;
  } catch {
    return undefined;
  }
}

interface Owner {
  readonly id: string;
  readonly username: string;
}
const handleOf = (userId: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(userId));
/** True if the passkey belongs to this user, as far as its authenticator says so. */
export const isHandleOf = (userId: string, handle: string | null | undefined): boolean =>
  handle == null || handle === Buffer.from(userId).toString('base64url');

const challengeBytes = (challenge: string) => new Uint8Array(Buffer.from(challenge, 'base64url'));
const named = ({ credentialId, transports: known }: Passkey) => ({ id: credentialId, transports: known });

/** Returns what a browser needs to create a passkey. */
export async function creationOptions(
  { rpId }: Site,
  challenge: string,
  { id, username }: Owner,
  present: readonly Passkey[],
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const { generateRegistrationOptions } = await library();
  return generateRegistrationOptions({
    rpName: 'Gatehouse',
    rpID: rpId,
    userName: username,
    userID: handleOf(id),
    challenge: challengeBytes(challenge),
    timeout: challengeMs,
    attestationType: 'none',
    supportedAlgorithmIDs: algorithms,
    excludeCredentials: present.map(named),
    // Found without a user name, so that it can be a whole sign-in.
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
  });
}

/**
 * Returns what a browser needs to use a passkey.
 * @param allowed those of the user who is asked; empty if the passkey says who signs in.
 */
export async function requestOptions(
  { rpId }: Site,
  challenge: string,
  allowed: readonly Passkey[],
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const { generateAuthenticationOptions } = await library();
  return generateAuthenticationOptions({
    rpID: rpId,
    challenge: challengeBytes(challenge),
    timeout: challengeMs,
    allowCredentials: allowed.map(named),
    userVerification: allowed.length > 0 ? 'preferred' : 'required',
  });
}

export type NewPasskey = Pick<Passkey, 'credentialId' | 'publicKey' | 'counter' | 'transports' | 'rpId' | 'synced'>;

/** Verifies a new passkey. @returns undefined if it is not valid. */
export async function verifyRegistration(
  { rpId, origins }: Site,
  challenge: string,
  response: Registration,
): Promise<NewPasskey | undefined> {
  const { verifyRegistrationResponse } = await library();
  const verified = await verifyRegistrationResponse({
    response: response as RegistrationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: [...origins],
    expectedRPID: rpId,
    requireUserVerification: false,
    supportedAlgorithmIDs: algorithms,
  }).catch(() => undefined);
  if (!verified?.verified) return undefined;
  const { credential: made, credentialBackedUp } = verified.registrationInfo;
  return {
    credentialId: made.id,
    publicKey: made.publicKey,
    counter: BigInt(made.counter),
    transports: response.response.transports.filter((one) => transports.includes(one)),
    rpId,
    synced: credentialBackedUp,
  };
}

export interface VerifiedUse {
  readonly counter: bigint;
  readonly synced: boolean;
  /** True if the authenticator has verified the person, by a PIN or a fingerprint. */
  readonly userVerified: boolean;
}

/** Verifies the use of a passkey, except for its counter. @returns undefined if it is not valid. */
export async function verifyUse(
  { origins }: Site,
  challenge: string,
  response: Authentication,
  { credentialId, publicKey, rpId }: Passkey,
): Promise<VerifiedUse | undefined> {
  const { verifyAuthenticationResponse } = await library();
  const verified = await verifyAuthenticationResponse({
    response: response as AuthenticationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: [...origins],
    expectedRPID: rpId,
    // The counter is compared where it is written, so that two requests cannot both use the same one.
    credential: { id: credentialId, publicKey: new Uint8Array(publicKey), counter: 0 },
    requireUserVerification: false,
  }).catch(() => undefined);
  if (!verified?.verified) return undefined;
  const { newCounter, credentialBackedUp, userVerified } = verified.authenticationInfo;
  return { counter: BigInt(newCounter), synced: credentialBackedUp, userVerified };
}
