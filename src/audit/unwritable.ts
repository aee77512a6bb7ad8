import { isConnectionLost, isTransient, stateOf } from '../db/sql-state.ts';
import { GatehouseError } from '../errors.ts';

/** Errors that are not about the audit log: the request was cancelled, waited too long, or needs a retry. */
export const isPassing = (error: unknown): boolean =>
  isConnectionLost(error) || isTransient(error) || /^(57014|55P03)$/.test(stateOf(error));

/** Fail closed: an action that cannot be recorded is refused, with this reason. */
export class AuditUnwritable extends GatehouseError {
  constructor(cause: unknown) {
    super('UNAVAILABLE', 'The audit log is currently not writable, so the request was refused. Try again later.', {
      retryAfter: 5,
    });
    this.cause = cause;
  }
}

/** The error to throw if a write to the audit log fails: AuditUnwritable, with the database's error as cause. */
export const unwritable = (error: unknown): unknown => (isPassing(error) ? error : new AuditUnwritable(error));
