import { GraphQLError } from 'graphql';
import { isConnectionLost, stateOf } from '../db/sql-state.ts';
import { type ErrorCode, errorCodes, GatehouseError } from '../errors.ts';
import type { Log } from '../lib/log.ts';

/** What a caller may know of an error that is not one of ours; undefined: nothing. */
function known(thrown: unknown): GatehouseError | undefined {
  const state = stateOf(thrown);
  if (state === '57014') return new GatehouseError('TIMEOUT', 'The request took too long and was given up.');
  if (state === '55P03')
    return new GatehouseError('UNAVAILABLE', 'Somebody else is changing this; try again.', { retryAfter: 1 });
  if (isConnectionLost(thrown)) {
    return new GatehouseError('UNAVAILABLE', 'The database does not answer right now; try again.', { retryAfter: 2 });
  }
  if (state === '53100' || state === '25006')
    return new GatehouseError('UNAVAILABLE', 'The database cannot be written right now; try again.', { retryAfter: 5 });
  if (state === 'P2002' || state === '23505' || state === 'UniqueConstraintViolation') {
    return new GatehouseError('CONFLICT', 'There is one like this already.');
  }
  if (state === 'P2003' || state === '23503' || state === 'ForeignKeyConstraintViolation') {
    return new GatehouseError('CONFLICT', 'Something that this refers to, or that refers to it, changed meanwhile.');
  }
  if (state === '22021' || state === '22P05')
    return new GatehouseError('BAD_INPUT', 'Text with a character that cannot be stored (NUL).');
  return undefined;
}

/** A fault of the document names its nodes; one without them that arose at a field is a value that could not be answered. */
const isOurs = ({ path, originalError }: GraphQLError): boolean =>
  path !== undefined && originalError instanceof GraphQLError && originalError.nodes === undefined;

export type Mask = (error: unknown) => GraphQLError;

/** Answers with what may be known, logs what may not. */
export function createMask(log: Log): Mask {
  return (error) => {
    const located = error instanceof GraphQLError ? error : undefined;
    const original: unknown = located?.originalError ?? error;
    if (located && !(original instanceof GatehouseError) && original instanceof GraphQLError && !isOurs(located)) {
      return plainFault(located);
    }
    const path = located?.path?.join('.');
    let own = original instanceof GatehouseError ? original : known(original);
    if (!own) {
      log.error('unexpected error', {
        error: original instanceof Error ? (original.stack ?? original.message) : String(original),
        path,
      });
      own = new GatehouseError('INTERNAL', 'Something went wrong; the details are in the log of the gateway.');
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
  'LIMIT_EXCEEDED',
  'UNAVAILABLE',
  'POLICY_ERROR',
  'TIMEOUT',
  'INTERNAL',
]);

/** Where nothing could be answered, the status of the response says so too. */
function http({ code, extensions }: GatehouseError): object {
  if (!always.has(code)) return {};
  const status = errorCodes[code];
  const wait = extensions['retryAfter'] ?? (status === 503 ? 2 : undefined);
  return { http: { status, ...(wait !== undefined && { headers: { 'Retry-After': String(wait) } }) } };
}

/** A fault of the request, its document or its variables: told as it is, but without suggestions of names. */
export function plainFault(error: GraphQLError): GraphQLError {
  // What the parser of a body that is no JSON says of it holds a part of the body.
  const { code, http, originalError, ...rest } = error.extensions as {
    code?: unknown;
    http?: { status?: number; spec?: boolean };
    originalError?: unknown;
  };
  // By what it says the server knows that nothing could be asked at all: its status holds without it.
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

/** Takes out what is meant for the HTTP layer only, for transports that have none. */
export function withoutHttp<T extends { extensions?: Record<string, unknown> | undefined }>(error: T): T {
  const { http: _http, unexpected: _unexpected, ...extensions } = error.extensions ?? {};
  return { ...error, extensions };
}
