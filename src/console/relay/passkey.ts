import { postAuth } from './auth.ts';

/** True in a browser that has passkeys. */
export const hasPasskeys = (): boolean =>
  'PublicKeyCredential' in globalThis && 'parseRequestOptionsFromJSON' in PublicKeyCredential;

const notUsed = 'The passkey was not used. Try again, or use another way.';

/** Proves with a passkey who the person is. @returns why it is refused, or undefined. */
export async function usePasskey(purpose: 'sign-in' | 'second-factor' | 'step-up'): Promise<string | undefined> {
  const asked = await postAuth<PublicKeyCredentialRequestOptionsJSON>('/auth/passkey', { for: purpose });
  if ('refusal' in asked) return asked.refusal.message;
  let passkey: unknown;
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.answer);
    passkey = ((await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null)?.toJSON();
  } catch {
    return notUsed;
  }
  if (passkey === undefined) return notUsed;
  const sent = await postAuth(purpose === 'step-up' ? '/auth/step-up' : '/auth/sign-in', { passkey });
  return 'refusal' in sent ? sent.refusal.message : undefined;
}

/** Creates a passkey by the options of the gateway. @throws with a message for the person. */
export async function createPasskey(options: unknown): Promise<unknown> {
  try {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
      options as PublicKeyCredentialCreationOptionsJSON,
    );
    const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential | null;
    if (made) return made.toJSON();
  } catch {
    // Closed by the person, or refused by the browser.
  }
  throw new Error('The browser created no passkey. Try again.');
}
