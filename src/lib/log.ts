import { currentRequest } from './request-scope.ts';

/**
 * Writes one JSON object per line to standard error, with the IDs of the request that runs and of its trace. Callers pass
 * only data that can be logged.
 */
export interface Log {
  error(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  debug(message: string, fields?: Record<string, unknown>): void;
}

const order = { error: 0, info: 1, debug: 2 } as const;

export function createLog(level: keyof typeof order, write = (line: string) => void process.stderr.write(line)): Log {
  const at =
    (own: keyof typeof order) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      if (order[own] > order[level]) return;
      const { requestId, span } = currentRequest() ?? {};
      const ids = { ...(requestId !== undefined && { requestId }), ...(span && { traceId: span.traceId }) };
      write(`${JSON.stringify({ time: new Date().toISOString(), level: own, message, ...ids, ...fields })}\n`);
    };
  return { error: at('error'), info: at('info'), debug: at('debug') };
}
