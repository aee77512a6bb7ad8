import { chainHash, chainStart } from './event.ts';
import type { SignedStatement } from './statement.ts';

export type FaultKind =
  | 'CHANGED'
  | 'BROKEN'
  | 'MISSING'
  | 'FOREIGN'
  | 'REWRITTEN'
  | 'TRUNCATED'
  | 'UNPROVEN'
  | 'UNREADABLE'
  /** The export is incomplete by its own statement. */
  | 'UNPROVABLE';

/** A fault of a chain. */
export interface ChainFault {
  readonly kind: FaultKind;
  /** The affected event, or the first one after a gap. */
  readonly seq?: number;
  readonly message: string;
}

/** The result of the verification of a chain. */
export interface ChainReport {
  /** A tenant's id, or '' for the instance. */
  readonly tenantId: string;
  /** Tenant key in the newest event; '' for the instance and for a chain without one. */
  readonly tenantKey: string;
  readonly events: number;
  /** Number of checkpoints and tombstones that prove the chain. */
  readonly proofs: number;
  readonly faults: readonly ChainFault[];
  /** Number of all faults, including those that are not in `faults`. */
  readonly faultCount: number;
  /** Why an incomplete export cannot be verified, if it has no other fault. */
  readonly unprovable?: string;
}

/** Start of a chain: after its tombstone, or at its first event. */
export interface ChainBegin {
  readonly seq: number;
  readonly hash: string;
}

const maxFaults = 100;

/** Verifies a chain event by event and collects its faults. */
export class ChainCheck {
  readonly faults: ChainFault[] = [];
  /** Number of all faults, including those that are not in `faults`. */
  count = 0;
  events = 0;
  readonly #proofs = new Map<number, SignedStatement[]>();
  #seq: number;
  #hash: string;

  /** @param proofs statements about this chain with valid signatures. */
  constructor(proofs: readonly SignedStatement[] = [], begin: ChainBegin = { seq: 0, hash: chainStart }) {
    this.#seq = begin.seq;
    this.#hash = begin.hash;
    for (const proof of proofs) {
      const seq = Number(proof.seq);
      this.#proofs.set(seq, [...(this.#proofs.get(seq) ?? []), proof]);
    }
    this.#prove();
  }

  get last(): ChainBegin {
    return { seq: this.#seq, hash: this.#hash };
  }

  /** Adds the next event, with the digest of its content. */
  add(seq: number, previous: string, hash: string, digest: string): void {
    this.#follow(seq, previous);
    if (chainHash(previous, seq, digest) !== hash) this.note('CHANGED', seq, 'its content does not match its hash');
    this.#arrive(seq, hash);
  }

  /** Adds the next event without its full content. Only its place in the chain is checked. */
  link(seq: number, previous: string, hash: string): void {
    this.#follow(seq, previous);
    this.note(
      'UNPROVABLE',
      seq,
      'parts of it are hidden from the caller who exported it, so its content cannot be verified',
    );
    this.#arrive(seq, hash);
  }

  #follow(seq: number, previous: string): void {
    this.events += 1;
    if (seq > this.#seq + 1)
      this.note('MISSING', seq, `${this.#seq + 1} to ${seq - 1} are missing: deleted, or never exported`);
    else if (seq !== this.#seq + 1) this.note('BROKEN', seq, `follows ${this.#seq}: inserted or swapped`);
    else if (previous !== this.#hash)
      this.note('BROKEN', seq, 'does not link to the previous event: inserted or swapped');
  }

  #arrive(seq: number, hash: string): void {
    this.#seq = seq;
    this.#hash = hash;
    if (this.#proofs.size > 0) this.#prove();
  }

  /** @param head the last event according to the store. Omit if it is unknown. */
  end(head?: ChainBegin): void {
    if (head && head.seq > this.#seq)
      this.note('TRUNCATED', head.seq, `the chain ends at ${this.#seq}, but its head is ${head.seq}`);
    else if (head && (head.seq !== this.#seq || head.hash !== this.#hash))
      this.note('REWRITTEN', head.seq, 'the last event does not match the head of the chain');
    for (const seq of [...this.#proofs.keys()].sort((a, b) => a - b)) {
      // Events that were pruned with a signed tombstone can no longer be checked.
      if (seq > this.#seq)
        this.note('TRUNCATED', seq, `a checkpoint proves this event, but the chain ends at ${this.#seq}`);
    }
  }

  note(kind: FaultKind, seq: number | undefined, message: string): void {
    this.count += 1;
    if (this.faults.length < maxFaults) this.faults.push({ kind, ...(seq !== undefined && { seq }), message });
  }

  #prove(): void {
    const proofs = this.#proofs.get(this.#seq);
    if (!proofs) return;
    for (const { kind, hash, at } of proofs)
      if (hash !== this.#hash) this.note('REWRITTEN', this.#seq, `the ${kind} of ${at} has another hash`);
    this.#proofs.delete(this.#seq);
  }
}
