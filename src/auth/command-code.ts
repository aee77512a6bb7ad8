import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { open, seal } from '../lib/envelope.ts';
import { keyedHash } from '../lib/keyed-hash.ts';
import type { Keys } from './keys.ts';

/** Time from the permission of the person to the exchange of the code. */
export const commandCodeMs = 60_000;

const content = z.strictObject({
  id: z.string(),
  /** The session in which the person allowed the sign-in. */
  sessionId: z.string(),
  challenge: z.string(),
  client: z.string(),
  begunAt: z.number(),
});
/** A permission of a person for the command line that knows the verifier of the challenge. */
export type CommandCode = z.infer<typeof content>;

const binding = ['command-line'];

/** Encrypts it for the command line, so that it works on each gateway and needs no row before it is used. */
export const sealCommandCode = ({ signIn }: Keys, code: CommandCode): string =>
  Buffer.from(seal(signIn, Buffer.from(JSON.stringify(code)), binding), 'base64').toString('base64url');

/** Opens a code. Undefined if it has expired, or a gateway with this master key did not seal it. */
export function openCommandCode({ signIn }: Keys, code: string, now = Date.now()): CommandCode | undefined {
  try {
    const plain = open(signIn, Buffer.from(code, 'base64url').toString('base64'), binding).toString();
    const { data } = content.safeParse(JSON.parse(plain));
    return data && now - data.begunAt < commandCodeMs ? data : undefined;
  } catch {
    return undefined;
  }
}

/** ID of the row that marks the code as used. */
export const usedCode = ({ signIn }: Keys, { id }: CommandCode): string => keyedHash(signIn, 'command-line', id);

/** True if the command that began the sign-in sent this verifier. As PKCE with S256 (RFC 7636). */
export function provesChallenge(challenge: string, verifier: string): boolean {
  const given = createHash('sha256').update(verifier).digest('base64url');
  return given.length === challenge.length && timingSafeEqual(Buffer.from(given), Buffer.from(challenge));
}
