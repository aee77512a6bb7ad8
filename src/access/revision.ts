import { beforeCommit, type Tx, wakeAfterCommit } from '../db/transaction.ts';

/** What a gateway compares to know whether its decisions still hold. */
export interface AccessState {
  readonly revision: bigint;
  /** Fingerprint of the accepted set of policies. */
  readonly policySet: string | null;
}

const raised = new WeakMap<Tx, AccessState>();

/** Whatever feeds access raises the revision, once per transaction, before its events are written. */
export function raiseRevision(tx: Tx): void {
  beforeCommit(tx, '5-revision', async () => {
    const rows = await tx.$queryRaw<AccessState[]>`
      UPDATE "AccessState" SET revision = revision + 1 RETURNING revision, "policySet"`;
    raised.set(tx, rows[0]!);
  });
  wakeAfterCommit(tx, 'access');
}

/** The state that a committed transaction left behind; undefined: it did not raise the revision. */
export const raisedIn = (tx: Tx): AccessState | undefined => raised.get(tx);
