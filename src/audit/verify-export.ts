import type { VerifyingKey } from '../lib/signing.ts';
import { ChainCheck, type ChainReport, type FaultKind } from './chain.ts';
import { digestOf } from './event.ts';
import { type ExportBegin, statementIn } from './export-line.ts';
import { faultOf, type SignedStatement } from './statement.ts';

/** Text before an event's content, and its max length. */
const marks = {
  seq: '{"seq":"',
  prevHash: '","prevHash":"',
  hash: '","hash":"',
  cursor: '","cursor":"',
  event: '","event":',
};
const headBytes = 440;
const hashLength = 64;
/** After the content's tenantId there are only the tenant key and the type. */
const tailBytes = 600;

interface Head {
  readonly seq: number;
  readonly prevHash: string;
  readonly hash: string;
  /** Offset of the content, whose exact bytes were hashed. */
  readonly content: number;
}

/** Reads the start of an event line without parsing its content. Returns undefined for other lines. */
function headOf(text: string): Head | undefined {
  if (!text.startsWith(marks.seq)) return undefined;
  const seqEnd = text.indexOf('"', marks.seq.length);
  const prevHash = seqEnd + marks.prevHash.length;
  const hash = prevHash + hashLength + marks.hash.length;
  const cursor = hash + hashLength + marks.cursor.length;
  const cursorEnd = text.indexOf('"', cursor);
  const isHead =
    text.startsWith(marks.prevHash, seqEnd) &&
    text.startsWith(marks.hash, prevHash + hashLength) &&
    text.startsWith(marks.cursor, hash + hashLength) &&
    text.startsWith(marks.event, cursorEnd);
  if (!isHead) return undefined;
  return {
    seq: Number(text.slice(marks.seq.length, seqEnd)),
    prevHash: text.slice(prevHash, prevHash + hashLength),
    hash: text.slice(hash, hash + hashLength),
    content: cursorEnd + marks.event.length,
  };
}

const incomplete = 'the export is incomplete: it has a filter, or its reader cannot see all parts of all events';
/** Faults that an incomplete export always has. */
const expected = new Set<FaultKind>(['UNPROVABLE', 'MISSING', 'TRUNCATED']);

const newline = 10;
const carriageReturn = 13;

/**
 * Verifies an export, without a gateway or a database.
 * @param chunks the bytes of the file, in order.
 * @param keys trusted keys.
 * @param kept checkpoints from elsewhere. Those of other chains are ignored.
 */
