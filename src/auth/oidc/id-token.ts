import { open, seal } from '../../lib/envelope.ts';
import type { Keys } from '../keys.ts';

/** Encrypts the ID token of a session. The sign-out sends it back to the provider. */
export const sealIdToken = ({ signIn }: Keys, sessionId: string, idToken: string): string =>
  seal(signIn, Buffer.from(idToken), ['id-token', sessionId]);

/** Undefined without a token, or if another master key encrypted it. */
export function openIdToken({ signIn }: Keys, sessionId: string, sealed: string | null): string | undefined {
  if (sealed === null) return undefined;
  try {
    return open(signIn, sealed, ['id-token', sessionId]).toString();
  } catch {
    return undefined;
  }
}
