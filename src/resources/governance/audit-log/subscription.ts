import type { FieldNode } from 'graphql';
import { decodePosition } from '../../../audit/cursor.ts';
import { recordReading } from '../../../audit/readings.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { recordingEnd } from '../../../graphql/streams/stream-ends.ts';
import { decideStream } from '../../../graphql/streams/streams.ts';
import { fanOutOf } from './fan-out.ts';
import { AuditFeedItem } from './schema.ts';
import { AuditEventWhere, type AuditFilter, toCondition } from './where.ts';

interface FeedArgs {
  readonly tenantKey?: string | null | undefined;
  readonly where?: AuditFilter | null | undefined;
  readonly after?: string | null | undefined;
}

builder.subscriptionField('auditEvents', (t) =>
  t.field({
    type: AuditFeedItem,
    description: 'Audit events as they happen, in commit order. Starts with a bookmark. Resume with `after`.',
    access: { decides: 'AUDITLOG:READ' },
    args: {
      tenantKey: t.arg.string({
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
  { tenantKey, where, after }: FeedArgs,
  context: Context,
  roots: readonly FieldNode[],
): Promise<AsyncIterable<unknown>> {
  const { feed, keys, channel, session, store } = context;
  const tenant = await decideStream(context, 'auditEvents', 'AUDITLOG:READ', tenantKey);
  // An invalid filter fails now, not at the first event.
  if (where != null) toCondition(where, context, []);
  const position = after == null ? await feed.head(tenant?.id) : decodePosition(keys.cursor, after, tenant?.id);
  if (after != null) await feed.assertHeld(position);
  const opening = await recordReading(store, session.doer, tenant ?? null, [
    {
      field: 'Subscription.auditEvents',
      args: { tenantKey, where, after },
      decisionId: session.may('AUDITLOG:READ', { tenantId: tenant?.id })?.decisionId,
    },
  ]);
  if (!channel) throw new Error('The transport provides no channel for streams.');
  const stream = fanOutOf(feed).follow({ context, channel, position, where, opening, roots });
  return recordingEnd(stream, context, { field: 'auditEvents', permission: 'AUDITLOG:READ', tenantId: tenant?.id });
}
