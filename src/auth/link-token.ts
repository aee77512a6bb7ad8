import { checkedHash, newCheckedSecret } from './checked-secret.ts';
import type { Keys } from './keys.ts';

/** Returns the token of a new link, which is used once: to accept an invitation, or to reset a password. */
export const newLinkToken = ({ link }: Keys): string => newCheckedSecret(link[0]!);

/** Returns the hash of a token, which is stored in its place. Also for a token of a former master key. */
export function linkHash({ link }: Keys, token: string): string | undefined {
  for (const key of link) {
    const hash = checkedHash(key, token);
    if (hash !== undefined) return hash;
  }
  return undefined;
}
