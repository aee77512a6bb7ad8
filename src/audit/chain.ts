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
  /** It says itself that it leaves something out. */
  | 'UNPROVABLE';

/** Something that is wrong with a chain. */
export interface ChainFault {
  readonly kind: FaultKind;
  /** The event that it is about, or the first behind a gap. */
  readonly seq?: number;
  readonly message: string;
}

/** What was found out about a chain. */
export interface ChainReport {
  /** A tenant's id, or '' for the instance. */
  readonly tenantId: string;
  /** Its key, as the newest event has it; '' for the instance and where there is none. */
  readonly tenantKey: string;
  readonly events: number;
  /** How many checkpoints and tombstones hold it. */
  readonly proofs: number;
  readonly faults: readonly ChainFault[];
  /** How many there are, also where not all are told. */
  readonly faultCount: number;
  /** Why nothing can be proved by an export that leaves something out, where nothing else is wrong with it. */
  readonly unprovable?: string;
}

/** Where a chain begins: behind its tombstone, or at its first event. */
export interface ChainBegin {
  readonly seq: number;
  readonly hash: string;
}

/** More of them help nobody. */
const toldFaults = 100;

/** Goes along a chain, event by event, and notes what is wrong with it. */
export class ChainCheck {
  readonly faults: ChainFault[] = [];
  /** How many faults there are, those that are not told included. */
  count = 0;
  events = 0;
  readonly #proofs = new Map<number, SignedStatement[]>();
  #seq: number;
  #hash: string;

  /** @param proofs statements about this chain whose signatures hold. */
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

  /** The next event, as it stands there, and the digest of its content. */
  add(seq: number, previous: string, hash: string, digest: string): void {
    this.#follow(seq, previous);
    if (chainHash(previous, seq, digest) !== hash) this.note('CHANGED', seq, 'its content is not what its hash says');
    this.#arrive(seq, hash);
  }

  /** The next event, whose content may not be read as a whole: its place is checked, nothing else. */
  link(seq: number, previous: string, hash: string): void {
    this.#follow(seq, previous);
    this.note('UNPROVABLE', seq, 'who exported it may not read all of it: its content cannot be verified');
    this.#arrive(seq, hash);
  }

  #follow(seq: number, previous: string): void {
    this.events += 1;
    if (seq > this.#seq + 1)
      this.note('MISSING', seq, `${this.#seq + 1} to ${seq - 1} are missing: deleted, or never exported`);
    else if (seq !== this.#seq + 1) this.note('BROKEN', seq, `stands behind ${this.#seq}: inserted or swapped`);
    else if (previous !== this.#hash)
      this.note('BROKEN', seq, 'does not hang on the one before it: inserted or swapped');
  }

  #arrive(seq: number, hash: string): void {
    this.#seq = seq;
    this.#hash = hash;
    if (this.#proofs.size > 0) this.#prove();
  }

  /** @param head what the store says is the last event; left out where it is not known. */
  end(head?: ChainBegin): void {
    if (head && head.seq > this.#seq)
      this.note('TRUNCATED', head.seq, `the chain ends at ${this.#seq}; its head says ${head.seq}`);
    else if (head && (head.seq !== this.#seq || head.hash !== this.#hash))
      this.note('REWRITTEN', head.seq, 'the last event is not what the head of the chain says');
    for (const seq of [...this.#proofs.keys()].sort((a, b) => a - b)) {
      // What was pruned with a signed tombstone cannot be looked at any more.
      if (seq > this.#seq) this.note('TRUNCATED', seq, `a checkpoint knows of it; the chain ends at ${this.#seq}`);
    }
  }

  note(kind: FaultKind, seq: number | undefined, message: string): void {
    this.count += 1;
    if (this.faults.length < toldFaults) this.faults.push({ kind, ...(seq !== undefined && { seq }), message });
  }

  #prove(): void {
    const proofs = this.#proofs.get(this.#seq);
    if (!proofs) return;
    for (const { kind, hash, at } of proofs)
      if (hash !== this.#hash) this.note('REWRITTEN', this.#seq, `the ${kind} of ${at} knows another hash`);
    this.#proofs.delete(this.#seq);
  }
}
