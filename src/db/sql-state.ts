export interface DriverError {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly meta?: {
    readonly code?: string;
    readonly target?: unknown;
    readonly driverAdapterError?: { readonly cause?: DriverError };
  };
  readonly cause?: DriverError;
  readonly originalCode?: string;
  readonly kind?: string;
}

const asDriverError = (thrown: unknown): DriverError =>
  (typeof thrown === 'object' && thrown !== null ? thrown : {}) as DriverError;

/** Returns the SQLSTATE or network code of an error of the driver or Prisma. */
export function stateOf(thrown: unknown): string {
  const error = asDriverError(thrown);
  // The adapter does not wrap errors at COMMIT.
  const cause =
    error.meta?.driverAdapterError?.cause ?? (error.name === 'DriverAdapterError' ? error.cause : undefined);
  return cause?.originalCode ?? cause?.kind ?? error.meta?.code ?? error.code ?? '';
}

/** True for a serialization failure or a deadlock. A retry may succeed. */
export const isTransient = (thrown: unknown): boolean =>
  /^(P2034|40001|40P01|TransactionWriteConflict)$/.test(stateOf(thrown));

/** True if another row has the same unique values. */
export const isDuplicate = (thrown: unknown): boolean =>
  /^(P2002|23505|UniqueConstraintViolation)$/.test(stateOf(thrown));

const connectionLost =
  /^(08...|57P0[1-5]|53300|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|P1001|P1002|P1008|P1017|P2024|P2028|P2037|DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections)$/;
const poolTimeout =
  /timeout exceeded when trying to connect|Connection terminated|the database system is (starting|shutting)|Unable to start a transaction|Client has encountered a connection error|Query read timeout|timeout expired/;

/** True if the error means that the database is unreachable, or has no free connection. */
export const isConnectionLost = (thrown: unknown): boolean =>
  connectionLost.test(stateOf(thrown)) || poolTimeout.test(String(asDriverError(thrown).message ?? ''));