export async function verifyExport(
  chunks: AsyncIterable<Buffer>,
  keys: readonly VerifyingKey[],
  kept: readonly SignedStatement[],
): Promise<ChainReport> {
  let begin: ExportBegin | undefined;
  let check = new ChainCheck();
  let tenantMark: Buffer = Buffer.alloc(0);
  let proofs = 0;
  let provenTo = -1;
  let lines = 0;

  const prove = (statement: SignedStatement): boolean => {
    const fault = faultOf(statement, keys);
    if (fault) check.note('UNPROVEN', Number(statement.seq), `a ${statement.kind} of ${statement.at}: ${fault}`);
    else proofs += 1;
    return fault === undefined;
  };

  const start = (line: ExportBegin) => {
    if (begin) {
      // A resumed export, appended to the interrupted one.
      if (line.tenantId !== begin.tenantId)
        check.note('FOREIGN', undefined, 'a part of the file belongs to another chain');
      return;
    }
    begin = line;
    // Lines before the first `export` line belong to no chain, and no proof covers them.
    const isFirst = lines === 1;
    tenantMark = Buffer.from(`"tenantId":${JSON.stringify(line.tenantId)},`);
    const tombstone = line.tombstone === null ? undefined : statementIn(line.tombstone);
    const own = kept.filter((statement) => statement.tenantId === line.tenantId);
    const faults = own.filter((statement) => faultOf(statement, keys) !== undefined);
    const isTombstone = tombstone?.kind === 'tombstone' && tombstone.tenantId === line.tenantId;
    const isBegun = isTombstone && faultOf(tombstone, keys) === undefined;
    check = new ChainCheck(
      own.filter((statement) => !faults.includes(statement)),
      isBegun ? { seq: Number(tombstone.seq), hash: tombstone.hash } : undefined,
    );
    proofs += own.length - faults.length;
    for (const statement of faults) prove(statement);
    if (tombstone && !isTombstone)
      check.note('UNPROVEN', Number(tombstone.seq), 'its tombstone is not one of this chain');
    else if (tombstone) prove(tombstone);
    if (!isFirst) check.note('UNREADABLE', undefined, 'the file does not start with an export line');
    if (!line.whole) check.note('UNPROVABLE', undefined, incomplete);
  };

  const other = (line: Buffer) => {
    let value: {
      export?: ExportBegin;
      checkpoint?: unknown;
      shown?: unknown;
      seq?: string;
      prevHash?: string;
      hash?: string;
    };
    try {
      value = JSON.parse(line.toString());
      if (value.export) return start(value.export);
      if (value.checkpoint) {
        const checkpoint = statementIn(value.checkpoint);
        if (checkpoint.tenantId !== begin?.tenantId)
          return check.note('FOREIGN', Number(checkpoint.seq), 'the checkpoint belongs to another chain');
        if (!prove(checkpoint)) return;
        const { seq, hash } = check.last;
        if (seq < Number(checkpoint.seq))
          check.note(
            'TRUNCATED',
            Number(checkpoint.seq),
            `a checkpoint proves this event, but the export is at ${seq}`,
          );
        else if (seq === Number(checkpoint.seq) && hash !== checkpoint.hash)
          check.note('REWRITTEN', seq, `the checkpoint of ${checkpoint.at} has another hash`);
        provenTo = Number(checkpoint.seq);
        return;
      }
    } catch {
      return check.note('UNREADABLE', undefined, `line ${lines} is not an export line`);
    }
    if (value.shown) return check.link(Number(value.seq), value.prevHash!, value.hash!);
    check.note('UNREADABLE', undefined, `line ${lines} is not an export line`);
  };

  const event = (given: Buffer) => {
    // Some tools convert line ends to CRLF.
    const line = given.at(-1) === carriageReturn ? given.subarray(0, -1) : given;
    const found = headOf(line.toString('latin1', 0, headBytes));
    if (!found) return other(line);
    if (!begin) check.note('UNREADABLE', undefined, 'the file does not start with an export line');
    const content = line.subarray(found.content, line.length - 1);
    check.add(found.seq, found.prevHash, found.hash, digestOf(content));
    const isOwn = content.includes(tenantMark, Math.max(0, content.length - tailBytes));
    if (!isOwn) check.note('FOREIGN', found.seq, 'the event belongs to another chain');
  };

  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, from)) {
      lines += 1;
      const part = chunk.subarray(from, to);
      event(rest.length > 0 ? Buffer.concat([...rest, part]) : part);
      rest = [];
      from = to + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) check.note('TRUNCATED', undefined, 'the last line is cut off');
  if (!begin) check.note('UNREADABLE', undefined, 'the file does not start with an export line');
  check.end();
  if (check.last.seq > provenTo)
    check.note(
      'TRUNCATED',
      check.last.seq,
      'the export does not end with a signed checkpoint, so later events may be missing',
    );
  const isUnprovable =
    check.faults.some(({ kind }) => kind === 'UNPROVABLE') &&
    check.faults.every(({ kind }) => (begin?.whole ? kind === 'UNPROVABLE' : expected.has(kind)));
  return {
    ...(isUnprovable && { unprovable: incomplete }),
    tenantId: begin?.tenantId ?? '',
    tenantKey: begin?.tenantKey ?? '',
    events: check.events,
    proofs,
    faults: check.faults,
    faultCount: check.count,
  };
}
