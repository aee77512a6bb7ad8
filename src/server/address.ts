import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Removes the IPv4-mapped IPv6 prefix: ::ffff:10.0.0.1 is 10.0.0.1. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');

/** Removes the port, which some proxies add: 10.0.0.1:4711, [::1]:4711. */
const withoutPort = (text: string): string =>
  /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;

/**
 * Returns a function that finds the client address of a request: the address of the socket, or with trusted proxies the
 * last forwarded address that is not trusted. Without trusted proxies, forwarded addresses are ignored, because any
 * client can send them.
 */
export function createAddressOf(trustedProxies: readonly string[]): (request: IncomingMessage) => string | undefined {
  const trusted = new BlockList();
  for (const entry of trustedProxies) {
    const [address = '', prefix] = entry.split('/');
    if (prefix === undefined) trusted.addAddress(address, familyOf(address));
    else trusted.addSubnet(address, Number(prefix), familyOf(address));
  }
  const isTrusted = (address: string) => isIP(address) > 0 && trusted.check(address, familyOf(address));
  return ({ socket, headers }) => {
    let address = plain(socket.remoteAddress ?? '');
    if (!isTrusted(address)) return address || undefined;
    const forwarded = String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .map((part) => plain(withoutPort(part.trim())))
      .reverse();
    for (const next of forwarded) {
      if (isIP(next) === 0) break;
      address = next;
      if (!isTrusted(next)) break;
    }
    return address;
  };
}
