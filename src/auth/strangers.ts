import { LRUCache } from 'lru-cache';
import { peerOf } from '../lib/address-share.ts';

/** Names that nobody has, which an address may try in a minute before they are put on record as one. */
const maxNames = 20;
const maxAddresses = 10_000;

interface Tried {
  readonly minute: number;
  readonly names: Set<string>;
}

/**
 * Merges what an address tries under names that nobody has: the first names of a minute are kept apart, all others are
 * one name (''), so that guessing at random makes neither a row nor an event of each.
 */
export class Strangers {
  readonly #tried = new LRUCache<string, Tried>({ max: maxAddresses });

  /** The name under which a failure of this one is counted. */
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
