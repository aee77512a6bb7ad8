import { isConnectionLost, stateOf } from '../db/sql-state.ts';
import { GatehouseError } from '../errors.ts';

/** What says nothing of the audit log: the request was given up, waited too long, or is to be tried again. */
const passing = new Set(['57014', '55P03', '40001', '40P01', 'P2034']);

/** Fail closed: what cannot be put on record is not done, and whoever asked for it is told why. */
export class AuditUnwritable extends GatehouseError {
  constructor(cause: unknown) {
    super('UNAVAILABLE', 'The audit log cannot be written right now, and without it nothing is done.', {
      retryAfter: 5,
    });
    this.cause = cause;
  }
}

/** Writes to the audit log. @throws AuditUnwritable where it cannot be written, with what the database said as cause. */
export async function written<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw isConnectionLost(error) || passing.has(stateOf(error)) ? error : new AuditUnwritable(error);
  }
}
