import { type ExecutionResult, GraphQLError } from 'graphql';
import { isConnectionLost, isDuplicate, stateOf } from '../db/sql-state.ts';
import { challenge, type ErrorCode, errorCodes, GatehouseError, statusOf } from '../errors.ts';
import type { Log } from '../lib/log.ts';

/** The public form of a foreign error; undefined to hide it. */
function known(thrown: unknown): GatehouseError | undefined {
  const state = stateOf(thrown);
  if (state === '57014') return new GatehouseError('TIMEOUT', 'The request took too long and was cancelled.');
  if (state === '55P03')
    return new GatehouseError('UNAVAILABLE', 'Another request is changing this object. Retry.', { retryAfter: 1 });
  if (isConnectionLost(thrown)) {
    return new GatehouseError('UNAVAILABLE', 'The database is not responding. Retry.', { retryAfter: 2 });
  }
  if (state === '53100' || state === '25006')
    return new GatehouseError('UNAVAILABLE', 'The database is read-only at the moment. Retry.', { retryAfter: 5 });
  if (isDuplicate(thrown)) {
    return new GatehouseError('CONFLICT', 'An object with this name already exists.');
  }
  if (state === 'P2003' || state === '23503' || state === 'ForeignKeyConstraintViolation') {
    return new GatehouseError(
      'CONFLICT',
      'An object that this one refers to, or that refers to it, has changed. Retry.',
    );
  }
  if (state === '22021' || state === '22P05')
    return new GatehouseError('BAD_INPUT', 'The text contains a character that cannot be stored (NUL). Remove it.');
  return undefined;
}

/** The error that the caller gets for a thrown one; undefined for INTERNAL. */
export const publicForm = (thrown: unknown): GatehouseError | undefined =>
  thrown instanceof GatehouseError ? thrown : known(thrown);

/** A document error has nodes. One without nodes at a field is a value that could not be serialized. */
const isOurs = ({ path, originalError }: GraphQLError): boolean =>
  path !== undefined && originalError instanceof GraphQLError && originalError.nodes === undefined;

export type Mask = (error: unknown) => GraphQLError;

/** Returns public errors and logs the others. */
export function createMask(log: Log): Mask {
  return (error) => {
    const located = error instanceof GraphQLError ? error : undefined;
    const original: unknown = located?.originalError ?? error;
    if (located && !(original instanceof GatehouseError) && original instanceof GraphQLError && !isOurs(located)) {
      return plainFault(located);
    }
    const path = located?.path?.join('.');
    let own = publicForm(original);
    if (!own) {
      log.error('unexpected error', {
        error: original instanceof Error ? (original.stack ?? original.message) : String(original),
        path,
      });
      own = new GatehouseError('INTERNAL', 'An internal error occurred. See the log of the gateway for details.');
    } else if (own.cause !== undefined) log.error(own.message, { error: (own.cause as Error).message, path });
    return new GraphQLError(own.message, {
      ...(located?.nodes && { nodes: located.nodes }),
      ...(located?.path && { path: located.path }),
      extensions: { ...own.extensions, ...http(own) },
    });
  };
}

const always = new Set<ErrorCode>([
  'UNAUTHENTICATED',
  'SECOND_FACTOR_REQUIRED',
  'LIMIT_EXCEEDED',
  'UNAVAILABLE',
  'POLICY_ERROR',
  'TIMEOUT',
  'INTERNAL',
]);

/** If there is no data at all, the HTTP status reflects the error. */
function http({ code, extensions }: GatehouseError): object {
  if (!always.has(code)) return {};
  const status = statusOf(code, extensions['retryAfter']);
  const wait = extensions['retryAfter'] ?? (status === 503 ? 2 : undefined);
  const headers = {
    ...(wait !== undefined && { 'Retry-After': String(wait) }),
    ...(status === 401 && { 'WWW-Authenticate': challenge }),
  };
  return { http: { status, ...(Object.keys(headers).length > 0 && { headers }) } };
}

/** An error in the request, its document or variables: returned unchanged, but without suggestions of names. */
export function plainFault(error: GraphQLError): GraphQLError {
  // The parser's message on an invalid JSON body quotes part of the body.
  const { code, http, originalError, ...rest } = error.extensions as {
    code?: unknown;
    http?: { status?: number; spec?: boolean };
    originalError?: unknown;
  };
  // Extensions by which the server detects a rejected request; its status is set without them.
  const answered = originalError === undefined ? http : { ...http, spec: false };
  const tooLarge = http?.status === 413;
  const own = typeof code === 'string' && Object.hasOwn(errorCodes, code) ? code : undefined;
  return new GraphQLError(error.message.replace(/ Did you mean [\s\S]*$/, ''), {
    ...(error.nodes && { nodes: error.nodes }),
    ...(error.source && { source: error.source }),
    ...(error.positions && { positions: error.positions }),
    ...(error.path && { path: error.path }),
    extensions: { ...rest, code: own ?? (tooLarge ? 'LIMIT_EXCEEDED' : 'BAD_INPUT'), ...(http && { http: answered }) },
  });
}

/** Returns how a result of a stream is serialized, on every transport. */
export const resultText =
  (mask: Mask) =>
  ({ errors, ...rest }: ExecutionResult): string =>
    JSON.stringify(errors ? { ...rest, errors: errors.map((error) => withoutHttp(mask(error).toJSON())) } : rest);

/** Removes HTTP extensions, for transports without HTTP. */
export function withoutHttp<T extends { extensions?: Record<string, unknown> | undefined }>(error: T): T {
  const { http: _http, unexpected: _unexpected, ...extensions } = error.extensions ?? {};
  return { ...error, extensions };
}
