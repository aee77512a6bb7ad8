import { GraphQLError } from 'graphql';

/** The challenge of a response with 401. Not Basic: a browser would ask for a password itself, and keep it. */
export const challenge = 'Bearer realm="Gatehouse"';

/** All codes that a caller can receive, with the HTTP status of a response without data. */
export const errorCodes = {
  BAD_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  SECOND_FACTOR_REQUIRED: 403,
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

/** The HTTP status of an error without data. A limit over time has the status that clients retry after its wait. */
export const statusOf = (code: ErrorCode, retryAfter?: unknown): number =>
  code === 'LIMIT_EXCEEDED' && retryAfter !== undefined ? 429 : errorCodes[code];

/** A fault of an input: its path (field names and list positions) and a message. */
export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** Line in the source text (starting at 1), if any. */
  readonly line?: number;
}

export interface ErrorDetails {
  readonly issues?: readonly Issue[];
  readonly decisionId?: string;
  readonly policy?: string;
  readonly [key: string]: unknown;
}

/** The only error whose message reaches a caller. All others become INTERNAL, without their text. */
export class GatehouseError extends GraphQLError {
  readonly code: ErrorCode;
  /** Tenant of the refusal, for the record and not for the caller. */
  tenantId?: string;
  /** Decisions that led to the refusal, for the record and not for the caller. */
  evidence?: readonly object[];
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { extensions: { code, ...details } });
    this.name = 'GatehouseError';
    this.code = code;
  }
}

/** @param retryAfter seconds for which all sign-ins under the name are refused. */
export const unauthenticated = ({
  retryAfter,
  message = 'Sign in with a user name and password, or with an API token. If you did, they are not valid.',
}: {
  retryAfter?: number | undefined;
  message?: string;
} = {}) => new GatehouseError('UNAUTHENTICATED', message, { ...(retryAfter !== undefined && { retryAfter }) });
/** The password is right, or was, and the user must set up a second factor first. */
export const enrolmentRequired = () =>
  new GatehouseError(
    'SECOND_FACTOR_REQUIRED',
    'Your organisation requires a second factor. Sign in at /auth/sign-in to set one up.',
    { asks: ['ENROL'] },
  );
export const notFound = (what: string) => new GatehouseError('NOT_FOUND', `${what} is not found.`);
export const conflict = (message: string, details?: ErrorDetails) => new GatehouseError('CONFLICT', message, details);
export const unavailable = (message: string) => new GatehouseError('UNAVAILABLE', message, { retryAfter: 2 });
export const badInput = (path: Issue['path'], message: string) =>
  new GatehouseError('BAD_INPUT', message, { issues: [{ path, message }] });
