import type { Json } from '../lib/json.ts';
import { contentOf, type EventContent } from './event.ts';
import type { SignedStatement } from './statement.ts';

/**
 * An export of a chain is NDJSON of three kinds of lines: `export` begins it, `seq` is an event, `checkpoint` ends it.
 * The content of an event stands there byte for byte as its hash was taken, so that whoever has the file can verify it
 * without a gateway.
 */
export interface ExportBegin {
  /** A tenant's id, or '' for the instance. */
  readonly tenantId: string;
  readonly tenantKey: string;
  /** When the export began, in ISO 8601. */
  readonly at: string;
  /** Is it the whole chain from here on, nothing filtered out and nothing masked? Only then can it be verified. */
  readonly whole: boolean;
  /** Up to where the chain was pruned; null where it was not. */
  readonly tombstone: SignedStatement | null;
}

export interface StoredEvent extends EventContent {
  readonly seq: bigint;
  readonly prevHash: string;
  readonly hash: string;
}

const line = (value: object): string =>
  `${JSON.stringify(value, (_key, member) => (typeof member === 'bigint' ? String(member) : member))}\n`;

export const beginLine = (begin: ExportBegin): string => line({ export: begin });
export const checkpointLine = (checkpoint: SignedStatement): string => line({ checkpoint });

/** An event as JSON: its place in its chain, and its content byte for byte as its hash was taken. */
export const eventJson = ({ seq, prevHash, hash, ...content }: StoredEvent, cursor?: string): string =>
  `{"seq":"${seq}","prevHash":"${prevHash}","hash":"${hash}",${cursor === undefined ? '' : `"cursor":"${cursor}",`}"event":${contentOf(content)}}`;

/** @param shown what the reader may see of it, where that is not all; such a line cannot be verified. */
export const eventLine = (event: StoredEvent, cursor: string, shown?: Json): string => {
  const { seq, prevHash, hash } = event;
  return shown === undefined ? `${eventJson(event, cursor)}\n` : line({ seq, prevHash, hash, cursor, shown });
};

/** A signed statement as JSON has it. @throws where it is none. */
export function statementIn(value: unknown): SignedStatement {
  const { kind, tenantId, seq, hash, at, keyId, signature } = (value ?? {}) as Record<string, unknown>;
  const texts = [tenantId, hash, at, keyId, signature];
  if (
    (kind !== 'checkpoint' && kind !== 'tombstone') ||
    !/^\d{1,16}$/.test(String(seq)) ||
    texts.some((text) => typeof text !== 'string')
  )
    throw new Error('This is no signed statement.');
  return { kind, tenantId, seq: BigInt(String(seq)), hash, at, keyId, signature } as SignedStatement;
}
