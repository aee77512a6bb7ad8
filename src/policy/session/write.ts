import { type Permission, type ResourceName, split } from '../../access/catalog.ts';
import type { Grant } from '../../access/grant.ts';
import { resourceDefinition } from '../../access/resource.ts';
import { lockState, raisedIn } from '../../access/revision.ts';
import { currentDeadline } from '../../db/deadline.ts';
import { afterCommit, inTransaction, type Store, type Tx } from '../../db/transaction.ts';
import { statementsOf } from '../../db/tx.ts';
import { GatehouseError } from '../../errors.ts';
import { FairQueue } from '../../lib/fair-queue.ts';
import { holdingLock } from '../../lib/held-lock.ts';
import { remember } from '../../lib/remember.ts';
import type { Scope } from '../decide/decision.ts';
import { type Evidence, evidenceOf, noteDecision } from '../decisions/evidence.ts';
import { recordInTransaction } from '../decisions/log.ts';
import { lockAhead } from './find.ts';
import type { AccessSession } from './session.ts';
import { readState } from './store-state.ts';

class Stale extends Error {}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly timeoutMs?: number;
  /** Serializes with all other changes of access, even if the resource of the permission does not affect access. */
  readonly feedsAccess?: boolean;
  /** For frequent reports of machines: their decisions are not recorded, except refusals. */
  readonly telemetry?: boolean;
  /** The first row that the work locks. It is locked together with the state of access. */
  readonly locks?: { readonly resource: ResourceName; readonly id: string } | undefined;
}

/** Merges the decisions of the transaction with those that the error carries. */
const merged = (noted: readonly Evidence[], own: readonly object[] = []): readonly Evidence[] => [
  ...noted,
  ...(own as readonly Evidence[]).filter(({ decision, reviews }) => {
    const known = noted.find((one) => one.decision === decision);
    if (known && known.reviews.length === 0) known.reviews.push(...reviews);
    return known === undefined;
  }),
];

const maxAttempts = 10;

/**
 * Changes of access queue here, before they take a connection, instead of on the row that they all lock. Within one
 * gateway they therefore never conflict, and waiting does not use up the pool. Accounts take turns. Dry runs yield to
 * changes.
 */
const writers = new WeakMap<Store, FairQueue>();
const queueOfWriters = () =>
  new FairQueue({
    width: 1,
    perOwner: 250,
    total: 500,
    refusal: () =>
      new GatehouseError('UNAVAILABLE', 'Too many changes of access at once. Try again.', { retryAfter: 2 }),
  });

/**
 * Runs a change of access in the account's turn. The turn is shared by all accounts, so it does not wait for other
 * statements of its account.
 */
export function inTurn<T>(store: Store, accountId: string, work: () => Promise<T>, behind = false): Promise<T> {
  const deadline = currentDeadline();
  const turn = () => (deadline ? deadline.goAhead(work) : work());
  return remember(writers, store, queueOfWriters).run(accountId, turn, { behind, signal: deadline?.signal });
}

/**
 * Runs a mutation in a transaction with a decision that still holds inside it. If access changed between the decision
 * and the transaction, both are repeated. Changes of access are serialized, so that rules over several rows hold, such
 * as the last super admin and the default role.
 * @throws FORBIDDEN, POLICY_ERROR, UNAUTHENTICATED, or UNAVAILABLE if access keeps changing or the queue is full.
 */
export async function write<P extends Permission, T>(
  session: AccessSession,
  store: Store,
  permission: P,
  scope: Scope,
  work: (tx: Tx, grant: Grant<P>) => Promise<T>,
  {
    dryRun = false,
    timeoutMs,
    telemetry = false,
    locks,
    feedsAccess = resourceDefinition(split(permission)[0])?.feedsAccess ?? true,
  }: WriteOptions = {},
): Promise<T> {
  /** True if the resulting state is known without a read. */
  let isKnown = false;
  const attempts = async (): Promise<T> => {
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      currentDeadline()?.throwIfOver();
      await session.refresh();
      const grant = session.grant(permission, scope);
      const { revision } = session;
      try {
        return await inTransaction(
          store,
          async (tx) => {
            const state = await statementsOf(tx).together(() => {
              const read = feedsAccess ? lockState(tx) : readState(tx);
              if (locks) lockAhead(tx, locks.resource, locks.id);
              return read;
            });
            if (state.revision !== revision || state.policySet !== session.engine.fingerprint)
              throw new Stale('access changed meanwhile');
            afterCommit(tx, () => {
              const after = raisedIn(tx);
              isKnown = after !== undefined && session.freshness.follow(state, after);
            });
            noteDecision(tx, session.decide(permission, scope));
            if (!telemetry) recordInTransaction(tx, session.engine.fingerprint);
            try {
              return await (feedsAccess ? holdingLock(() => work(tx, grant)) : work(tx, grant));
            } catch (error) {
              if (error instanceof GatehouseError) error.evidence = merged(evidenceOf(tx), error.evidence);
              throw error;
            }
          },
          { dryRun, ...(timeoutMs !== undefined && { timeoutMs }) },
        );
      } catch (error) {
        if (!(error instanceof Stale)) throw error;
        // The state of the transaction is not used: only a confirmed read detects that the store has another history.
        await session.freshness.confirm();
      }
    }
    throw new GatehouseError('UNAVAILABLE', 'Access changed repeatedly during the request. Try again.', {
      retryAfter: 1,
    });
  };
  try {
    if (!feedsAccess) return await attempts();
    return await inTurn(store, session.accountId, attempts, dryRun);
  } finally {
    if (feedsAccess && !dryRun && !isKnown && session.freshness.isFresh) await session.freshness.confirmWithin(1_000);
    session.forget();
  }
}
