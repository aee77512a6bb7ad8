/** A name, an IPv4 address or an IPv6 one in brackets, and a port. */
const host = /^(?:[\w.~!$&'()*+,;=-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;

/** Do the Host header and the target of a request make a URL? Those behind this server read them as one. */
export const isSoundAddress = (given: string | undefined, target: string | undefined): boolean =>
  (given === undefined || host.test(given)) && URL.canParse(`http://${given ?? 'localhost'}${target ?? '/'}`);
