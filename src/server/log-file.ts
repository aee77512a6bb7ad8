import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Execution } from '../db/generated/client.ts';
import { GatehouseError, notFound } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import { visibleTenant } from '../graphql/scopes.ts';
import { type LogLevel, levelNumber, logLevels } from '../resources/orchestration/execution/states.ts';
import { type Download, type DownloadOptions, decoded, download, fileHeaders } from './download.ts';

const path = /^\/tenants\/([^/]+)\/executions\/([^/]+)\/logs$/;
const pageSize = 1_000;
/**
 * Serves GET /tenants/KEY/executions/EXECUTIONID/logs?minLevel=WARN: the log of an execution as plain text. Requires
 * the same permission as the query. A log that the caller cannot read is reported as missing.
 */
export function createLogFile(options: DownloadOptions): Download {
  return (asked) => {
    const [, key, executionId] = path.exec(asked) ?? [];
    if (key === undefined || executionId === undefined) return undefined;
    return download(options, async (context, request, response) => {
      const level = levelIn(request.url ?? '');
      const execution = await find(context, decoded(key, 'The log'), decoded(executionId, 'The log'));
      await context.session.noteUse(false);
      await send(context, execution, level, response);
    });
  };
}

function levelIn(url: string): number {
  const given = new URLSearchParams(url.split('?')[1] ?? '').get('minLevel');
  if (given === null) return 0;
  if (!(logLevels as readonly string[]).includes(given))
    throw new GatehouseError('BAD_INPUT', `minLevel must be one of ${logLevels.join(', ')}.`);
  return levelNumber(given as LogLevel);
}

/** @throws NOT_FOUND, also if the read is refused. The refusal is recorded like every other refused read. */
async function find(context: Context, key: string, executionId: string): Promise<Execution> {
  const { db, session, refusals, decisions, engine } = context;
  const tenant = await visibleTenant(context, key);
  // An unknown tenant is decided too, so that it takes as long as a tenant without access.
  const tenantId = tenant?.id ?? '';
  try {
    const { where } = session.grant('EXECUTION:READ', { tenantId });
    const row = await db.execution.findFirst({ where: { AND: [{ tenantId, executionId }, where] } as object });
    if (row) return row;
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    if (tenant) {
      const read = { doer: session.doer, permission: 'EXECUTION:READ', field: 'logs', tenantId, error } as const;
      await refusals.read(read);
      await decisions.refusedRead(error, engine.fingerprint);
    }
    if (error.code !== 'FORBIDDEN') throw error;
  }
  throw notFound('The log');
}

/** Sends one page at a time, as fast as the client reads. Access is decided again for each page. */
async function send(
  { db, session }: Context,
  execution: Execution,
  level: number,
  response: ServerResponse,
): Promise<void> {
  const { id: executionKey, tenantId, executionId } = execution;
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  for (let after = -1n; !closed.signal.aborted; ) {
    await session.refresh();
    session.forget();
    if (!session.can('EXECUTION:READ', { ...execution }, { tenantId })) throw notFound('The log');
    const entries = await db.logEntry.findMany({
      where: { executionKey, sequence: { gt: after }, level: { gte: level } },
      orderBy: { sequence: 'asc' },
      take: pageSize,
    });
    if (!response.headersSent) {
      response.writeHead(200, fileHeaders('text/plain; charset=utf-8', `${executionId}.log`));
    }
    const text = entries.map(lineOf).join('');
    if (text !== '' && !response.write(text)) await once(response, 'drain', { signal: closed.signal });
    if (entries.length < pageSize) return void response.end();
    after = entries.at(-1)!.sequence;
  }
}

const lineOf = ({ at, level, taskId, message }: { at: Date; level: number; taskId: string | null; message: string }) =>
  `${at.toISOString()} ${logLevels[level]!.padEnd(5)} ${taskId === null ? '' : `[${taskId}] `}${message}\n`;
