import { LRUCache } from 'lru-cache';
import { peerOf } from '../lib/peer.ts';

/** Max unknown names of one address per minute with separate records. */
const maxNames = 20;
const maxAddresses = 10_000;

interface Tried {
  readonly minute: number;
  readonly names: Set<string>;
}

/**
 * Limits records of sign-ins with unknown names from one address: the first names of a minute are counted separately,
 * and all others under one name (''). Random guesses therefore do not create a row and an event each.
 */
export class UnknownNames {
  readonly #tried = new LRUCache<string, Tried>({ max: maxAddresses });

  /** Returns the name under which a failure is counted. */
  nameOf(account: string, address: string, now = Date.now()): string {
    const peer = peerOf(address);
    const minute = Math.floor(now / 60_000);
    let tried = this.#tried.get(peer);
    if (tried?.minute !== minute) {
      tried = { minute, names: new Set() };
      this.#tried.set(peer, tried);
    }
    if (tried.names.size < maxNames) tried.names.add(account);
    return tried.names.has(account) ? account : '';
  }
}
