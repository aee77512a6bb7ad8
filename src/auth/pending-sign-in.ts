import { z } from 'zod';
import { open, seal } from '../lib/envelope.ts';
import type { Keys } from './keys.ts';

/** Time from the password to the second factor, and to the end of its enrolment: a person may have to install an app. */
const factorMs = 5 * 60_000;
const enrolmentMs = 20 * 60_000;
export const pendingMs = ({ enrols }: { readonly enrols: boolean }): number => (enrols ? enrolmentMs : factorMs);

const pending = z.strictObject({
  userId: z.string(),
  /** In milliseconds. A changed password ends the sign-in. */
  passwordChangedAt: z.number().nullable(),
  begunAt: z.number(),
  /** True if the user must enrol the second factor first. */
  enrols: z.boolean().prefault(false),
});
/** A sign-in whose password was right, and whose second factor is still asked for. */
export type PendingSignIn = z.infer<typeof pending>;

const binding = ['second-factor'];

/** Encrypts it for a cookie, so that it works on each gateway and needs no row. It gives access to nothing. */
export const sealPending = ({ signIn }: Keys, content: PendingSignIn): string =>
  Buffer.from(seal(signIn, Buffer.from(JSON.stringify(content)), binding), 'base64').toString('base64url');

/** Opens the cookie. Undefined if it has expired, or a gateway with this master key did not seal it. */
export function openPending({ signIn }: Keys, cookie: string, now = Date.now()): PendingSignIn | undefined {
  try {
    const plain = open(signIn, Buffer.from(cookie, 'base64url').toString('base64'), binding).toString();
    const { data } = pending.safeParse(JSON.parse(plain));
    return data && now - data.begunAt < pendingMs(data) ? data : undefined;
  } catch {
    return undefined;
  }
}
