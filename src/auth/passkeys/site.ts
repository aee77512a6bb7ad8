import { conflict } from '../../errors.ts';
import type { Links } from '../links.ts';

/** Where passkeys work: the domain that they are bound to, and the origins whose pages can use them. */
export interface Site {
  readonly rpId: string;
  readonly origins: readonly string[];
}

/**
 * Returns the site of the gateway: its own origin, and origins of GATEHOUSE_ORIGINS below its host.
 * @throws CONFLICT if browsers allow no passkeys there.
 */
export function siteOf({ origin }: Pick<Links, 'origin'>, listed: readonly string[] | undefined): Site {
  const own = origin === undefined ? null : URL.parse(origin);
  // A browser has passkeys on HTTPS pages and on localhost only, and none for an address in place of a name.
  const isSecure = own?.protocol === 'https:' || own?.hostname === 'localhost' || own?.hostname.endsWith('.localhost');
  if (!own || !isSecure || /^[\d.]+$|^\[/.test(own.hostname))
    throw conflict('Passkeys require that GATEHOUSE_PUBLIC_URL is an https:// URL with a host name.');
  const rpId = own.hostname;
  const isBelow = (text: string): boolean => {
    const url = URL.parse(text);
    return url?.protocol === own.protocol && (url.hostname === rpId || url.hostname.endsWith(`.${rpId}`));
  };
  return { rpId, origins: [own.origin, ...(listed ?? []).filter(isBelow)] };
}
