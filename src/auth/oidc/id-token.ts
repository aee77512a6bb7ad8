import { open, seal } from '../../lib/envelope.ts';
import type { Keys } from '../keys.ts';

type Kind = 'id-token' | 'refresh-token';
const sealed = ({ signIn }: Keys, kind: Kind, sessionId: string, token: string): string =>
  seal(signIn, Buffer.from(token), [kind, sessionId]);
const opened = ({ signIn }: Keys, kind: Kind, sessionId: string, text: string | null): string | undefined => {
  if (text === null) return undefined;
  try {
    return open(signIn, text, [kind, sessionId]).toString();
  } catch {
    return undefined;
  }
};

/** Encrypts the ID token of a session. The sign-out sends it back to the provider. */
export const sealIdToken = (keys: Keys, sessionId: string, token: string): string =>
  sealed(keys, 'id-token', sessionId, token);

/** Undefined without a token, or if another master key encrypted it. */
export const openIdToken = (keys: Keys, sessionId: string, text: string | null): string | undefined =>
  opened(keys, 'id-token', sessionId, text);

/** Encrypts the refresh token of a session, with which the gateway asks for the groups of its user again. */
export const sealRefreshToken = (keys: Keys, sessionId: string, token: string): string =>
  sealed(keys, 'refresh-token', sessionId, token);
export const openRefreshToken = (keys: Keys, sessionId: string, text: string | null): string | undefined =>
  opened(keys, 'refresh-token', sessionId, text);
