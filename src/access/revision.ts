import { beforeCommit, type Tx, wakeAfterCommit } from '../db/transaction.ts';
import { statementsOf } from '../db/tx.ts';

/** State that determines whether cached decisions are valid. */
export interface AccessState {
  readonly revision: bigint;
  /** Fingerprint of the accepted set of policies. */
  readonly policySet: string | null;
}

const locked = new WeakSet<Tx>();

/** Takes the lock of all changes of access until the end of the transaction. @returns the state that the last one left. */
export const lockState = async (tx: Tx): Promise<AccessState> => {
  const text = 'SELECT revision, "policySet" FROM "AccessState" FOR UPDATE';
  const [state] = await statementsOf(tx).read<AccessState>({ text, isKept: true });
  locked.add(tx);
  return state!;
};

const raised = new WeakMap<Tx, AccessState>();
const raiseSql = 'UPDATE "AccessState" SET revision = revision + 1 RETURNING revision, "policySet"';

/** Raises the access revision, once per transaction, before its events are written. */
export function raiseRevision(tx: Tx): void {
  beforeCommit(tx, 'raiseRevision', async () => {
    const done = (state: object | undefined): void => void raised.set(tx, state as AccessState);
    if (locked.has(tx)) return [{ text: raiseSql, isKept: true, done }];
    // It takes the lock. The time of its events is read after that, so that their times are in the order of commits.
    const [state] = await statementsOf(tx).write({ text: raiseSql, isKept: true });
    done(state);
    return [];
  });
  wakeAfterCommit(tx, 'access');
}

/** The revision after a committed transaction; undefined if it did not raise it. */
export const raisedIn = (tx: Tx): AccessState | undefined => raised.get(tx);
