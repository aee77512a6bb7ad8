import type { ServerResponse } from 'node:http';
import { challenge, type ErrorCode, errorCodes, statusOf } from '../errors.ts';
import type { Mask } from '../graphql/mask.ts';

/** An error as a response without GraphQL. */
export interface ErrorResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly message: string;
  readonly extensions: Record<string, unknown>;
}

export function errorResponse(error: unknown, mask: Mask): ErrorResponse {
  const { message, extensions } = mask(error);
  const { code, issues, oldestCursor, asks, retryAfter } = extensions as Record<string, unknown>;
  const status = Object.hasOwn(errorCodes, String(code)) ? statusOf(code as ErrorCode, retryAfter) : 500;
  const wait = retryAfter ?? (status === 503 ? 2 : undefined);
  const headers: Record<string, string> = {
    ...(wait !== undefined && { 'Retry-After': String(wait) }),
    ...(status === 401 && { 'WWW-Authenticate': challenge }),
  };
  return { status, headers, message, extensions: { code, issues, oldestCursor, asks } };
}

/** Sends an error in the format of GraphQL. */
export function sendError(
  response: ServerResponse,
  {
    status,
    headers,
    message,
    extensions,
  }: Pick<ErrorResponse, 'status' | 'message' | 'extensions'> & Partial<ErrorResponse>,
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify({ errors: [{ message, extensions }] }));
}
