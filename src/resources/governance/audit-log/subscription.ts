import type { FieldNode } from 'graphql';
import { behindAcross, behindEvent, decodePosition, encodePosition } from '../../../audit/cursor.ts';
import { recordReading } from '../../../audit/readings.ts';
import type { AuditEvent } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { endable } from '../../../graphql/streams/slow-consumer.ts';
import { recordingEnd } from '../../../graphql/streams/stream-ends.ts';
import { decideStream, stillAllowed } from '../../../graphql/streams/streams.ts';
import { fanOutOf } from './fan-out.ts';
import { AuditFeedItem, type FeedItem } from './schema.ts';
import { AuditEventWhere, type AuditFilter, toCondition } from './where.ts';

/** Max interval between cursors of a stream that shows no events. */
const bookmarkMs = 1_000;

interface FeedArgs {
  readonly tenant?: string | null | undefined;
  readonly where?: AuditFilter | null | undefined;
  readonly after?: string | null | undefined;
}

builder.subscriptionField('auditEvents', (t) =>
  t.field({
    type: AuditFeedItem,
    description: 'Audit events as they happen, in commit order. Starts with a bookmark. Resume with `after`.',
    access: { decides: 'AUDITLOG:READ' },
    args: {
      tenant: t.arg.string({
        description: 'Key of the tenant. Omit for all tenants and the instance, which requires a super admin.',
      }),
      where: t.arg({ type: AuditEventWhere, description: 'Filter. All given fields must match.' }),
      after: t.arg.string({
        description: 'Cursor of the last received item, from any gateway. Omit to start now.',
      }),
    },
    subscribe: (_root, args, context, info) => begin(args, context, info.fieldNodes) as never,
    resolve: (item) => item as never,
  }),
);

/** Decides before the first item, so that a refusal is immediate. */
async function begin(
  { tenant: key, where, after }: FeedArgs,
  context: Context,
  roots: readonly FieldNode[],
): Promise<AsyncIterable<unknown>> {
  const { feed, keys, direct, session, store } = context;
  const tenant = await decideStream(context, 'auditEvents', 'AUDITLOG:READ', key);
  // An invalid filter fails now, not at the first event.
  if (where != null) toCondition(where, context, []);
  const position = after == null ? await feed.head(tenant?.id) : decodePosition(keys.cursor, after, tenant?.id);
  if (after != null) await feed.assertHeld(position);
  const opening = await recordReading(store, session.doer, tenant ?? null, [
    {
      field: 'Subscription.auditEvents',
      args: { tenant: key, where, after },
      decisionId: session.may('AUDITLOG:READ', { tenantId: tenant?.id })?.decisionId,
    },
  ]);
  const followed = { field: 'auditEvents', permission: 'AUDITLOG:READ', tenantId: tenant?.id } as const;
  if (direct && position.feed === 'tenant')
    return recordingEnd(
      fanOutOf(feed).follow({ context, way: direct, position, where, opening, roots }),
      context,
      followed,
    );
  const ended = new AbortController();
  const items = follow(context, tenant?.id, position, where, opening, ended);
  return endable(items, ended, context, followed, ({ cursor }) => cursor);
}

async function* follow(
  context: Context,
  tenantId: string | undefined,
  position: ReturnType<typeof decodePosition>,
  where: AuditFilter | null | undefined,
  opening: string,
  ended: AbortController,
): AsyncGenerator<FeedItem, void> {
  const { session, feed, keys, direct, limits } = context;
  let last = encodePosition(keys.cursor, position);
  if (direct) direct.cursor = () => last;
  const cursorAt = (event: AuditEvent) =>
    encodePosition(
      keys.cursor,
      tenantId === undefined ? behindAcross(keys.cursor, event) : behindEvent(keys.cursor, event),
    );
  try {
    yield { cursor: last, event: null };
    let hasSkipped = false;
    let sentAt = Date.now();
    for await (const events of feed.follow(position, ended.signal)) {
      // Also without events: revoked access ends the stream.
      await stillAllowed(context, 'AUDITLOG:READ', { tenantId });
      const wanted = await satisfying(context, events, where, tenantId);
      for (const event of events) {
        await stillAllowed(context, 'AUDITLOG:READ', { tenantId });
        const grant = session.may('AUDITLOG:READ', { tenantId });
        if (event.id === opening || !wanted(event) || !grant?.matches({ ...event })) {
          last = cursorAt(event);
          hasSkipped = true;
          continue;
        }
        context.loaders.clear();
        hasSkipped = false;
        last = cursorAt(event);
        yield { cursor: last, event };
        sentAt = Date.now();
      }
      if (Date.now() - sentAt >= (hasSkipped ? bookmarkMs : limits.bookmarkMs)) {
        yield { cursor: last, event: null };
        hasSkipped = false;
        sentAt = Date.now();
      }
    }
  } finally {
    ended.abort();
    if (direct) direct.cursor = undefined;
  }
}

/**
 * Selects the events that match the subscriber's filter, in the database, so that it has the same meaning as in lists.
 */
async function satisfying(
  context: Context,
  events: readonly AuditEvent[],
  where: AuditFilter | null | undefined,
  tenantId: string | undefined,
) {
  if (where == null || events.length === 0) return () => true;
  const chains = tenantId !== undefined ? [tenantId] : [...new Set(events.map((event) => event.tenantId))];
  const condition = toCondition(where, context, chains);
  const ids = await context.db.auditEvent.findMany({
    where: { AND: [{ id: { in: events.map(({ id }) => id) } }, condition] },
    select: { id: true },
  });
  const wanted = new Set(ids.map(({ id }) => id));
  return (event: AuditEvent) => wanted.has(event.id);
}
