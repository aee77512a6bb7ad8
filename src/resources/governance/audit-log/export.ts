import type { TenantRef } from '../../../access/tenant-ref.ts';
import { behindEvent, type ChainPosition, decodePosition, encodePosition } from '../../../audit/cursor.ts';
import { beginLine, checkpointLine, eventLine } from '../../../audit/export-line.ts';
import { recordReading } from '../../../audit/readings.ts';
import { signStatement } from '../../../audit/statement.ts';
import type { AuditEvent } from '../../../db/generated/client.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { stillAllowed } from '../../../graphql/streams/streams.ts';
import { toJson } from '../../../lib/json.ts';
import { csvHeader, csvLine } from './csv.ts';
import { isWhole, shownEvent } from './event-for-viewer.ts';
import { unprovable } from './provable.ts';
import { reachesAll } from './reaches-chain.ts';
import { type AuditFilter, toCondition } from './where.ts';

export interface ExportRequest {
  readonly format: 'ndjson' | 'csv';
  /** Null for the chain of the instance. */
  readonly tenant: TenantRef | null;
  readonly filter: AuditFilter;
  /** Cursor of the last received line. */
  readonly after?: string | undefined;
}

/** Number of events in one read: enough for about this much text, estimated from previous events. */
const maxPage = 250;
const firstPage = 50;
const pageCharacters = 1_000_000;

/**
 * Exports the events of a chain, oldest first, up to the newest at the start. Lines are read in parts, on demand. Each
 * part is authorized again. The export is recorded before the first part.
 * @param onHead receives the number of the last event, before the first part, if the caller can read the whole chain.
 * @throws BAD_INPUT, CURSOR_EXPIRED, FORBIDDEN before the first part, or later what ends the export.
 */
export async function* exportChain(
  context: Context,
  request: ExportRequest,
  onBegin: (begin: { readonly head?: bigint; readonly unprovable?: string | undefined }) => void,
): AsyncGenerator<string> {
  const { db, feed, keys, session, store } = context;
  const { tenant, format, filter } = request;
  const tenantId = tenant?.id ?? '';
  const scope = { tenantId: tenant?.id };
  const grant = await stillAllowed(context, 'AUDITLOG:READ', scope);
  const condition = toCondition(filter, context, [tenantId]);
  const tombstone = await db.auditTombstone.findFirst({ where: { tenantId } });
  let at: ChainPosition = behindEvent(keys.cursor, tombstone ?? { tenantId, seq: 0n, hash: '' });
  if (request.after !== undefined) {
    const position = decodePosition(keys.cursor, request.after, tenantId);
    await feed.assertHeld(position);
    at = position;
  }
  const head = await db.auditHead.findFirst({ where: { tenantId } });
  const isWholeChain = Object.keys(filter).length === 0 && reachesAll(grant.where, tenantId);
  const reason = await unprovable(context, tenantId, filter, grant.where);
  onBegin({ ...(isWholeChain && { head: head?.seq ?? 0n }), unprovable: reason });
  await recordReading(store, session.doer, tenant, [
    {
      field: 'export',
      args: { format, where: filter, after: request.after },
      decisionId: grant.decisionId,
      ...(filter.namespaceName != null && { namespace: filter.namespaceName }),
    },
  ]);

  yield format === 'csv'
    ? csvHeader
    : beginLine({
        tenantId,
        tenantKey: tenant?.key ?? '',
        at: new Date().toISOString(),
        whole: reason === undefined,
        tombstone: tombstone && { ...tombstone, kind: 'tombstone', at: tombstone.at.toISOString() },
      });
  for (let size = firstPage; head && at.seq < head.seq; ) {
    const page = await pageOf(context, request, condition, { after: at.seq, upTo: head.seq, size });
    // A prune or restore meanwhile would leave a gap without a tombstone.
    await feed.assertHeld(at);
    yield page.text;
    if (page.last === undefined) break;
    at = behindEvent(keys.cursor, page.last);
    size = Math.min(maxPage, Math.max(1, Math.floor((size * pageCharacters) / page.text.length)));
  }
  if (format === 'ndjson' && head && isWholeChain) {
    const { seq, hash } = head;
    const now = new Date().toISOString();
    yield checkpointLine(signStatement(keys.signing[0], { kind: 'checkpoint', tenantId, seq, hash, at: now }));
  }
}

interface Range {
  readonly after: bigint;
  readonly upTo: bigint;
  readonly size: number;
}

/** The next lines, by the current access. @returns the last event; undefined at the end. */
async function pageOf(
  context: Context,
  { tenant, format }: ExportRequest,
  condition: Condition,
  { after, upTo, size }: Range,
): Promise<{ text: string; last: AuditEvent | undefined }> {
  const { where } = await stillAllowed(context, 'AUDITLOG:READ', { tenantId: tenant?.id });
  const events = await context.db.auditEvent.findMany({
    where: { AND: [{ tenantId: tenant?.id ?? '', seq: { gt: after, lte: upTo } }, where, condition] } as never,
    orderBy: { seq: 'asc' },
    take: size,
  });
  const text = events.map((event) => lineOf(context, event, format)).join('');
  return { text, last: events.length < size ? undefined : events.at(-1) };
}

function lineOf(context: Context, event: AuditEvent, format: ExportRequest['format']): string {
  const shown = shownEvent(context, event);
  const cursor = encodePosition(context.keys.cursor, behindEvent(context.keys.cursor, event));
  if (format === 'csv') return csvLine(shown, cursor);
  return isWhole(shown, event) ? eventLine(event, cursor) : eventLine(event, cursor, shownJsonOf(shown));
}

/** The part of a redacted event's content that the caller can see. */
function shownJsonOf({ ordinal: _ordinal, transaction: _transaction, seq: _seq, ...shown }: AuditEvent) {
  return toJson(shown);
}
