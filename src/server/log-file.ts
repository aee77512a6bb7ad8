import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Execution } from '../db/generated/client.ts';
import { errorCodes, GatehouseError, notFound } from '../errors.ts';
import type { Context, Services } from '../graphql/context.ts';
import type { Mask } from '../graphql/mask.ts';
import { visibleTenant } from '../graphql/scopes.ts';
import { storable } from '../lib/text.ts';
import { type LogLevel, levelNumber, logLevels } from '../resources/execution/states.ts';
import { claimsOf } from './claims.ts';

const path = /^\/tenants\/([^/]+)\/executions\/([^/]+)\/logs$/;
const pageSize = 1_000;
/** A reader that takes nothing for so long is cut off. */
const idleMs = 60_000;

export interface LogFileOptions {
  readonly services: Services;
  readonly authenticator: Authenticator;
  readonly addressOf: (request: IncomingMessage) => string | undefined;
  readonly mask: Mask;
}

/** Answers a request for a log as a text; undefined where the path is none of one. */
export type LogFile = (
  path: string,
) => ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | undefined;

type SomeContext = Pick<Context, 'db' | 'session' | 'refusedReads' | 'decisions' | 'engine'>;

/**
 * GET /tenants/KEY/executions/EXECUTIONID/logs?minLevel=WARN: the log of an execution as plain text, decided like the
 * query. What may not be read looks like what is not there.
 */
export function createLogFile({ services, authenticator, addressOf, mask }: LogFileOptions): LogFile {
  return (asked) => {
    const [, key, executionId] = path.exec(asked) ?? [];
    if (key === undefined || executionId === undefined) return undefined;
    return async (request, response) => {
      allowOrigin(request, response);
      if (request.method === 'OPTIONS') return void response.writeHead(204).end();
      try {
        if (request.method !== 'GET') throw new GatehouseError('BAD_INPUT', 'A log is read by GET.');
        const level = levelIn(request.url ?? '');
        const context: SomeContext = {
          ...services,
          db: services.store.prisma,
          session: authenticator.session(claimsOf(request, addressOf)),
        };
        await context.session.refresh();
        const execution = await find(context, decoded(key), decoded(executionId));
        await context.session.noteUse(false);
        await send(context, execution, level, response);
      } catch (error) {
        if (response.headersSent) return void response.destroy();
        const { message, extensions } = mask(error);
        const code = extensions['code'] as keyof typeof errorCodes;
        const status = errorCodes[code] ?? 500;
        response.writeHead(status, {
          'Content-Type': 'application/json',
          ...(status === 503 && { 'Retry-After': '2' }),
        });
        response.end(JSON.stringify({ errors: [{ message, extensions: { code } }] }));
      }
    };
  };
}

/** Pages of other origins may read it, as far as the server's rule let them come here. */
function allowOrigin({ headers: { origin } }: IncomingMessage, response: ServerResponse): void {
  if (origin === undefined) return;
  response.setHeader('Vary', 'Origin');
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Allow-Methods', 'GET');
  response.setHeader('Access-Control-Allow-Headers', 'authorization, x-gatehouse-impersonate, x-request-id');
}

/** @throws NOT_FOUND for what no name could be. */
function decoded(part: string): string {
  try {
    const text = decodeURIComponent(part);
    if (storable(text) === text) return text;
  } catch {
    // Told like every other path that leads nowhere.
  }
  throw notFound('The log');
}

function levelIn(url: string): number {
  const given = new URLSearchParams(url.split('?')[1] ?? '').get('minLevel');
  if (given === null) return 0;
  if (!(logLevels as readonly string[]).includes(given))
    throw new GatehouseError('BAD_INPUT', `minLevel is one of ${logLevels.join(', ')}.`);
  return levelNumber(given as LogLevel);
}

/** @throws NOT_FOUND also where it is refused, which goes on record like every refused read. */
async function find(context: SomeContext, key: string, executionId: string): Promise<Execution> {
  const { db, session, refusedReads, decisions, engine } = context;
  const tenant = await visibleTenant(context as Context, key);
  // An unknown tenant is decided about as well, so that it takes the time of a foreign one.
  const tenantId = tenant?.id ?? '';
  try {
    const { where } = session.grant('EXECUTION:READ', { tenantId });
    const row = await db.execution.findFirst({ where: { AND: [{ tenantId, executionId }, where] } as object });
    if (row) return row;
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    if (tenant) {
      const read = { doer: session.doer, permission: 'EXECUTION:READ', field: 'logs', tenantId, error } as const;
      await refusedReads.note(read);
      await decisions.refusedRead(error, engine.fingerprint);
    }
    if (error.code !== 'FORBIDDEN') throw error;
  }
  throw notFound('The log');
}

/** Page after page, as the reader takes them; each is decided anew. */
async function send(
  { db, session }: SomeContext,
  execution: Execution,
  level: number,
  response: ServerResponse,
): Promise<void> {
  const { id: executionKey, tenantId, executionId } = execution;
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  response.setTimeout(idleMs, () => response.destroy());
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
      response.writeHead(200, {
        'Content-Type': 'text/plain; charset=utf-8',
        'Content-Disposition': `attachment; filename="${executionId.replace(/[^\w.-]/g, '_')}.log"`,
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
      });
    }
    const text = entries.map(lineOf).join('');
    if (text !== '' && !response.write(text)) await once(response, 'drain', { signal: closed.signal });
    if (entries.length < pageSize) return void response.end();
    after = entries.at(-1)!.sequence;
  }
}

const lineOf = ({ at, level, taskId, message }: { at: Date; level: number; taskId: string | null; message: string }) =>
  `${at.toISOString()} ${logLevels[level]!.padEnd(5)} ${taskId === null ? '' : `[${taskId}] `}${message}\n`;
