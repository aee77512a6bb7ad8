import { GraphQLError } from 'graphql';
import { type ErrorCode, errorCodes, GatehouseError } from '../errors.ts';
import type { Log } from '../lib/log.ts';

interface DriverError {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly meta?: {
    readonly code?: string;
    readonly target?: unknown;
    readonly driverAdapterError?: { readonly cause?: DriverError };
  };
  readonly originalCode?: string;
  readonly kind?: string;
}

/** SQLSTATE or network code of whatever the driver or Prisma threw. */
function stateOf(error: DriverError): string {
  const cause = error.meta?.driverAdapterError?.cause;
  return cause?.originalCode ?? cause?.kind ?? error.meta?.code ?? error.code ?? '';
}

const connectionLost =
  /^(08...|57P0[1-5]|53300|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|P1001|P1002|P1008|P1017|P2024|P2028|P2037|DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections)$/;
const poolTimeout =
  /timeout exceeded when trying to connect|Connection terminated|the database system is (starting|shutting)|Unable to start a transaction|Client has encountered a connection error/;

/** What a caller may know of an error that is not one of ours; undefined: nothing. */
function known(error: DriverError): GatehouseError | undefined {
  const state = stateOf(error);
  const message = String(error.message ?? '');
  if (state === '57014') return new GatehouseError('TIMEOUT', 'The request took too long and was given up.');
  if (state === '55P03')
    return new GatehouseError('UNAVAILABLE', 'Somebody else is changing this; try again.', { retryAfter: 1 });
  if (connectionLost.test(state) || poolTimeout.test(message)) {
    return new GatehouseError('UNAVAILABLE', 'The database does not answer right now; try again.', { retryAfter: 2 });
  }
  if (state === 'P2002' || state === '23505' || state === 'UniqueConstraintViolation') {
    return new GatehouseError('CONFLICT', 'There is one like this already.');
  }
  if (state === 'P2003' || state === '23503' || state === 'ForeignKeyConstraintViolation') {
    return new GatehouseError('CONFLICT', 'Something that this refers to, or that refers to it, changed meanwhile.');
  }
  return undefined;
}

/** Answers with what may be known, logs what may not. */
export function createMask(log: Log): (error: unknown) => GraphQLError {
  return (error) => {
    const located = error instanceof GraphQLError ? error : undefined;
    const original = located?.originalError ?? error;
    if (
      located &&
      !(original instanceof GatehouseError) &&
      (original === located || original === undefined || original instanceof GraphQLError)
    ) {
      return plain(located);
    }
    let own = original instanceof GatehouseError ? original : known(original as DriverError);
    if (!own) {
      log.error('unexpected error', {
        error: original instanceof Error ? (original.stack ?? original.message) : String(original),
        path: located?.path?.join('.'),
      });
      own = new GatehouseError('INTERNAL', 'Something went wrong; the details are in the log of the gateway.');
    }
    const { code } = own;
    return new GraphQLError(own.message, {
      ...(located?.nodes && { nodes: located.nodes }),
      ...(located?.path && { path: located.path }),
      extensions: { ...own.extensions, ...http(code, own.extensions['retryAfter']) },
    });
  };
}

/** Where nothing could be answered, the status of the response says so too. */
function http(code: ErrorCode, retryAfter: unknown): object {
  if (!['UNAUTHENTICATED', 'UNAVAILABLE', 'POLICY_ERROR', 'TIMEOUT', 'INTERNAL'].includes(code)) return {};
  return {
    http: {
      status: errorCodes[code],
      ...(errorCodes[code] === 503 && { headers: { 'Retry-After': String(retryAfter ?? 2) } }),
    },
  };
}

/** A fault of the document or its variables: told as it is, without suggestions of names. */
function plain(error: GraphQLError): GraphQLError {
  const message = error.message.replace(/ Did you mean [\s\S]*$/, '');
  return new GraphQLError(message, {
    ...(error.nodes && { nodes: error.nodes }),
    ...(error.source && { source: error.source }),
    ...(error.positions && { positions: error.positions }),
    ...(error.path && { path: error.path }),
    extensions: { code: 'BAD_INPUT', ...error.extensions },
  });
}

/** Takes out what is meant for the HTTP layer only, for transports that have none. */
export function withoutHttp<T extends { extensions?: Record<string, unknown> | undefined }>(error: T): T {
  const { http: _http, unexpected: _unexpected, ...extensions } = error.extensions ?? {};
  return { ...error, extensions };
}
