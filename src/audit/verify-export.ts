import type { VerifyingKey } from '../lib/signing.ts';
import { ChainCheck, type ChainReport, type FaultKind } from './chain.ts';
import { digestOf } from './event.ts';
import { type ExportBegin, statementIn } from './export-line.ts';
import { faultOf, type SignedStatement } from './statement.ts';

/** What stands in front of an event's content, and how long that can be. */
const marks = {
  seq: '{"seq":"',
  prevHash: '","prevHash":"',
  hash: '","hash":"',
  cursor: '","cursor":"',
  event: '","event":',
};
const headBytes = 440;
const hashLength = 64;
/** Behind the content's tenantId there is only its key and the type. */
const tailBytes = 600;

interface Head {
  readonly seq: number;
  readonly prevHash: string;
  readonly hash: string;
  /** Where the content begins: byte for byte as its hash was taken. */
  readonly content: number;
}

/** Reads the beginning of an event's line, without parsing its content; undefined where it is another kind of line. */
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

const leavesOut = 'the export leaves something out: a filter, or events that its reader may not read whole';
/** What an export that leaves something out cannot help. */
const expected = new Set<FaultKind>(['UNPROVABLE', 'MISSING', 'TRUNCATED']);

const newline = 10;
const carriageReturn = 13;

/**
 * Verifies an export, without a gateway or a database.
 * @param chunks the bytes of the file, in order.
 * @param keys whose signatures are believed.
 * @param kept checkpoints that were kept elsewhere; those of other chains are passed over.
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

  const start = (told: ExportBegin) => {
    if (begin) {
      // An export that was broken off and went on from its last line.
      if (told.tenantId !== begin.tenantId) check.note('FOREIGN', undefined, 'a part of the file is of another chain');
      return;
    }
    begin = told;
    // What came before is of no chain, and nothing that is proven speaks of it.
    const isFirst = lines === 1;
    tenantMark = Buffer.from(`"tenantId":${JSON.stringify(told.tenantId)},`);
    const tombstone = told.tombstone === null ? undefined : statementIn(told.tombstone);
    const own = kept.filter((statement) => statement.tenantId === told.tenantId);
    const faults = own.filter((statement) => faultOf(statement, keys) !== undefined);
    const isTombstone = tombstone?.kind === 'tombstone' && tombstone.tenantId === told.tenantId;
    const isBegun = isTombstone && faultOf(tombstone, keys) === undefined;
    check = new ChainCheck(
      own.filter((statement) => !faults.includes(statement)),
      isBegun ? { seq: Number(tombstone.seq), hash: tombstone.hash } : undefined,
    );
    proofs += own.length - faults.length;
    for (const statement of faults) prove(statement);
    if (tombstone && !isTombstone)
      check.note('UNPROVEN', Number(tombstone.seq), 'it is to begin behind what is no tombstone of this chain');
    else if (tombstone) prove(tombstone);
    if (!isFirst) check.note('UNREADABLE', undefined, 'the file does not begin with the line of an export');
    if (!told.whole) check.note('UNPROVABLE', undefined, leavesOut);
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
          return check.note('FOREIGN', Number(checkpoint.seq), 'a checkpoint of another chain');
        if (!prove(checkpoint)) return;
        const { seq, hash } = check.last;
        if (seq < Number(checkpoint.seq))
          check.note('TRUNCATED', Number(checkpoint.seq), `a checkpoint knows of it; the export is at ${seq}`);
        else if (seq === Number(checkpoint.seq) && hash !== checkpoint.hash)
          check.note('REWRITTEN', seq, `the checkpoint of ${checkpoint.at} knows another hash`);
        provenTo = Number(checkpoint.seq);
        return;
      }
    } catch {
      return check.note('UNREADABLE', undefined, `line ${lines} is no line of an export`);
    }
    if (value.shown) return check.link(Number(value.seq), value.prevHash!, value.hash!);
    check.note('UNREADABLE', undefined, `line ${lines} is no line of an export`);
  };

  const event = (given: Buffer) => {
    // Somebody's tools may have ended the lines as other systems do.
    const line = given.at(-1) === carriageReturn ? given.subarray(0, -1) : given;
    const found = headOf(line.toString('latin1', 0, headBytes));
    if (!found) return other(line);
    if (!begin) check.note('UNREADABLE', undefined, 'the file does not begin with the line of an export');
    const content = line.subarray(found.content, line.length - 1);
    check.add(found.seq, found.prevHash, found.hash, digestOf(content));
    const isOwn = content.includes(tenantMark, Math.max(0, content.length - tailBytes));
    if (!isOwn) check.note('FOREIGN', found.seq, 'it is an event of another chain');
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
  if (!begin) check.note('UNREADABLE', undefined, 'the file does not begin with the line of an export');
  check.end();
  if (check.last.seq > provenTo)
    check.note('TRUNCATED', check.last.seq, 'no signed checkpoint ends the export: more may have followed');
  const isUnprovable =
    check.faults.some(({ kind }) => kind === 'UNPROVABLE') &&
    check.faults.every(({ kind }) => (begin?.whole ? kind === 'UNPROVABLE' : expected.has(kind)));
  return {
    ...(isUnprovable && { unprovable: leavesOut }),
    tenantId: begin?.tenantId ?? '',
    tenantKey: begin?.tenantKey ?? '',
    events: check.events,
    proofs,
    faults: check.faults,
    faultCount: check.count,
  };
}
