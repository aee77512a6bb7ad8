import { type ChangeSource, changeTopic } from '../../../db/change-source.ts';
import type { LogEntry } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { rows } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { endable } from '../../../graphql/streams/slow-consumer.ts';
import { decideStream, stillAllowed } from '../../../graphql/streams/streams.ts';
import { LogEntryRef } from './task-runs-and-logs-type.ts';
import { type LogFilter, LogWhere, logCondition, overParts } from './where.ts';

builder.subscriptionField('logTail', (t) =>
  t.field({
    type: LogEntryRef,
    description:
      'Streams new log entries of all executions that the viewer can read, as they are reported. Access is decided again for every entry.',
    access: { decides: 'EXECUTION:READ' },
    args: {
      tenantKey: t.arg.string({ required: true, description: 'Key of the tenant.' }),
      where: t.arg({ type: LogWhere, description: 'Filter. All given fields must match.' }),
    },
    subscribe: ((_root: unknown, args: TailArgs, context: Context) => begin(args, context)) as never,
    resolve: (entry) => entry as never,
  }),
);

interface TailArgs {
  readonly tenantKey: string;
  readonly where?: LogFilter | null;
}

async function begin({ tenantKey, where }: TailArgs, context: Context): Promise<AsyncIterable<LogEntry>> {
  const tenant = await decideStream(context, 'logTail', 'EXECUTION:READ', tenantKey);
  const tenantId = tenant!.id;
  const filter = where ? logCondition(where) : {};
  const ended = new AbortController();
  const position = await context.changes.now();
  const source: ChangeSource = { model: 'LogEntry', of: { tenantId }, topic: changeTopic('LogEntry', tenantId) };
  async function* entries(): AsyncGenerator<LogEntry, void> {
    try {
      for await (const changes of context.changes.follow(source, position, ended.signal)) {
        const ids = changes.map(({ row }) => (row as LogEntry).id);
        let reach = await reachNow(context, tenantId);
        for (const entry of await matching(context, tenantId, filter, reach, ids)) {
          // Access can change while the viewer reads.
          const now = await reachNow(context, tenantId);
          if (now !== reach && (await matching(context, tenantId, filter, now, [entry.id])).length === 0) continue;
          reach = now;
          context.loaders.clear();
          yield entry;
        }
      }
    } finally {
      ended.abort();
    }
  }
  const followed = { field: 'logTail', permission: 'EXECUTION:READ', tenantId } as const;
  return endable(entries(), ended, context, followed);
}

/** The executions that the viewer can read now: the same object while nothing changed. @throws as `stillAllowed`. */
const reachNow = async (context: Context, tenantId: string): Promise<Condition> =>
  (await stillAllowed(context, 'EXECUTION:READ', { tenantId })).where as Condition;

/** The entries that match and are within reach, in order. */
async function matching(
  context: Context,
  tenantId: string,
  filter: Condition,
  reach: Condition,
  ids: readonly string[],
): Promise<LogEntry[]> {
  const found = await rows(context).find({
    model: 'LogEntry',
    reach: overParts(reach),
    where: { AND: [{ tenantId, id: { in: [...ids] } }, filter] },
    order: [
      ['at', 'asc'],
      ['id', 'asc'],
    ],
  });
  return found as unknown as LogEntry[];
}
