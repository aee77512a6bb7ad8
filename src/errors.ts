import { GraphQLError } from 'graphql';

/** Every code that a caller can meet, with the HTTP status it has when nothing could be answered. */
export const errorCodes = {
  BAD_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  CURSOR_EXPIRED: 410,
  EXPIRED: 410,
  LIMIT_EXCEEDED: 400,
  POLICY_ERROR: 503,
  UNAVAILABLE: 503,
  TIMEOUT: 504,
  TOO_SLOW: 503,
  INTERNAL: 500,
} as const;
export type ErrorCode = keyof typeof errorCodes;

/** One fault of an input: where it is (field names and list positions) and what is wrong. */
export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** Line of the source text (first is 1), where there is one. */
  readonly line?: number;
}

export interface ErrorDetails {
  readonly issues?: readonly Issue[];
  readonly decisionId?: string;
  readonly policy?: string;
  readonly [key: string]: unknown;
}

/** The only error whose message reaches a caller; everything else is answered as INTERNAL, without its text. */
export class GatehouseError extends GraphQLError {
  readonly code: ErrorCode;
  /** The tenant in which it was refused: for the record, not for the caller. */
  tenantId?: string;
  /** The decisions that it rests on: for the record, not for the caller. */
  evidence?: readonly object[];
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { extensions: { code, ...details } });
    this.name = 'GatehouseError';
    this.code = code;
  }
}

/** @param retryAfter seconds for which every sign-in under the name is refused. */
export const unauthenticated = (retryAfter?: number) =>
  new GatehouseError('UNAUTHENTICATED', 'Sign in with a user name and password, or with an API token.', {
    ...(retryAfter !== undefined && { retryAfter }),
  });
export const notFound = (what: string) => new GatehouseError('NOT_FOUND', `${what} is not found.`);
export const conflict = (message: string, details?: ErrorDetails) => new GatehouseError('CONFLICT', message, details);
export const unavailable = (message: string) => new GatehouseError('UNAVAILABLE', message, { retryAfter: 2 });
export const badInput = (path: Issue['path'], message: string) =>
  new GatehouseError('BAD_INPUT', message, { issues: [{ path, message }] });
