import { checkedHash, newCheckedSecret } from './checked-secret.ts';
import type { Keys } from './keys.ts';

/** Returns the value of a new cookie: a random ID, and a checksum that only this store's gateways can compute. */
export const newSessionCookie = ({ session }: Keys): string => newCheckedSecret(session);

/**
 * Returns the hash of a cookie, which is stored in its place. Undefined for a cookie that no gateway of this store can
 * have created: a forged one costs no query.
 */
export const sessionHash = ({ session }: Keys, cookie: string): string | undefined => checkedHash(session, cookie);
