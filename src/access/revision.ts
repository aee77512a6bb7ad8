import { beforeCommit, type Tx, wakeAfterCommit } from '../db/transaction.ts';

/** State that determines whether cached decisions are valid. */
export interface AccessState {
  readonly revision: bigint;
  /** Fingerprint of the accepted set of policies. */
  readonly policySet: string | null;
}

/** Takes the lock of all changes of access until the end of the transaction. @returns the state that the last one left. */
export const lockState = async (tx: Tx): Promise<AccessState> => {
  const rows = await tx.$queryRaw<AccessState[]>`SELECT revision, "policySet" FROM "AccessState" FOR UPDATE`;
  return rows[0]!;
};

const raised = new WeakMap<Tx, AccessState>();

/** Raises the access revision, once per transaction, before its events are written. */
export function raiseRevision(tx: Tx): void {
  beforeCommit(tx, 'raiseRevision', async () => {
    const rows = await tx.$queryRaw<AccessState[]>`
      UPDATE "AccessState" SET revision = revision + 1 RETURNING revision, "policySet"`;
    raised.set(tx, rows[0]!);
  });
  wakeAfterCommit(tx, 'access');
}

/** The revision after a committed transaction; undefined if it did not raise it. */
export const raisedIn = (tx: Tx): AccessState | undefined => raised.get(tx);
