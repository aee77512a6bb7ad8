import { chainHash, chainStart, faultOf, type Statement, sha256, statementOf, type VerifyingKey } from './crypto.ts';

export type FaultKind =
  | 'CHANGED'
  | 'BROKEN'
  | 'MISSING'
  | 'FOREIGN'
  | 'REWRITTEN'
  | 'TRUNCATED'
  | 'UNPROVEN'
  | 'UNREADABLE'
  | 'UNPROVABLE';

export interface ChainFault {
  readonly kind: FaultKind;
  /** The affected event, or the first one after a gap. */
  readonly seq: number | undefined;
  readonly message: string;
  /** For a link or a hash: what it must be, and what it is. */
  readonly expected?: string;
  readonly found?: string;
}

export interface Report {
  readonly tenantKey: string;
  readonly first: number | undefined;
  readonly last: number;
  readonly events: number;
  readonly proofs: number;
  readonly faults: readonly ChainFault[];
  readonly faultCount: number;
}

interface EventLine {
  readonly seq: number;
  readonly previous: string;
  readonly hash: string;
  /** The exact text that was hashed. */
  readonly content: string;
}

const maxFaults = 50;
const head = /^\{"seq":"(\d{1,16})","prevHash":"([0-9a-f]{64})","hash":"([0-9a-f]{64})","cursor":"[^"]*","event":/;

function eventIn(line: string): EventLine | undefined {
  const found = head.exec(line);
  if (!found) return undefined;
  const [start, seq = '', previous = '', hash = ''] = found;
  return { seq: Number(seq), previous, hash, content: line.slice(start.length, -1) };
}

interface Begin {
  readonly tenantId: string;
  readonly tenantKey: string;
  readonly whole: boolean;
  readonly tombstone: unknown;
}

/** Verifies an export line by line: each link, each content, and each signed statement. */
export class ChainVerifier {
  readonly #keys: readonly VerifyingKey[];
  readonly #kept: readonly Statement[];
  readonly #faults: ChainFault[] = [];
  #count = 0;
  #begin: Begin | undefined;
  #first: number | undefined;
  #seq = 0;
  #hash = chainStart;
  #events = 0;
  #proofs = 0;
  #provenTo = -1;
  #lines = 0;
  #masks = 0;
  #maskedFrom: number | undefined;
  #open = new Map<number, Statement[]>();

  constructor(keys: readonly VerifyingKey[], kept: readonly Statement[]) {
    this.#keys = keys;
    this.#kept = kept;
  }

  get events(): number {
    return this.#events;
  }

  /** Adds the next lines. The hashes of their events are computed together. */
  async add(lines: readonly string[]): Promise<void> {
    const events = lines.map((line) => eventIn(line.endsWith('\r') ? line.slice(0, -1) : line));
    const hashes = await Promise.all(
      events.map(async (event) => event && chainHash(event.previous, event.seq, await sha256(event.content))),
    );
    for (const [i, line] of lines.entries()) {
      this.#lines += 1;
      const event = events[i];
      if (event) this.#event(event, hashes[i]!);
      else await this.#other(line);
    }
  }

