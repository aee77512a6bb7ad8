import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readings } from '../audit/readings.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import { Deadline, withDeadline } from '../db/deadline.ts';
import { notFound, unavailable } from '../errors.ts';
import type { Context, Services } from '../graphql/context.ts';
import type { Mask } from '../graphql/mask.ts';
import type { Counted } from '../lib/counted.ts';
import { storable } from '../lib/text.ts';
import type { ClaimsOf } from './claims.ts';
import { errorResponse, sendError } from './send-error.ts';

export interface DownloadOptions {
  readonly services: Services;
  readonly authenticator: Authenticator;
  readonly claimsOf: ClaimsOf;
  readonly mask: Mask;
  /** Running downloads per account. */
  readonly running: Counted;
}

/** Returns the handler of a download, or undefined if the path is not one. */
export type Download = (
  path: string,
) => ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | undefined;

/** Writes the response. No headers are sent before it runs, so a refusal can still set its status. */
type Work = (context: Context, request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A connection is closed if the client reads nothing for this long. */
const idleMs = 60_000;

/**
 * Maximum number of concurrent downloads per account. Each holds some pages in memory while its client does not read.
 */
export const downloadsAtOnce = 8;

/** The common part of all downloads: authentication, limits, and errors in the format of GraphQL. */
export function download({ services, authenticator, claimsOf, mask, running }: DownloadOptions, work: Work) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let leave: (() => void) | undefined;
    try {
      const context: Context = {
        ...services,
        db: services.store.prisma,
        session: authenticator.session(claimsOf(request)),
        deadline: undefined,
        loaders: new Map(),
        readings: new Readings(),
      };
      response.setTimeout(idleMs, () => response.destroy());
      await context.session.refresh();
      leave = running.open(context.session.accountId);
      if (!leave)
        throw unavailable(`You already have ${downloadsAtOnce} downloads at once, the maximum. Wait until one ends.`);
      const share = new Deadline();
      share.owner = () => context.session.accountId;
      await withDeadline(share, () => work(context, request, response));
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      sendError(response, errorResponse(error, mask));
    } finally {
      leave?.();
    }
  };
}

/** Decodes a segment of a path. @throws NOT_FOUND if no name can have this value. */
export function decoded(part: string, what: string): string {
  try {
    const text = decodeURIComponent(part);
    if (storable(text) === text) return text;
  } catch {
    // Reported like every other path that does not exist.
  }
  throw notFound(what);
}

export const fileHeaders = (type: string, name: string): Record<string, string> => ({
  'Content-Type': type,
  'Content-Disposition': `attachment; filename="${name.replace(/[^\w.-]/g, '_')}"`,
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
});
