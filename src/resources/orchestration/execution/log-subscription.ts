import type { ChangePlace } from '../../../db/change-feed.ts';
import { type ChangeSource, changeTopic } from '../../../db/change-source.ts';
import type { Execution, LogEntry } from '../../../db/generated/client.ts';
import { badInput, notFound } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { decodeId } from '../../../graphql/node.ts';
import { endable } from '../../../graphql/streams/slow-consumer.ts';
import { decideStream, stillAllowed } from '../../../graphql/streams/streams.ts';
import { LogLevelEnum } from './enums.ts';
import { maxSequence } from './report-rules.ts';
import { type LogLevel, levelNumber } from './states.ts';
import { LogEntryRef } from './task-runs-and-logs-type.ts';

const batch = 200;

interface Wanted {
  readonly tenantId: string;
  readonly executionKey: string;
  readonly level: number;
  readonly after: bigint;
}

builder.subscriptionField('logs', (t) =>
  t.field({
    type: LogEntryRef,
    description:
      'Streams the log of one execution: first the existing entries in order, then new ones. Each entry is sent once; an entry that the engine reports late is sent when it is reported. The stream ends when the execution is deleted.',
    access: { decides: 'EXECUTION:READ' },
    args: {
      tenantKey: t.arg.string({ required: true, description: 'Key of the tenant.' }),
      execution: t.arg.id({ required: true, description: 'ID of the execution.' }),
      minLevel: t.arg({ type: LogLevelEnum, description: 'Only entries of this severity or higher.' }),
      after: t.arg({ type: 'BigInt', description: 'Only entries after this sequence number.' }),
    },
    subscribe: ((_root: unknown, args: Parameters<typeof begin>[0], context: Context) => begin(args, context)) as never,
    resolve: (entry) => entry as never,
  }),
);

/** @throws BAD_INPUT above the max sequence. */
function afterOf(given: bigint | null | undefined): bigint {
  const after = given ?? -1n;
  if (after > maxSequence) throw badInput(['after'], 'The sequence number is too large.');
  return after < -1n ? -1n : after;
}

async function begin(
  args: { tenantKey: string; execution: string | number; minLevel?: LogLevel | null; after?: bigint | null },
  context: Context,
): Promise<AsyncIterable<LogEntry>> {
  const { id } = decodeId(String(args.execution), ['Execution'], ['execution']);
  const tenant = await decideStream(context, 'logs', 'EXECUTION:READ', args.tenantKey);
  const wanted: Wanted = {
    tenantId: tenant!.id,
    executionKey: id,
    level: args.minLevel == null ? 0 : levelNumber(args.minLevel),
    after: afterOf(args.after),
  };
  if (!(await readable(context, wanted))) throw notFound('The execution');
  const ended = new AbortController();
  const entries = follow(context, wanted, await context.changes.now(), ended);
  const followed = { field: 'logs', permission: 'EXECUTION:READ', tenantId: wanted.tenantId } as const;
  return endable(entries, ended, context, followed, ({ sequence }) => String(sequence));
}

/** The execution, decided again; null if it was deleted or is out of reach. @throws as `stillAllowed`. */
async function readable(context: Context, { tenantId, executionKey }: Wanted): Promise<Execution | null> {
  const { where } = await stillAllowed(context, 'EXECUTION:READ', { tenantId });
  return context.db.execution.findFirst({ where: { AND: [{ tenantId, id: executionKey }, where] } as object });
}

/**
 * The same for a viewer who has already read it: null if it was deleted. @throws FORBIDDEN if it is now out of reach.
 */
async function stillReadable(context: Context, wanted: Wanted): Promise<Execution | null> {
  const { tenantId, executionKey } = wanted;
  const execution = await readable(context, wanted);
  if (execution) return execution;
  const row = await context.db.execution.findFirst({ where: { tenantId, id: executionKey } });
  if (!row) return null;
  const grant = context.session.grant('EXECUTION:READ', { tenantId });
  // It may have come within reach between the two queries.
  if (!grant.matches({ ...row })) throw grant.refusalOf({ ...row });
  return row;
}

/** Yields a batch of entries while the execution is readable. @returns whether it still is. */
async function* each(
  context: Context,
  wanted: Wanted,
  entries: readonly LogEntry[],
): AsyncGenerator<LogEntry, boolean> {
  const execution = await stillReadable(context, wanted);
  if (!execution) return false;
  for (const entry of entries) {
    const grant = await stillAllowed(context, 'EXECUTION:READ', { tenantId: wanted.tenantId });
    if (!grant.matches({ ...execution })) throw grant.refusalOf({ ...execution });
    context.loaders.clear();
    yield entry;
  }
  return true;
}

async function* follow(
  context: Context,
  wanted: Wanted,
  position: ChangePlace,
  ended: AbortController,
): AsyncGenerator<LogEntry, void> {
  const { tenantId, executionKey, level } = wanted;
  try {
    for (let after = wanted.after; ; ) {
      const entries = await context.db.logEntry.findMany({
        where: {
          executionKey,
          sequence: { gt: after },
          level: { gte: level },
          changed: { lte: position.row.changed },
        },
        orderBy: { sequence: 'asc' },
        take: batch,
      });
      if (entries.length === 0) break;
      after = entries.at(-1)!.sequence;
      if (!(yield* each(context, wanted, entries))) return;
    }
    const source: ChangeSource = {
      model: 'LogEntry',
      of: { executionKey },
      topic: changeTopic('LogEntry', tenantId),
    };
    for await (const changes of context.changes.follow(source, position, ended.signal)) {
      const entries = changes
        .map(({ row }) => row as LogEntry)
        .filter((entry) => entry.level >= level && entry.sequence > wanted.after)
        .sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
      if (!(yield* each(context, wanted, entries))) return;
    }
  } finally {
    ended.abort();
  }
}