  end(rest: string): Report {
    if (this.#masks > 0)
      this.#note(
        'UNPROVABLE',
        this.#maskedFrom,
        `Parts of ${this.#masks === 1 ? 'this event' : `${this.#masks} events from here on`} are hidden from you, so their content cannot be verified. Their places in the chain are.`,
      );
    if (rest !== '') this.#note('TRUNCATED', undefined, 'The last line is cut off.');
    if (!this.#begin) this.#note('UNREADABLE', undefined, 'The file does not start as an export.');
    for (const [seq] of this.#open)
      if (seq > this.#seq)
        this.#note('TRUNCATED', seq, `A checkpoint proves this event, but the export ends at ${this.#seq}.`);
    if (this.#begin && this.#seq > this.#provenTo)
      this.#note(
        'TRUNCATED',
        this.#seq,
        'The export does not end with a signed checkpoint, so later events may be missing.',
      );
    return {
      tenantKey: this.#begin?.tenantKey ?? '',
      first: this.#first,
      last: this.#seq,
      events: this.#events,
      proofs: this.#proofs,
      faults: this.#faults,
      faultCount: this.#count,
    };
  }

  #note(
    kind: FaultKind,
    seq: number | undefined,
    message: string,
    pair: { expected?: string; found?: string } = {},
  ): void {
    this.#count += 1;
    if (this.#faults.length < maxFaults) this.#faults.push({ kind, seq, message, ...pair });
  }

  #event({ seq, previous, hash, content }: EventLine, computed: string): void {
    if (!this.#begin) this.#note('UNREADABLE', undefined, 'The file does not start as an export.');
    this.#follow(seq, previous);
    if (computed !== hash)
      this.#note('CHANGED', seq, 'Its content does not match its hash.', { expected: hash, found: computed });
    if (this.#begin && !content.includes(`"tenantId":${JSON.stringify(this.#begin.tenantId)},`))
      this.#note('FOREIGN', seq, 'It belongs to another chain.');
    this.#arrive(seq, hash);
  }

  #follow(seq: number, previous: string): void {
    this.#events += 1;
    this.#first ??= seq;
    if (seq > this.#seq + 1) this.#note('MISSING', seq, `${this.#seq + 1} to ${seq - 1} are missing.`);
    else if (seq !== this.#seq + 1) this.#note('BROKEN', seq, `It follows ${this.#seq}: inserted or swapped.`);
    else if (previous !== this.#hash)
      this.#note('BROKEN', seq, 'It does not link to the event before it.', { expected: this.#hash, found: previous });
  }

  #arrive(seq: number, hash: string): void {
    this.#seq = seq;
    this.#hash = hash;
    this.#compare(this.#open.get(seq) ?? []);
    this.#open.delete(seq);
  }

  #compare(proofs: readonly Statement[]): void {
    for (const { kind, hash, at } of proofs)
      if (hash !== this.#hash)
        this.#note('REWRITTEN', this.#seq, `The ${kind} of ${at} has another hash.`, {
          expected: hash,
          found: this.#hash,
        });
  }

  async #prove(statement: Statement): Promise<boolean> {
    const fault = await faultOf(statement, this.#keys);
    if (fault === undefined) this.#proofs += 1;
    else this.#note('UNPROVEN', Number(statement.seq), `The ${statement.kind} of ${statement.at}: ${fault}.`);
    return fault === undefined;
  }

  async #other(line: string): Promise<void> {
    try {
      const value = JSON.parse(line) as Record<string, unknown>;
      if (value['export']) return await this.#start(value['export'] as Begin);
      if (value['checkpoint']) return await this.#checkpoint(statementOf(value['checkpoint']));
      if (value['shown']) return this.#masked(Number(value['seq']), String(value['prevHash']), String(value['hash']));
    } catch {
      // Noted below, like every other line that is none of an export.
    }
    this.#note('UNREADABLE', undefined, `Line ${this.#lines} is none of an export.`);
  }

  #masked(seq: number, previous: string, hash: string): void {
    this.#follow(seq, previous);
    this.#maskedFrom ??= seq;
    this.#masks += 1;
    this.#arrive(seq, hash);
  }

  async #start(begin: Begin): Promise<void> {
    if (this.#begin) {
      if (begin.tenantId !== this.#begin.tenantId)
        this.#note('FOREIGN', undefined, 'A part of the file belongs to another chain.');
      return;
    }
    if (this.#lines !== 1) this.#note('UNREADABLE', undefined, 'The file does not start as an export.');
    this.#begin = begin;
    if (!begin.whole)
      this.#note(
        'UNPROVABLE',
        undefined,
        'The export is incomplete: it has a filter, or you cannot see all of its events.',
      );
    if (begin.tombstone != null) {
      const tombstone = statementOf(begin.tombstone);
      const isOwn = tombstone.kind === 'tombstone' && tombstone.tenantId === begin.tenantId;
      if (!isOwn) this.#note('UNPROVEN', Number(tombstone.seq), 'Its tombstone is not one of this chain.');
      else if (await this.#prove(tombstone)) {
        this.#seq = Number(tombstone.seq);
        this.#hash = tombstone.hash;
      }
    }
    for (const statement of this.#kept) {
      if (statement.tenantId !== begin.tenantId || !(await this.#prove(statement))) continue;
      const seq = Number(statement.seq);
      this.#open.set(seq, [...(this.#open.get(seq) ?? []), statement]);
    }
    this.#compare(this.#open.get(this.#seq) ?? []);
  }

  async #checkpoint(checkpoint: Statement): Promise<void> {
    if (checkpoint.tenantId !== this.#begin?.tenantId)
      return this.#note('FOREIGN', Number(checkpoint.seq), 'The checkpoint belongs to another chain.');
    if (!(await this.#prove(checkpoint))) return;
    const seq = Number(checkpoint.seq);
    if (this.#seq < seq)
      this.#note('TRUNCATED', seq, `A checkpoint proves this event, but the export is at ${this.#seq}.`);
    else if (this.#seq === seq) this.#compare([checkpoint]);
    this.#provenTo = seq;
  }
}

const batch = 2_000;

/** Verifies an export as it arrives. @param progress is called with the number of events so far. */
export async function verifyExport(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  keys: readonly VerifyingKey[],
  kept: readonly Statement[],
  progress: (events: number) => void,
): Promise<Report> {
  const verifier = new ChainVerifier(keys, kept);
  const reader = bytes.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (let from = 0; from < lines.length; from += batch) {
      await verifier.add(lines.slice(from, from + batch));
      progress(verifier.events);
    }
  }
  return verifier.end(rest);
}
