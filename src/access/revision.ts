import { beforeCommit, type Tx, wakeAfterCommit } from '../db/transaction.ts';
import { statementsOf } from '../db/tx.ts';

/** State that determines whether cached decisions are valid. */
export interface AccessState {
  readonly revision: bigint;
  /** Fingerprint of the accepted set of policies. */
  readonly policySet: string | null;
}

/** Takes the lock of all changes of access until the end of the transaction. @returns the state that the last one left. */
export const lockState = async (tx: Tx): Promise<AccessState> => {
  const text = 'SELECT revision, "policySet" FROM "AccessState" FOR UPDATE';
  const [state] = await statementsOf(tx).read<AccessState>({ text, isKept: true });
  return state!;
};

const raised = new WeakMap<Tx, AccessState>();

/** Raises the access revision, once per transaction, before its events are written. */
export function raiseRevision(tx: Tx): void {
  beforeCommit(tx, 'raiseRevision', async () => {
    const text = 'UPDATE "AccessState" SET revision = revision + 1 RETURNING revision, "policySet"';
    return [{ text, isKept: true, done: (state) => void raised.set(tx, state as unknown as AccessState) }];
  });
  wakeAfterCommit(tx, 'access');
}

/** The revision after a committed transaction; undefined if it did not raise it. */
export const raisedIn = (tx: Tx): AccessState | undefined => raised.get(tx);
