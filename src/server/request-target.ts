/** A name, an IPv4 address, or an IPv6 address in brackets, with an optional port. */
const host = /^(?:[\w.~!$&'()*+,;=-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;

/** Returns true if the Host header and the target of a request form a valid URL. Later handlers parse them as one. */
export const isValidTarget = (given: string | undefined, target: string | undefined): boolean =>
  (given === undefined || host.test(given)) && URL.canParse(`http://${given ?? 'localhost'}${target ?? '/'}`);
